"""Answers of the service in many situations, made from a fixed seed: what documents are drawn from."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from vigil.web.endpoints.card import EXAMPLE

RELEASES = ("3f9c1a77d0b24e5f", "a81e44c09b7d6f12", "c07d92e5f1a3b846", "0b5e7f33a94cd218")


def answers(case: str) -> dict[str, Any]:
    """Return one case's answers, as they come out of JSON."""
    returns: dict[str, Any] = json.loads(json.dumps(CASES[case]()))
    return returns


def steady() -> dict[str, Any]:
    """Four batches, nothing wrong."""
    returns = _binary(batches=4)
    returns["scoring"]["reason"] = "F1 is 0.741 on 412 labelled rows; nothing points to a lasting drop."
    return returns


def watch() -> dict[str, Any]:
    """Evidence gathers and is not yet an alarm."""
    returns = _binary(batches=40, drop_at=34, drop=0.05)
    _verdict(returns, "watch", 31.0)
    return returns


def degraded() -> dict[str, Any]:
    """Return an alarm, an incident, challengers that did not pass the gate."""
    returns = _binary(batches=40, drop_at=26, drop=0.16)
    _verdict(returns, "degraded", 1240.0)
    returns["scoring"]["incident"] = {
        "id": "i-1",
        "release": RELEASES[1],
        "opened_at": "2026-11-23T13:50:00Z",
        "opened_by": "batch_0040.csv",
        "since": "batch_0027.csv",
        "attempts": 1,
        "state": "open",
    }
    returns["run_detail"]["decisions"] = [
        _decision("retrain", "train", "The alarm was raised: challengers are trained on three windows."),
        _decision(
            "gate",
            "keep",
            "Better by 0.021 on the gating rows, which chance explains: the champion stays.",
            {
                "champion": 0.642,
                "challenger": 0.663,
                "difference": 0.021,
                "lower": -0.011,
                "p": 0.21,
                "discordant": 34,
                "attempt": 1,
                "level": 0.025,
                "cells": {"tp both": 61, "fn both": 22, "fixed": 19, "broken": 15},
            },
        ),
    ]
    return returns


def promoted() -> dict[str, Any]:
    """Return an alarm in this run, and a challenger that replaced the champion."""
    returns = degraded()
    scoring = returns["scoring"]
    scoring["release"] = RELEASES[2]
    scoring["incident"]["state"] = "closed"
    scoring["verdict"] = "insufficient data"
    scoring["reason"] = "The release is new: no batch has arrived since it went live."
    scoring["batch"] = scoring["score"] = scoring["interval"] = scoring["detectable"] = None
    scoring["details"] = {}
    scoring["evidence"] = {"e_value": 1.0, "alarm_at": 200.0, "batches": 0, "false_alarm": 0.05}
    returns["run_detail"]["decisions"][1] = _decision(
        "gate",
        "promote",
        "The challenger is better by 0.074 on the gating rows and passed both tests.",
        {
            "champion": 0.642,
            "challenger": 0.716,
            "difference": 0.074,
            "lower": 0.031,
            "p": 0.0021,
            "discordant": 61,
            "attempt": 1,
            "level": 0.025,
        },
    )
    returns["models"]["live"] = RELEASES[2]
    returns["now"]["training_paused"] = "2026-11-23T14:09:00Z"
    returns["now"]["probation"] = {"words": "On 2 batches of 5 it is not worse than the release before it."}
    returns["models"]["releases"].insert(
        0, _release(2, "live", "Promoted after the alarm of batch_0040.csv.")
    )
    returns["models"]["releases"][1]["state"] = "retired"
    return returns


