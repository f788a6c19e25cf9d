"""Parts of the service's answers, and a whole project with two classes made of them, from a fixed seed."""

from __future__ import annotations

import math
import random
from typing import Any

RELEASES = ("3f9c1a77d0b24e5f", "a81e44c09b7d6f12", "c07d92e5f1a3b846", "0b5e7f33a94cd218")


def binary(
    batches: int,
    drop_at: int = 10**9,
    drop: float = 0.0,
    level: float = 0.75,
    spread: float = 0.018,
    releases: int = 2,
    metric: str = "f1",
) -> dict[str, Any]:
    """Return a binary project with that many batches; the score falls by ``drop`` from ``drop_at`` on."""
    rng = random.Random(batches)
    history = [
        _scored(rng, i, batches, drop_at, drop, level, spread, releases) for i in range(1, batches + 1)
    ]
    last = history[-1]
    last_batch = {
        "id": last["batch"],
        "name": last["name"],
        "order": last["order"],
        "rows": 430,
        "labelled": 412,
    }
    scoring = {
        "project": "attrition",
        "release": last["release"],
        "model": "logistic",
        "task": "binary",
        "metric": metric,
        "higher_is_better": True,
        "batch": last_batch,
        "score": last["score"],
        "interval": [last["low"], last["high"]],
        "confidence": 0.95,
        "level": last["level"],
        "verdict": last["verdict"],
        "reason": "",
        "reference": {
            "score": level,
            "interval": [level - 2 * spread, level + 2 * spread],
            "rows": 612,
            "baseline": level / 2,
        },
        "evidence": {"e_value": last["e_value"], "alarm_at": 200.0, "batches": 3, "false_alarm": 0.05},
        "detectable": 2.4 * spread,
        "unseen": last["score"] - spread / 2,
        "unseen_rows": 210,
        "details": _details(),
        "history": history,
        "incident": None,
    }
    return {
        "schema": 1,
        "project": "attrition",
        "run": 4,
        "generated": "2026-11-23T14:10:05Z",
        "scoring": scoring,
        "summarystats": _summary(),
        "diagnostics": _diagnostics(),
        "run_detail": _run(history[-2:]),
        "models": {
            "live": last["release"],
            "releases": [
                release(1, "live", "Promoted after the alarm of batch_0002.csv."),
                release(0, "retired", "The first model: beats the majority class."),
            ],
        },
        "runs": [_run_line(number) for number in (4, 3, 2, 1)],
        "now": {"labels": None, "training_paused": None, "probation": None},
        "previous": _previous(scoring, history) if batches > 1 else None,
    }


