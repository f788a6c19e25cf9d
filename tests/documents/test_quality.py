"""What the report says of changed data: how sure, whether it matters, and in how many batches."""

from typing import Any

import pytest

from tests.documents.cases import broken_feed
from vigil.charts import drift
from vigil.documents.chapters import performance, quality


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"verdict": "none", "significant": False}, "as before"),
        ({"verdict": "none", "significant": True}, "differs too little to matter"),
        ({"verdict": "none"}, "as before"),
        ({"verdict": "drift", "significant": True}, "drift"),
        ({"verdict": "drift", "lasting": True, "since": "may.csv"}, "drift, beyond doubt"),
        ({"verdict": "drift", "lasting": True, "since": "april.csv"}, "drift that lasts, since april.csv"),
        ({"verdict": "too little data"}, "too little data"),
    ],
)
def test_a_verdict_says_what_was_shown(column: dict[str, Any], words: str) -> None:
    """One batch establishes no drift of many; what is certain and small is said to be both."""
    assert quality._drift_verdict(column, "may.csv") == words


def test_small_differences_are_counted() -> None:
    """They are no drift, and not hidden either; an answer of before they were counted has none."""
    returns = broken_feed()
    columns = returns["diagnostics"]["drift"]
    for column in columns:
        column.update(verdict="none", lasting=False)
    assert quality._drift_lead(returns, columns).endswith("no column differs by enough to matter.")
    columns[0]["significant"] = True
    assert "1 column differs by more than chance" in quality._drift_lead(returns, columns)


def test_a_column_of_too_many_levels_has_a_limit() -> None:
    """Frequent ones are named with their limits; without any, none has more than the fullest bucket."""
    told = {"most_frequent": None, "most_frequent_rows": [3, 120], "count": 1000}
    assert quality._frequent(told) == "none has more than 12.0 %"
    told["most_frequent_about"] = [["Berlin", 118, 109, 120]]
    assert quality._frequent(told) == "Berlin about 11.8 % [10.9, 12.0]"


def test_a_p_value_is_never_zero() -> None:
    """What is too small for a number is said to be small; an effect of nothing is nothing."""
    assert quality._chance(0.0) == quality._chance(1e-9) == "< 0.001"
    assert quality._chance(0.0154) == "0.015"
    assert quality._chance(None) == "–"
    assert quality._decimals(0.0) == "0.000"


def test_an_established_drift_says_in_how_many_batches() -> None:
    """After one batch it is one of one, whatever the evidence."""
    column = {"column": "age", "verdict": "drift", "lasting": True, "effect": 0.3, "floor": 0.1}
    batches = [{"name": "may.csv", "columns": [column]}]
    told = drift.describe({"trend": {"drift": batches}})
    assert told.endswith("Established beyond doubt: age in 1 of 1 batch.")
    assert drift.describe({"trend": {"drift": batches * 3}}).endswith("age in 3 of 3 batches.")


def test_a_broken_feed_is_said_to_have_moved_the_score() -> None:
    """Before the split of a score that a fault moved stands what to mend."""
    returns = broken_feed()
    returns["diagnostics"]["moved"] = {"words": "F1 went down.", "rows": [5, 5]}
    returns["diagnostics"]["drift_of"]["name"] = returns["diagnostics"]["faults"][0]["name"]
    assert any(performance._BROKEN in str(block) for block in performance.story(returns))
    returns["diagnostics"]["faults"][0]["state"] = "dismissed"
    assert not any(performance._BROKEN in str(block) for block in performance.story(returns))
