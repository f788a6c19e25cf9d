from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vigil.web.status import Seen, judged

HELD_OUT = {"labels": ["0", "1"], "confusion": [[60, 15], [10, 15]]}
NOW = {
    "release": "r1",
    "notice": None,
    "verdict": "steady",
    "reason": "F1 is 0.74.",
    "batch": {"name": "2026-02.csv"},
    "incident": None,
    "details": HELD_OUT,
}
FAULT = {
    "holds": True,
    "state": "open",
    "name": "2026-06.csv",
    "what": "The unit of spend has changed.",
    "what_to_do": "Repair it.",
    "command": "python diagnostics.py --fix 6-unit",
}
OPEN = {"state": "open", "release": "r1", "attempts": 2}


def seen(**changed: Any) -> Seen:
    """Return what a status is made from: all is well, but for what a test changes."""
    usual: dict[str, Any] = {
        "now": NOW | changed.pop("now", {}), "has_batches": True, "faults": (), "refused": 0,
        "paused": "", "tick_age": 60.0, "overdue": 1800.0, "input_folder": "sourcedata",
        "held_out": HELD_OUT, "promoted": "",
    }  # fmt: skip
    return Seen(**usual | changed)


NONE = {"release": None, "batch": None, "verdict": "insufficient data", "details": {}}
FLIPPED = {"labels": ["0", "1"], "confusion": [[10, 15], [15, 60]]}
CASES = {
    "damaged": (seen(now={"notice": "Release r2 cannot be loaded."}), "act"),
    "empty": (seen(now=NONE, has_batches=False), "idle"),
    "refused": (seen(now=NONE, has_batches=False, refused=2), "act"),
    "no-skill": (seen(now=NONE), "act"),
    "broken-feed": (seen(faults=(FAULT,), now={"verdict": "degraded", "incident": OPEN}), "act"),
    "incident": (seen(now={"verdict": "degraded", "incident": OPEN}), "act"),
    "degraded": (seen(now={"verdict": "degraded"}), "act"),
    "paused": (seen(paused="2026-03-01T08:00:00.000000Z"), "watch"),
    "overdue": (seen(tick_age=7200.0), "watch"),
    "watch": (seen(now={"verdict": "watch"}), "watch"),
    "unscored": (seen(now={"batch": None, "verdict": "insufficient data"}, promoted="Better."), "idle"),
    "insufficient-data": (seen(now={"verdict": "insufficient data"}), "idle"),
    "mix-changed": (seen(now={"details": FLIPPED}), "good"),
    "steady": (seen(), "good"),
}


@pytest.mark.parametrize("state", CASES)
def test_each_state_has_its_sentence_its_reason_and_what_to_do(state: str) -> None:
    """Whatever is the case, the page says it in one sentence, says why, and says what to do next."""
    found = judged(CASES[state][0])
    assert (found.state, found.severity) == (state, CASES[state][1])
    assert found.headline.endswith(".")
    assert len(found.headline) <= 110
    assert found.reason
    assert found.do.endswith(".")


def test_every_sentence_is_another_one() -> None:
    """No two states are told in the same words."""
    assert len({judged(case).headline for case, _ in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("state", sorted(CASES.keys() - {"broken-feed"}))
def test_one_thing_is_said_once(state: str) -> None:
    """Where one thing is the case, nothing stands besides it."""
    assert judged(CASES[state][0]).also == ()


def test_what_is_less_grave_is_said_besides() -> None:
    """A degraded model under paused ticks: the fall is the sentence, the pause stands below it."""
    found = judged(replace(CASES["degraded"][0], paused="2026-03-01T08:00:00.000000Z"))
    assert found.state == "degraded"
    assert found.also == ("Nobody looks after the model: ticks are paused.",)


def test_an_incident_of_a_release_that_is_gone_is_no_news() -> None:
    """After a promotion the old release's incident no longer says that the model is worse."""
    assert judged(seen(now={"incident": OPEN | {"release": "r0"}})).state == "steady"