def first() -> dict[str, Any]:
    """Return the first tick: one batch, the first model deployed, with its card, nothing scored."""
    returns = _binary(batches=1)
    scoring = returns["scoring"]
    scoring.update(history=[], batch=None, score=None, interval=None, details={}, verdict="insufficient data")
    scoring["reason"] = "The release is new: no batch has arrived since it went live."
    returns["run_detail"]["scores"] = []
    returns["run_detail"]["decisions"] = [
        _decision("plan", "train-first", "No model is live yet: a first one is trained.", {"since": 1}),
        _decision(
            "gate",
            "promote",
            "The logistic model beats the majority class on the holdout (0.750 against 0.333).",
            {"challenger": 0.75, "baseline": 0.333, "rows": 612},
        ),
    ]
    returns["card"] = {**EXAMPLE, "release": scoring["release"], "history": []}
    returns["diagnostics"]["missing"] = []
    return returns


def no_skill() -> dict[str, Any]:
    """No model beats the trivial baseline: nothing is deployed."""
    returns = first()
    reason = "No model beats the majority class on the holdout: the data shows no skill, nothing is deployed."
    _undeploy(returns, reason)
    returns["run_detail"]["decisions"] = [
        _decision("gate", "nothing", reason, {"best": 0.331, "baseline": 0.333, "lower": -0.012})
    ]
    return returns


def empty() -> dict[str, Any]:
    """No file has ever arrived."""
    returns = no_skill()
    _undeploy(returns, "No data has arrived yet.")
    returns["run_detail"].update(batches=[], scores=[], decisions=[], summary="nothing new")
    returns["summarystats"].update(rows=0, columns=[])
    returns["diagnostics"].update(timings=[], packages={"checked": "not asked", "list": []}, advice=[])
    return returns


def bare() -> dict[str, Any]:
    """Every answer is null."""
    keys = ("scoring", "summarystats", "diagnostics", "run_detail", "models")
    return {"schema": 1, "project": "attrition", "run": 1, "generated": None, **dict.fromkeys(keys)}


def insufficient() -> dict[str, Any]:
    """Return a holdout too small to judge anything."""
    returns = _binary(batches=4)
    _verdict(returns, "insufficient data", 1.0)
    reason = "The holdout holds 14 informative rows; 20 are needed before a verdict means anything."
    returns["scoring"].update(reason=reason, detectable=None, level=None)
    for row in returns["scoring"]["history"]:
        row.update(verdict="insufficient data", level=None, e_value=1.0)
    return returns


def refused() -> dict[str, Any]:
    """One file refused, one with quarantined rows, one seen before."""
    returns = _binary(batches=4)
    returns["run_detail"]["batches"] = [
        _batch(
            "may.csv",
            5,
            accepted=1198,
            quarantined=2,
            faults=[
                {"line": 17, "column": "age", "value": "-3", "rule": "must be 18 or more"},
                {
                    "line": 804,
                    "column": "department",
                    "value": "Slaes",
                    "rule": "is not a known level",
                    "count": 1,
                },
            ],
        ),
        _batch(
            "june.csv",
            None,
            status="refused",
            rows=900,
            quarantined=871,
            reason="97 % of the rows break the contract: salary holds text instead of numbers.",
            faults=[
                {
                    "line": 2,
                    "column": "salary",
                    "value": "12.345,00 €",
                    "rule": "is not a number",
                    "count": 871,
                }
            ],
        ),
        _batch(
            "may (copy).csv",
            None,
            status="duplicate",
            rows=1200,
            duplicates=1200,
            reason="The same content was ingested as may.csv.",
        ),
        _batch("july.csv", 6, accepted=1150, duplicates=41),
    ]
    returns["diagnostics"]["advice"].insert(
        0,
        {
            "severity": "act",
            "what": "june.csv was refused.",
            "do": "Mend the column salary and send the file again.",
        },
    )
    return returns


