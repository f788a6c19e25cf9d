from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tests.models.samples import CLASSES, FEATURES, METRICS, rows, target
from vigil.errors import VigilError
from vigil.models import registry, searching
from vigil.models.fitting import Lesson
from vigil.models.spaces import filled

FOREVER = float("inf")


def lesson(kind: str = "logistic", task: str = "binary", count: int = 300, metric: str = "") -> Lesson:
    """Return rows to search on."""
    columns, score = rows(count)
    return Lesson.of(
        kind,
        columns,
        target(score, task),
        task=task,
        classes=CLASSES[task],
        features=FEATURES,
        metric=metric or METRICS[task],
        seed=3,
    )


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_same_lesson_gives_the_same_search(task: str) -> None:
    """Seeded: all trials and their scores come again; the best is the best of those that were tried."""
    one, other = (searching.search(lesson(task=task), [], iter(range(8)), until=FOREVER) for _ in range(2))
    assert one == other
    assert len(one.tried) == 8
    values = [value for _, value in one.tried if value is not None]
    assert one.value == (min(values) if task == "regression" else max(values))
    assert (one.settings, one.value) in one.tried


def test_the_incumbent_is_tried_first_and_the_usual_settings_next() -> None:
    """What is not of the type's space any more is left out of the incumbent's settings."""
    incumbent = {"penalty": 7.5, "gone": 1.0}
    found = searching.search(lesson(), [incumbent], iter(range(3)), until=FOREVER)
    assert [settings for settings, _ in found.tried[:2]] == [{"penalty": 7.5}, {}]
    assert set(found.tried[2][0]) == set(registry.get("logistic").SPACE)


def test_usual_settings_are_tried_once() -> None:
    """An incumbent with the usual settings takes no trial of its own."""
    usual = filled(registry.get("logistic").SPACE, {})
    found = searching.search(lesson(), [usual], iter(range(2)), until=FOREVER)
    assert [settings == {} for settings, _ in found.tried] == [True, False]


def test_no_trial_begins_when_the_time_is_over() -> None:
    """The first is made in any case, so that there is something to go by."""
    moments = iter([1.0, 2.0, 9.0])
    found = searching.search(lesson(), [], iter(range(8)), until=5.0, clock=lambda: next(moments))
    assert len(found.tried) == 3
    assert len(searching.search(lesson(), [], iter(range(8)), until=-FOREVER).tried) == 1


def test_a_score_that_is_undefined_is_no_trial_to_follow() -> None:
    """A lone positive gives no score: the search ends with the usual settings."""
    columns, _ = rows(12)
    few = Lesson.of(
        "logistic",
        columns,
        np.array([1] + [0] * 11),
        task="binary",
        classes=CLASSES["binary"],
        features=FEATURES,
        metric="f1",
        seed=0,
    )
    found = searching.search(few, [], iter(range(4)), until=FOREVER)
    assert (found.settings, found.value, len(found.tried)) == ({}, None, 4)


def test_settings_out_of_range_are_refused() -> None:
    """The error names what cannot be set, and what can."""
    with pytest.raises(VigilError, match="penalty") as caught:
        lesson().planned({"penalty": 1e9})
    assert "knots" in caught.value.hint


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for by name, before anything is fitted."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(VigilError, match=r"\.\[tune\]"):
        searching.search(lesson(), [], iter(range(8)), until=FOREVER)
