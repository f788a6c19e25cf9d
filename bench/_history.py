"""A project with a long invented history, written through the ledger's own classes.

Batches with scores, drift, runs, releases, incidents and decisions, every verdict among them.
"""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vigil import figures, picturing
from vigil.bundles import pointer
from vigil.ledger.shelf import timestamp
from vigil.project import Project
from vigil.records import Batch, Decision

COLUMNS = 30
CHUNK = 500
#: Names that a page must show as text.
SCRIPT = "<script>alert('x')</script>"
RIGHT_TO_LEFT = "\u202eعمود\u202c"
LONG = "a_very_long_name_" * 20

START = datetime(2020, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that stands nearly still where the history ends: no two moments are the same."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the moment."""
        self.now += timedelta(milliseconds=1)
        return self.now


def project(folder: Path, *, batches: int, seed: int = 0, harmful: bool = True) -> Project:
    """Return a project with a long history, whose live release answers; its names may mean harm."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "name": "history" if harmful else "attrition",
        "input_folder_path": "arriving",
        "output_folder_path": "taken",
        "output_model_path": "models",
        "prod_deployment_path": "production",
        "target": "left",
        "task": "binary",
        "settle_seconds": 0,
    }
    (folder / "config.json").write_text(json.dumps(settings))
    made = Project(folder / "config.json", clock=Clock(START + timedelta(hours=batches)))
    History(made, batches, random.Random(seed), _trained(made.models), harmful).write()
    keep_charts(made)
    return made


def keep_charts(made: Project) -> None:
    """Draw the pages' charts as the tick does at its end, but for missing cells: batches have no profile."""
    from app import create_app
    from vigil.web.asof import NOW
    from vigil.web.endpoints.diagnostics import timings

    scoring = create_app(made, environ={}).test_client().get("/scoring?limit=1").json
    picturing.keep(made, {"scoring": scoring, "diagnostics": {"timings": timings(made.ledger, NOW)}})


def _trained(folder: Path) -> str:
    """Train a small model and return the id of its bundle; the releases before it have none."""
    import numpy as np

    from vigil import models
    from vigil.records import Column

    values = np.random.default_rng(0).normal(size=300)
    fitted = models.fit(
        "logistic",
        {"column_00": values},
        (values > 0).astype(int),
        task="binary",
        classes=("no", "yes"),
        features=(Column("column_00", "number"),),
        metric="f1",
        seed=0,
    )
    return models.pack(fitted, folder)


class History:
    """Writes a history: every 400 batches the model falls, an incident opens, a challenger takes over."""

    LIFE = 400

    def __init__(self, made: Project, batches: int, chance: random.Random, live: str, harmful: bool) -> None:
        self._ledger = made.ledger
        self._production = made.production
        self._batches = batches
        self._random = chance
        self._live = live
        self._harmful = harmful
        self._odd = (SCRIPT, RIGHT_TO_LEFT, LONG) if harmful else ("region", "plan", "monthly_spend")
        self._last = (batches - 1) // self.LIFE

    def write(self) -> None:
        """Write everything, in a few large transactions."""
        for start in range(1, self._batches + 1, CHUNK):
            orders = range(start, min(start + CHUNK, self._batches + 1))
            self._ledger.batches.put_all([self._batch(order) for order in orders])
            self._ledger.runs.put_all([self._run(order) for order in orders])
            self._ledger.scores.put_all([self._score(order) for order in orders if order > 1])
            self._ledger.diagnoses.put_all([self._diagnosis(order) for order in orders if order > 1])
        for number in range(self._last + 1):
            self._switch(number)
        self._ledger.releases.make_live(self._live)
        if self.verdict(self._batches) == "degraded":
            newest = Batch(_id(self._batches), self._batches, "", "", "", 500, 500, 0, 0, 1)
            self._ledger.incidents.open(self._live, newest, since=self._batches - 10)
        before = self._release(self._last - 1) if self._last else None
        pointer.write(self._production, self._live, before)
        advice = [
            {
                "severity": "warn",
                "what": f"{self._odd[2]} has drifted; most where {self._odd[0]} is new.",
                "do": "Look there first.",
            }
        ]
        self._ledger.facts.set(advice=json.dumps(advice), labels=json.dumps(_labels()))

    def _release(self, number: int) -> str:
        return self._live if number == self._last else f"{number + 0xAB12:012x}"

    def _name(self, order: int) -> str:
        if self._harmful and order % 50 == 0:
            return f"{order:05d} {SCRIPT} {RIGHT_TO_LEFT}.csv"
        return f"{START + timedelta(hours=order):%Y-%m-%d-%H}.csv"

    def _batch(self, order: int) -> tuple[dict[str, Any], dict[str, Any]]:
        name = self._name(order)
        values = {
            "order": order,
            "state": "ingested",
            "name": name,
            "path": f"arriving/{name}",
            "digest": f"{order:064x}",
            "rows": 500,
            "labelled": 500,
            "quarantined": order % 7,
            "duplicates": 0,
            "contract_version": 1,
            "run": order,
            "profile": {},
        }
        return {"id": _id(order)}, values

    def _run(self, order: int) -> tuple[dict[str, Any], dict[str, Any]]:
        steps = [
            {"step": step, "seconds": self._random.uniform(0.1, 0.4)} for step in ("ingestion", "scoring")
        ]
        values = {
            "started": _at(order),
            "finished": _at(order, 3),
            "status": "done",
            "trigger": "schedule",
            "news": True,
            "reported": True,
            "summary": f"{self._name(order)}: {self.verdict(order)}",
            "steps": steps,
        }
        return {"run": order}, values

    def verdict(self, order: int) -> str:
        """Return the verdict of one batch: each occurs in every release's life."""
        age = (order - 1) % self.LIFE
        if age < 3:
            return "insufficient data"
        return "degraded" if age > self.LIFE - 4 else "watch" if age > self.LIFE - 14 else "steady"

    def _score(self, order: int) -> tuple[dict[str, Any], dict[str, Any]]:
        verdict = self.verdict(order)
        value = 0.75 + self._random.gauss(0, 0.012) - {"degraded": 0.22, "watch": 0.08}.get(verdict, 0.0)
        e_value = {"degraded": 4e3, "watch": 40.0}.get(verdict, math.exp(self._random.gauss(-0.5, 0.6)))
        table = [[320 + order % 9, 60], [40, 80 - order % 9]]
        values = {
            "order": order,
            "metric": "f1",
            "value": value,
            "low": value - 0.03,
            "high": value + 0.03,
            "confidence": 0.95,
            "rows": 500,
            "labelled": 500,
            "reference": 0.75,
            "level": 0.70,
            "e_value": e_value,
            "alarm_at": 200.0,
            "detectable": 0.04,
            "verdict": verdict,
            "reason": f"F1 {value:.3f} on 500 rows; alarm below 0.700; "
            f"evidence {figures.evidence(e_value)} of 200.",
            "unseen": value,
            "unseen_rows": 100,
            "details": {
                "labels": ["no", "yes"],
                "confusion": table,
                "curve": [self._random.random() for _ in range(120)],
            },
            "tally": {"confusion": table},
            "run": order,
            "at": _at(order, 2),
            "evidence": {
                "process": {"log_wealth": [0.1] * 30, "batches": order % self.LIFE, "spent": 0.1},
                "since": {},
            },
        }
        return {"release": self._release((order - 1) // self.LIFE), "batch": _id(order)}, values

    def _diagnosis(self, order: int) -> tuple[dict[str, Any], dict[str, Any]]:
        names = [*self._odd, *(f"column_{n:02d}" for n in range(COLUMNS - 3))]
        columns = [self._drift(name, place, order) for place, name in enumerate(names)]
        worst = {
            "where": [[self._odd[0], self._odd[1]], ["column_03", self._odd[2]]],
            "rows": 61,
            "score": 0.41,
            "low": 0.3,
            "high": 0.5,
            "failures": 0.42,
            "failures_elsewhere": 0.11,
            "p_value": 0.0004,
        }
        groups = [
            {"group": name, "rows": 4000, "score": 0.74, "low": 0.72, "high": 0.76} for name in self._odd[:2]
        ]
        slices = {
            "metric": "f1",
            "by_column": [{"column": self._odd[2], "groups": groups}],
            "worst": [worst],
            "fairness": [],
        }
        drift = {"verdict": "drift", "level": 0.01, "columns": columns}
        values = {
            "order": order,
            "drift": drift,
            "slices": slices,
            "moved": None,
            "state": None,
            "run": order,
            "at": _at(order),
        }
        return {"release": self._release((order - 1) // self.LIFE), "batch": _id(order)}, values

    def _drift(self, name: str, place: int, order: int) -> dict[str, Any]:
        effect = abs(self._random.gauss(0.02, 0.02)) + (
            0.12 * (1 + place % 4) if (order + place * 5) % 23 < 7 else 0.0
        )
        return {
            "column": name,
            "verdict": "drift" if effect > 0.1 else "none",
            "test": "ks",
            "statistic": effect,
            "p_value": 1e-6 if effect > 0.1 else 0.4,
            "effect": effect,
            "floor": 0.1,
            "detectable": 0.06,
            "lasting": place == 1,
            "new": False,
            "since": self._name(max(1, order - 3)),
            "words": f"{name}: median 84 → {84 + 200 * effect:.0f}",
        }

    def _switch(self, number: int) -> None:
        """Write a release, and how the one before it ended."""
        first = number * self.LIFE + 1
        release, before = self._release(number), self._release(number - 1)
        held_out = {"labels": ["no", "yes"], "confusion": [[320, 60], [40, 80]]}
        self._ledger.releases.add(
            release,
            model="logistic",
            batch=_id(first),
            through=first,
            level={"value": 0.70},
            reference={
                "score": 0.75,
                "interval": [0.72, 0.78],
                "rows": 900,
                "baseline": 0.33,
                "metric": "f1",
                "details": held_out,
            },
            facts={
                "task": "binary",
                "trained_rows": 4000,
                "features": COLUMNS,
                "threshold": 0.4,
                "size_bytes": 20_480,
                "through_name": self._name(first),
            },
            reason=f"logistic on rows since {self._name(first)}",
        )
        state = {"created": _at(first), "live_since": _at(first), "state": "retired"}
        self._ledger.releases.update(release, **state)
        evidence: dict[str, Any] = {"score": 0.75, "baseline": 0.33, "rows": 900, "candidates": [release]}
        if number:
            opener = Batch(_id(first - 3), first - 3, self._name(first - 3), "", "", 500, 500, 0, 0, 1)
            self._ledger.incidents.open(before, opener, since=first - 13)
            self._ledger.incidents.close(before, by=f"b{first}-plan-gate")
            evidence = {
                "champion": before,
                "challenger": release,
                "candidates": [release],
                "since": first - 13,
                "attempt": 1,
                "scores": {"champion": 0.53, "challenger": 0.75},
                "difference": 0.22,
                "lower_bound": 0.15,
                "p_value": 1e-6,
                "level": 0.025,
                "rows": 487,
                "discordant": 131,
            }
        reason = (
            "The challenger takes over: F1 0.750 against 0.530 on 487 rows."
            if number
            else "F1 0.750; a constant 0.330."
        )
        gate = Decision(
            f"b{first}-plan-gate", "gate", _id(first), release, "promote", reason, evidence, done=True
        )
        self._ledger.decisions.add(gate, order=first, run=first)


def _id(order: int) -> str:
    return f"{order:016x}"


def _at(order: int, seconds: int = 0) -> str:
    return timestamp(START + timedelta(hours=order, seconds=seconds))


def _labels() -> dict[str, Any]:
    waiting = [
        {"id": f"2021-0{n}-01", "begun": f"2021-0{n}-01T00:00:00+00:00", "rows": 900, "labelled": 100 * n}
        for n in (1, 2)
    ]
    delays = [{"days": d, "share": 1 - math.exp(-d / 6), "rows": 1800 - 30 * d} for d in range(0, 30, 3)]
    return {"counted": {}, "waiting": waiting, "delays": delays}