def waiting() -> dict[str, Any]:
    """Labels come late: the newest batch has an estimate in place of a score, and what waits is told."""
    returns = _binary(batches=12)
    scoring = returns["scoring"]
    scoring.update(verdict="insufficient data", score=None, interval=None, unseen=None, details={})
    scoring["reason"] = (
        "90 of 1,200 rows have a label; 90% are needed. Estimated without labels: F1 0.731 ± 0.021."
    )
    scoring["estimate"] = {"score": 0.731, "low": 0.71, "high": 0.752, "rows": 1200, "past": 24}
    returns["now"]["labels"] = {
        "waiting": [{"id": "2026-11-20", "rows": 1200, "labelled": 90, "share": 0.075}],
        "counted": [
            {
                "id": "2026-10-20",
                "file": "answers-2026-10-20.parquet",
                "rows": 1100,
                "labelled": 1080,
                "share": 0.982,
            }
        ],
        "delays": [{"days": 7, "share": 0.31, "rows": 900}, {"days": 30, "share": 0.96, "rows": 900}],
    }
    return returns


def broken_feed() -> dict[str, Any]:
    """Return a fault of the feed that holds the newest file, and the drift that it causes."""
    returns = degraded()
    returns["run_detail"]["batches"][0]["name"] = "batch_0040.csv"
    returns["diagnostics"]["faults"] = [
        {
            "id": "40-sentinel-3f1c",
            "fault": "sentinel",
            "columns": ["salary"],
            "confidence": 0.98,
            "holds": True,
            "rows": 211,
            "state": "open",
            "what": "211 cells of salary hold -999, new here: a missing value was written as a number.",
            "evidence": {"value": -999},
            "batch": "b40",
            "name": "batch_0040.csv",
            "since": "batch_0040.csv",
            "what_to_do": "Ask the sender; or read -999 as missing.",
            "command": "python diagnostics.py --fix 40-sentinel-3f1c",
        },
        {
            "id": "31-stuck-77aa",
            "fault": "stuck",
            "columns": ["age"],
            "confidence": 0.91,
            "holds": True,
            "rows": 400,
            "state": "repaired",
            "what": "age repeats 41 for 400 rows.",
            "name": "batch_0031.csv",
            "what_to_do": "Nothing more.",
            "command": "",
        },
    ]
    returns["diagnostics"]["drift_of"] = {
        "batch": "b40", "name": "batch_0040.csv", "release": RELEASES[1], "verdict": "drift",
    }  # fmt: skip
    returns["diagnostics"]["drift"] = [
        {
            "column": name,
            "verdict": verdict,
            "test": "ks",
            "p_value": p,
            "effect": effect,
            "floor": 0.1,
            "detectable": 0.06,
            "lasting": lasting,
            "new": lasting,
            "since": "batch_0038.csv" if lasting else None,
            "words": f"{name}: median 38,900 → {words}",
        }
        for name, verdict, p, effect, lasting, words in (
            ("salary", "drift", 1e-9, 0.41, True, "31,200"), ("age", "none", 0.4, 0.02, False, "41"),
        )
    ]  # fmt: skip
    returns["trend"] = {
        "drift": [
            {"name": f"batch_{batch:04d}.csv", "columns": returns["diagnostics"]["drift"]}
            for batch in range(21, 41)
        ]
    }
    returns["diagnostics"]["moved"] = {
        "metric": "f1",
        "rows": [612, 412],
        "words": "F1 went from 0.750 to 0.582: -0.120 by covariate shift (-0.160 to -0.080). Mostly "
        "covariate shift: rows of a kind that was rare before. What helps: mend the feed.",
    }
    returns["diagnostics"]["slices"] = {
        "metric": "f1",
        "by_column": [
            {
                "column": "department",
                "groups": [
                    {"group": "Sales & support", "rows": 4210, "score": 0.61, "low": 0.58, "high": 0.64},
                    {"group": "R<D>", "rows": 12, "score": None, "low": None, "high": None},
                ],
            }
        ],
        "worst": [
            {
                "where": [["salary", "up to 0"], ["department", "Sales & support"]],
                "rows": 211,
                "score": 0.22,
                "failures": 0.61,
                "failures_elsewhere": 0.19,
            }
        ],
        "fairness": [
            {
                "column": "gender",
                "parity": 0.12,
                "opportunity": 0.08,
                "impact": 0.77,
                "groups": [
                    {"group": "f", "rows": 800, "positive": 0.31, "found": 0.72},
                    {"group": "m", "rows": 900, "positive": 0.43, "found": 0.8},
                ],
            }
        ],
    }
    return returns


