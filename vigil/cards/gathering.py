"""Puts a card's contents together, from the ledger, the bundle and the config."""

from __future__ import annotations

from typing import Any

from vigil import bundles, contract, figures
from vigil.cards import limits
from vigil.errors import VigilError
from vigil.ledger.schema import batches, scores
from vigil.ledger.shelf import Row
from vigil.profiles import stored, summary
from vigil.project import Project

#: Files of the snapshot that are listed, decisions that are told.
FILES, DECISIONS = 12, 30

#: What stands for a parameter that is not used; scikit-learn says the second of those that it takes no more.
_NOTHING = (None, "deprecated")


def gathered(project: Project, release: str) -> dict[str, Any]:
    """Return a release's card as JSON has it. Raises VigilError when there is no such release.

    A release whose bundle is gone has a card without settings and features.
    """
    row = project.ledger.releases.get(release)
    if row is None:
        raise VigilError(f"there is no release {release}.", hint="See: python deployment.py --list")
    manifest = _manifest(project, release)
    metric = project.metric(manifest["task"]) if manifest else None
    card = {
        "project": project.name,
        "release": release,
        "purpose": project.config.purpose,
        **{key: row[key] for key in ("model", "state", "reason")},
        "created": _seconds(row["created"]),
        "live_since": _seconds(row["live_since"]),
        "target": project.config.target,
        "task": manifest.get("task") or row["facts"].get("task"),
        "classes": manifest.get("classes") or [],
        "positive": manifest.get("positive") or "",
        "metric": row["reference"].get("metric") or (metric.name if metric else None),
        "higher_is_better": metric.higher_is_better if metric else True,
        "data": _data(project, row, manifest),
        "settings": _settings(manifest, row),
        "features": _features(project, release, manifest),
        "reference": {k: row["reference"].get(k) for k in ("score", "interval", "rows", "baseline")},
        "level": (row["level"] or {}).get("value"),
        "details": row["reference"].get("details") or {},
        "met": _met(project, release),
        "slices": (project.ledger.diagnoses.latest(release=release) or {}).get("slices") or {},
        "sensitive": project.config.sensitive,
        "history": _history(project, release),
    }
    return {**card, "limits": limits.of(card, project.config, has_key=_has_key(project))}


def _has_key(project: Project) -> bool:
    """Tell whether rows are about somebody; where the contract is gone, the config tells."""
    found = contract.load(project.output)
    return bool(project.config.key if found is None else found.by_role("key"))


def _manifest(project: Project, release: str) -> dict[str, Any]:
    """Return what the bundle says of itself; empty when it is gone."""
    try:
        return bundles.load_manifest(project.models, release)
    except VigilError:
        return {}


def _data(project: Project, row: Row, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the release was trained on: files with their digests, rows and dates."""
    snapshot = manifest.get("snapshot") or {}
    files = snapshot.get("files") or []
    shown = files if len(files) <= FILES else [*files[: FILES // 2], *files[-FILES // 2 :]]
    known = _known(project, [file["sha256"] for file in shown])
    return {
        "files": [{**file, **known.get(file["sha256"], {"rows": None, "ingested": None})} for file in shown],
        "files_in_all": len(files),
        "rows": manifest.get("rows") or row["facts"].get("trained_rows"),
        "window": row["facts"].get("window"),
        "contract": snapshot.get("contract"),
        "holdout": snapshot.get("holdout"),
        "identity": snapshot.get("identity") or [],
    }


def _known(project: Project, digests: list[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of files and the day they were taken in, by digest."""
    columns = [batches.c[name] for name in ("digest", "rows", "run")]
    found = project.ledger.batches.find(batches.c.digest.in_(digests), columns=columns)
    ended = {run: (project.ledger.runs.get(run) or {}).get("started") for run in {r["run"] for r in found}}
    return {r["digest"]: {"rows": r["rows"], "ingested": _seconds(ended[r["run"]])} for r in found}


def _settings(manifest: dict[str, Any], row: Row) -> dict[str, Any]:
    """Return how the model was fitted, without what is left at nothing."""
    params = manifest.get("params") or {}
    return {
        "params": {key: value for key, value in sorted(params.items()) if value not in _NOTHING},
        "threshold": manifest.get("threshold"),
        "calibration": (manifest.get("calibration") or {}).get("method"),
        "seed": manifest.get("seed"),
        "out_of_fold": manifest.get("out_of_fold"),
        "size_bytes": row["facts"].get("size_bytes"),
        "versions": manifest.get("versions") or {},
    }


def _features(project: Project, release: str, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each feature with what was seen of it in training."""
    profile = stored.load(project.models / release)
    seen = {column["name"]: column for column in summary(profile)} if profile else {}
    numbers = ("count", "missing_share", "minimum", "median", "maximum", "distinct")
    wanted = (*numbers, "most_frequent", "most_frequent_about")
    return [
        {
            "name": feature["name"],
            "kind": feature["kind"],
            **{key: seen.get(feature["name"], {}).get(key) for key in wanted},
        }
        for feature in manifest.get("features") or []
    ]


def _met(project: Project, release: str) -> dict[str, Any]:
    """Return how the release did on the batches that it met."""
    mine = (scores.c.release == release, scores.c.value.is_not(None))
    columns = [scores.c[name] for name in ("value", "verdict", "order")]
    found = project.ledger.scores.find(*mine, order=[scores.c.order], columns=columns)
    values = [row["value"] for row in found]
    return {
        "batches": len(found),
        "lowest": min(values, default=None),
        "highest": max(values, default=None),
        "latest": values[-1] if values else None,
        "verdict": found[-1]["verdict"] if found else None,
    }


def _history(project: Project, release: str) -> list[dict[str, Any]]:
    """Return what was decided about the release, oldest first, the newest of it when it is much."""
    told = ("kind", "outcome", "reason", "run")
    found = project.ledger.decisions.about(release)[-DECISIONS:]
    return [{**{key: row[key] for key in told}, "at": _seconds(row["at"])} for row in found]


def _seconds(moment: Any) -> str | None:
    return figures.moment(moment) if moment else None
