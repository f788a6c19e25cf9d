"""Answers of the service in many situations, made from a fixed seed: what documents are drawn from."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.documents.parts import RELEASES, batch, binary, column, decision, judged, release, undeployed
from vigil.web.endpoints.card import EXAMPLE


def answers(case: str) -> dict[str, Any]:
    """Return one case's answers, as they come out of JSON."""
    returns: dict[str, Any] = json.loads(json.dumps(CASES[case]()))
    return returns


def steady() -> dict[str, Any]:
    """Four batches, nothing wrong."""
    returns = binary(batches=4)
    returns["scoring"]["reason"] = "F1 is 0.741 on 412 labelled rows; nothing points to a lasting drop."
    return returns


def watch() -> dict[str, Any]:
    """Evidence gathers and is not yet an alarm."""
    returns = binary(batches=40, drop_at=34, drop=0.05)
    judged(returns, "watch", 31.0)
    return returns


def degraded() -> dict[str, Any]:
    """Return an alarm, an incident, challengers that did not pass the gate."""
    returns = binary(batches=40, drop_at=26, drop=0.16)
    judged(returns, "degraded", 1240.0)
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
        decision("retrain", "train", "The alarm was raised: challengers are trained on three windows."),
        decision(
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
    returns["run_detail"]["decisions"][1] = decision(
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
    returns["models"]["releases"].insert(0, release(2, "live", "Promoted after the alarm of batch_0040.csv."))
    returns["models"]["releases"][1]["state"] = "retired"
    return returns


def first() -> dict[str, Any]:
    """Return the first tick: one batch, the first model deployed, with its card, nothing scored."""
    returns = binary(batches=1)
    scoring = returns["scoring"]
    scoring.update(history=[], batch=None, score=None, interval=None, details={}, verdict="insufficient data")
    scoring["reason"] = "The release is new: no batch has arrived since it went live."
    returns["run_detail"]["scores"] = []
    returns["run_detail"]["decisions"] = [
        decision("plan", "train-first", "No model is live yet: a first one is trained.", {"since": 1}),
        decision(
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
    undeployed(returns, reason)
    returns["run_detail"]["decisions"] = [
        decision("gate", "nothing", reason, {"best": 0.331, "baseline": 0.333, "lower": -0.012})
    ]
    return returns


def empty() -> dict[str, Any]:
    """No file has ever arrived."""
    returns = no_skill()
    undeployed(returns, "No data has arrived yet.")
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
    returns = binary(batches=4)
    judged(returns, "insufficient data", 1.0)
    reason = "The holdout holds 14 informative rows; 20 are needed before a verdict means anything."
    returns["scoring"].update(reason=reason, detectable=None, level=None)
    for row in returns["scoring"]["history"]:
        row.update(verdict="insufficient data", level=None, e_value=1.0)
    return returns


def refused() -> dict[str, Any]:
    """One file refused, one with quarantined rows, one seen before."""
    returns = binary(batches=4)
    returns["run_detail"]["batches"] = [
        batch(
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
        batch(
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
        batch(
            "may (copy).csv",
            None,
            status="duplicate",
            rows=1200,
            duplicates=1200,
            reason="The same content was ingested as may.csv.",
        ),
        batch("july.csv", 6, accepted=1150, duplicates=41),
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
    returns = binary(batches=12)
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
    returns = binary(batches=24, drop_at=18, drop=-41.0, level=301.5, spread=12.0, metric="mae")
    judged(returns, "watch", 44.0)
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
    returns = binary(batches=12)
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
    returns = binary(batches=30)
    returns["summarystats"]["columns"] = [column(f"measure_{i:03d}", "number") for i in range(200)]
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
    returns["summarystats"]["columns"] = [column(name, "category") for name in HOSTILE]
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
        decision("<kind>", "<&>", "<br/>" * 40, {"<a>": "<b>", "n": {"x": None}})
    )
    return returns


def long() -> dict[str, Any]:
    """Ten thousand batches under thirty releases."""
    returns = binary(batches=10_000, drop_at=9_700, drop=0.06, releases=30)
    judged(returns, "watch", 27.0)
    return returns


def busy() -> dict[str, Any]:
    """Three hundred files in one run, each decided."""
    returns = binary(batches=300)
    detail = returns["run_detail"]
    detail["batches"] = [
        batch(f"batch_{i:04d}.csv", i, accepted=300, quarantined=i % 3) for i in range(1, 301)
    ]
    detail["decisions"] = [
        decision("gate", "keep", f"Attempt {i}: not better.", {"p": 0.3}) for i in range(300)
    ]
    returns["models"]["releases"] = [release(i, "retired", "Replaced.") for i in range(120)]
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