def regression() -> dict[str, Any]:
    """House rents: absolute error, lower is better."""
    rng = random.Random(7)
    returns = _binary(batches=24, drop_at=18, drop=-41.0, level=301.5, spread=12.0, metric="mae")
    _verdict(returns, "watch", 44.0)
    scoring = returns["scoring"]
    errors = [rng.gauss(22, 310) for _ in range(800)]
    edges = [-1000 + 80 * i for i in range(26)]
    counts = [sum(low <= error < high for error in errors) for low, high in pairwise(edges)]
    actual = [abs(rng.gauss(1800, 700)) + 300 for _ in range(200)]
    scoring.update(task="regression", metric="mae", higher_is_better=False, model="boosted")
    scoring["details"] = {
        "residuals": {"edges": edges, "counts": counts},
        "predicted": [[value + rng.gauss(22, 310), value] for value in actual],
        "errors": {"mae": 248.3, "rmse": 311.9, "bias": 22.1, "r2": 0.812},
    }
    return returns


def multiclass() -> dict[str, Any]:
    """Twelve classes with long names."""
    rng = random.Random(3)
    returns = _binary(batches=12)
    labels = [f"{word} department" for word in ("Sales", "Research", "Legal", "Human resources", "Finance")]
    labels += ["Ops", "IT", "Marketing", "Procurement", "Logistics", "Quality", "Customer care worldwide"]
    size = len(labels)
    counts = [
        [int(rng.expovariate(0.35)) + (60 + 9 * i if i == j else 0) for j in range(size)] for i in range(size)
    ]
    returns["scoring"].update(task="multiclass", metric="f1_macro")
    returns["scoring"]["details"] = {"labels": labels, "confusion": counts, "roc": None, "pr": None}
    return returns


def wide() -> dict[str, Any]:
    """Two hundred columns and forty classes."""
    returns = _binary(batches=30)
    returns["summarystats"]["columns"] = [_column(f"measure_{i:03d}", "number") for i in range(200)]
    returns["diagnostics"]["missing"] = [
        {"column": f"measure_{i:03d}", "share": i / 400, "share_before": i / 500} for i in range(200)
    ]
    counts = [[50 + i if i == j else (i + j) % 3 for j in range(40)] for i in range(40)]
    returns["scoring"].update(task="multiclass", metric="accuracy")
    returns["scoring"]["details"] = {"labels": [f"class {i}" for i in range(40)], "confusion": counts}
    return returns


HOSTILE = (
    "<script>alert(1)</script>",
    "a & b < c > d",
    "$x^2$ and \\frac{1}{2}",
    "😀 smile",
    "🚀 rocket",
    "שכר חודשי",
    "المرتب الشهري",
    "月給",
    "월급",
    "Größe in µm²",
    "x" * 300,
    "new\nline\ttab\x00nul",
    "\ud800 half",
    "",
    "   ",
    "‮reversed",
    "e\u0301clair",
    "col%s{}",
    "<b>bold</b>&amp;",
)


