"""Every model that was ever trained, one line each: what it was made of and what came of it."""

from __future__ import annotations

from typing import Any

from vigil import figures
from vigil.bundles import load_manifest
from vigil.errors import BundleError
from vigil.project import Project

#: What a table shows of a run, in this order.
SHOWN = ("id", "state", "model", "window", "rows", "metric", "fits", "out_of_fold", "held_out", "created")


def rows(project: Project) -> list[dict[str, Any]]:
    """Return the project's trainings, newest first: settings, scores, state, from the ledger alone."""
    found = []
    for row in project.ledger.releases.all():
        facts, reference = row["facts"], row["reference"]
        found.append(
            {
                "id": row["id"],
                "state": row["state"],
                "model": row["model"],
                "window": facts.get("window", ""),
                "through": facts.get("through_name", ""),
                "rows": facts.get("trained_rows"),
                "fits": facts.get("fits", 1),
                "metric": reference.get("metric") or project.config.metric or "",
                "out_of_fold": facts.get("out_of_fold"),
                "held_out": reference.get("score"),
                "interval": reference.get("interval"),
                "threshold": facts.get("threshold"),
                "params": _params(project, row["id"]),
                "search": facts.get("search"),
                "created": row["created"][:16].replace("T", " "),
            }
        )
    return found


def _params(project: Project, release: str) -> dict[str, Any]:
    """Return a model's settings; none when its bundle is not there any more."""
    try:
        params: dict[str, Any] = load_manifest(project.models, release)["params"]
    except BundleError:
        return {}
    return params


def as_lines(found: list[dict[str, Any]]) -> list[str]:
    """Lay out runs as a table for people."""
    cells = [[figures.cell(row[name]) or "–" for name in SHOWN] for row in found]
    table = [[name.replace("_", "-") for name in SHOWN], *cells]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table]