def _previous(scoring: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the run before would have said: the batch before, and nothing wrong."""
    before = history[-2]
    kept = {key: value for key, value in scoring.items() if key not in ("details", "history")}
    kept |= {"release": before["release"], "score": before["score"], "verdict": before["verdict"]}
    kept |= {
        "interval": [before["low"], before["high"]],
        "batch": {**scoring["batch"], "name": before["name"]},
    }
    kept["evidence"] = {**scoring["evidence"], "e_value": before["e_value"]}
    return {
        "run": 3,
        "generated": "2026-11-23T14:00:04Z",
        "scoring": kept,
        "diagnostics": {"drift": [], "faults": []},
    }


def _run_line(number: int) -> dict[str, Any]:
    """Return one run as the list of runs has it."""
    return {
        "run": number,
        "started": f"2026-11-23T13:{10 * number:02d}:00Z",
        "finished": f"2026-11-23T13:{10 * number:02d}:03Z",
        "status": "done",
        "trigger": "schedule",
        "news": True,
        "summary": "1 ingested",
    }


def _scored(
    rng: random.Random,
    i: int,
    batches: int,
    drop_at: int,
    drop: float,
    level: float,
    spread: float,
    releases: int,
) -> dict[str, Any]:
    """Return one row of the history."""
    worse = i >= drop_at
    score = rng.gauss(level - (drop if worse else 0.0), spread)
    evidence = math.exp(min(7.0, 0.55 * (i - drop_at))) if worse else 0.3 + rng.random()
    verdict = "degraded" if evidence >= 200 else "watch" if evidence >= 20 else "steady"
    return {
        "batch": f"b{i:05d}",
        "name": f"batch_{i:04d}.csv",
        "order": i,
        "release": RELEASES[0]
        if releases == 2 and i <= batches // 3
        else RELEASES[1]
        if releases == 2
        else f"{(i * releases // (batches + 1)) * 7919 + 1_048_576:016x}"[::-1],
        "score": score,
        "low": score - 2 * spread,
        "high": score + 2 * spread,
        "reference": level,
        "level": level - 2.7 * spread * (1 if level < 1 else -1),
        "verdict": verdict,
        "e_value": evidence,
        "alarm_at": 200.0,
        "at": "2026-11-23T14:00:00Z",
    }


def judged(returns: dict[str, Any], verdict: str, evidence: float) -> None:
    """Make the latest batch end in a verdict."""
    scoring = returns["scoring"]
    scoring["verdict"] = scoring["history"][-1]["verdict"] = verdict
    scoring["evidence"]["e_value"] = scoring["history"][-1]["e_value"] = evidence
    words = {"watch": "gathers, but is not yet an alarm", "degraded": "is beyond the alarm"}.get(
        verdict, "is thin"
    )
    scoring["reason"] = f"The evidence of a lasting drop {words}."


def undeployed(returns: dict[str, Any], reason: str) -> None:
    """Take the model away."""
    nothing = dict.fromkeys(
        ("release", "model", "batch", "score", "interval", "reference", "level", "verdict")
    )
    returns["scoring"].update(nothing, reason=reason, evidence=None, detectable=None, details={}, history=[])
    returns["scoring"].update(unseen=None, unseen_rows=0)
    returns["models"] = {"live": None, "releases": []}


def _details() -> dict[str, Any]:
    """Return a batch's curves."""
    rates = [i / 50 for i in range(51)]
    roc = [[rate, 1 - (1 - rate) ** 3.6] for rate in rates]
    recall = [[rate, 0.94 - 0.72 * rate**4] for rate in rates]
    bins = [
        {"predicted": 0.05 + i / 10, "observed": min(1.0, 0.02 + i / 9.4), "rows": 140 - 12 * i}
        for i in range(10)
    ]
    return {
        "labels": ["0", "1"],
        "confusion": [[274, 31], [22, 85]],
        "roc": roc,
        "auc": 0.843,
        "pr": recall,
        "calibration": bins,
    }


def _summary() -> dict[str, Any]:
    """Return the table's summary statistics."""
    columns = [column("employee", "text", "key"), column("age", "number"), column("salary", "number")]
    columns += [
        column("department", "category"),
        column("hired", "date"),
        column("left", "category", "target"),
    ]
    return {"project": "attrition", "scope": "table", "batch": None, "rows": 12_407, "columns": columns}


def column(name: str, kind: str, role: str = "feature") -> dict[str, Any]:
    """Return one column's summary."""
    measured = kind == "number"
    return {
        "name": name,
        "kind": kind,
        "role": role,
        "count": 12_300,
        "missing": 107,
        "missing_share": 0.0086,
        "mean": 41_250.337 if measured else None,
        "median": 38_900.0 if measured else None,
        "std": 12_004.5 if measured else None,
        "minimum": -3.25 if measured else None,
        "maximum": 1.2e9 if measured else None,
        "zeros": 4 if measured else None,
        "quantiles": {"0.05": 21_000.0, "0.25": 30_100.0, "0.75": 51_000.0, "0.95": 72_000.0}
        if measured
        else None,
        "distinct": 5 if kind == "category" else 11_903,
        "most_frequent": [["Sales & support", 4_210], ["R<D>", 3_933]] if kind == "category" else [],
    }


def _diagnostics() -> dict[str, Any]:
    """Return gaps, times, packages and advice."""
    steps = {"ingestion": 0.214, "scoring": 0.131, "training": 2.43, "deployment": 0.052, "diagnostics": 0.31}
    timings = [{"step": s, "last": t, "median": t * 0.93, "history": [t] * 5} for s, t in steps.items()]
    packages = [("scikit-learn", "1.9.1", ">=1.9,<1.10", "1.9.2"), ("numpy", "2.4.6", ">=2.4,<3", "2.4.6")]
    return {
        "project": "attrition",
        "missing": [
            {"column": "salary", "share": 0.043, "share_before": 0.011},
            {"column": "department", "share": 0.009, "share_before": 0.01},
        ],
        "timings": timings,
        "packages": {
            "checked": "2026-11-23T14:10:00Z",
            "list": [
                dict(zip(("name", "installed", "wanted", "latest"), p, strict=True), ok=True)
                for p in packages
            ]
            + [{"name": "pandas", "installed": "2.9.0", "wanted": ">=3.0,<4", "latest": None, "ok": False}],
        },
        "drift": [],
        "faults": [],
        "advice": [
            {
                "severity": "warn",
                "what": "salary misses four times as many cells as before.",
                "do": "Ask the sender of the files whether the export changed.",
            },
            {
                "severity": "info",
                "what": "pandas is older than wanted.",
                "do": "pip install -r requirements.txt",
            },
        ],
    }


def _run(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the run's own story."""
    return {
        "run": 4,
        "started": "2026-11-23T14:10:00Z",
        "finished": "2026-11-23T14:10:03Z",
        "status": "done",
        "trigger": "schedule",
        "summary": "1 batch ingested, steady",
        "batches": [batch("batch_0004.csv", 4, accepted=429, quarantined=1)],
        "scores": [{**row, "reason": "within its interval"} for row in scores],
        "decisions": [decision("retrain", "wait", "No alarm: nothing is retrained.", {"e_value": 0.4})],
        "steps": [{"step": "ingestion", "seconds": 0.214}, {"step": "scoring", "seconds": 0.131}],
    }


def batch(
    name: str,
    order: int | None,
    status: str = "ingested",
    accepted: int = 0,
    quarantined: int = 0,
    duplicates: int = 0,
    rows: int | None = None,
    reason: str = "",
    faults: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return one file of the run."""
    return {
        "name": name,
        "id": f"b{order}",
        "order": order,
        "rows": rows or accepted + quarantined + duplicates,
        "accepted": accepted,
        "quarantined": quarantined,
        "duplicates": duplicates,
        "labelled": accepted,
        "status": status,
        "reason": reason,
        "faults": faults or [],
    }


def decision(kind: str, outcome: str, reason: str, evidence: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return one decision of the run."""
    return {
        "id": f"d-{kind}",
        "kind": kind,
        "batch": "batch_0040.csv",
        "release": RELEASES[2],
        "outcome": outcome,
        "reason": reason,
        "evidence": evidence or {},
    }


def release(number: int, state: str, reason: str) -> dict[str, Any]:
    """Return one release."""
    name = RELEASES[number] if number < len(RELEASES) else f"{number:016x}"
    return {
        "id": name,
        "model": "logistic",
        "state": state,
        "created": "2026-11-20T08:00:00Z",
        "live_since": "2026-11-20T08:00:02Z",
        "trained_rows": 9_800,
        "through": "batch_0002.csv",
        "features": 4,
        "threshold": 0.37,
        "reference": 0.75,
        "interval": [0.712, 0.786],
        "baseline": 0.33,
        "size_bytes": 20_480,
        "reason": reason,
    }