def hostile() -> dict[str, Any]:
    """Names that try to be markup, mathematics, control characters or endless."""
    returns = refused()
    returns["scoring"]["reason"] = "F1 on <b>may & june</b>.csv stayed where it was."
    returns["scoring"]["details"]["labels"] = ["<script>no</script>", "yes & 🚀 $always$ forever and ever"]
    returns["summarystats"]["columns"] = [_column(name, "category") for name in HOSTILE]
    returns["diagnostics"]["missing"] = [
        {"column": name, "share": 0.02 * (i + 1), "share_before": None} for i, name in enumerate(HOSTILE)
    ]
    returns["diagnostics"]["advice"].append({"severity": "act", "what": "<i>" + "w" * 700, "do": "x" * 500})
    drift = {"verdict": "drift", "p_value": 0.001, "effect": 0.3, "floor": 0.1, "words": "<i>more</i> 🚀"}
    columns = [{**drift, "column": name} for name in HOSTILE]
    returns["trend"] = {"drift": [{"name": name, "columns": columns} for name in HOSTILE]}
    for row, name in zip(returns["scoring"]["history"], HOSTILE, strict=False):
        row["name"] = name
    faults = [{"line": 5, "column": name, "value": name[::-1], "rule": name} for name in HOSTILE[:10]]
    returns["run_detail"]["batches"][1].update(
        name=HOSTILE[10] + ".csv", reason="<para>" + "r" * 600, faults=faults
    )
    returns["run_detail"]["decisions"].append(
        _decision("<kind>", "<&>", "<br/>" * 40, {"<a>": "<b>", "n": {"x": None}})
    )
    return returns


def long() -> dict[str, Any]:
    """Ten thousand batches under thirty releases."""
    returns = _binary(batches=10_000, drop_at=9_700, drop=0.06, releases=30)
    _verdict(returns, "watch", 27.0)
    return returns


def busy() -> dict[str, Any]:
    """Three hundred files in one run, each decided."""
    returns = _binary(batches=300)
    detail = returns["run_detail"]
    detail["batches"] = [
        _batch(f"batch_{i:04d}.csv", i, accepted=300, quarantined=i % 3) for i in range(1, 301)
    ]
    detail["decisions"] = [
        _decision("gate", "keep", f"Attempt {i}: not better.", {"p": 0.3}) for i in range(300)
    ]
    returns["models"]["releases"] = [_release(i, "retired", "Replaced.") for i in range(120)]
    return returns


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    function.__name__: function
    for function in (
        steady,
        watch,
        degraded,
        promoted,
        first,
        no_skill,
        empty,
        bare,
        insufficient,
        waiting,
        broken_feed,
        refused,
        regression,
        multiclass,
        wide,
        hostile,
        long,
        busy,
    )
}


def _binary(
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
                _release(1, "live", "Promoted after the alarm of batch_0002.csv."),
                _release(0, "retired", "The first model: beats the majority class."),
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


def _verdict(returns: dict[str, Any], verdict: str, evidence: float) -> None:
    """Make the latest batch end in a verdict."""
    scoring = returns["scoring"]
    scoring["verdict"] = scoring["history"][-1]["verdict"] = verdict
    scoring["evidence"]["e_value"] = scoring["history"][-1]["e_value"] = evidence
    words = {"watch": "gathers, but is not yet an alarm", "degraded": "is beyond the alarm"}.get(
        verdict, "is thin"
    )
    scoring["reason"] = f"The evidence of a lasting drop {words}."


def _undeploy(returns: dict[str, Any], reason: str) -> None:
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
    columns = [_column("employee", "text", "key"), _column("age", "number"), _column("salary", "number")]
    columns += [
        _column("department", "category"),
        _column("hired", "date"),
        _column("left", "category", "target"),
    ]
    return {"project": "attrition", "scope": "table", "batch": None, "rows": 12_407, "columns": columns}


def _column(name: str, kind: str, role: str = "feature") -> dict[str, Any]:
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
        "batches": [_batch("batch_0004.csv", 4, accepted=429, quarantined=1)],
        "scores": [{**row, "reason": "within its interval"} for row in scores],
        "decisions": [_decision("retrain", "wait", "No alarm: nothing is retrained.", {"e_value": 0.4})],
        "steps": [{"step": "ingestion", "seconds": 0.214}, {"step": "scoring", "seconds": 0.131}],
    }


def _batch(
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


def _decision(kind: str, outcome: str, reason: str, evidence: dict[str, Any] | None = None) -> dict[str, Any]:
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


def _release(number: int, state: str, reason: str) -> dict[str, Any]:
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
