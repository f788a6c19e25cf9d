"""The sentence about a column."""

from __future__ import annotations

from datetime import UTC, datetime

from vigil.drift import wording


def test_medians_and_missing_shares(pair) -> None:
    """Numbers tell medians, and the share of missing rows with a decimal while it is small."""
    first, second = pair("number", [84.0] * 249 + [None], [171.0] * 90 + [None] * 10)
    assert wording.changed(first, second) == "x: median 84 → 171; missing 0.4 % → 10 %"


def test_lengths_and_days(pair) -> None:
    """Text tells lengths, dates tell days."""
    assert wording.changed(*pair("text", ["ab"], ["abcd"])).startswith("x: median length 2 → 4")
    days = [datetime(2026, month, 5, tzinfo=UTC) for month in (1, 3)]
    assert "median 2026-01-05 → 2026-03-05" in wording.changed(*pair("date", [days[0]], [days[1]]))


def test_the_level_that_changed_most(pair) -> None:
    """Categories tell the level whose share changed most, and levels not seen before."""
    first, second = pair("category", ["a"] * 6 + ["b"] * 4, ["a"] * 2 + ["b"] * 5 + ["c"] * 2 + ["d"])
    said = wording.changed(first, second)
    assert said == "x: “a” 60 % → 20 %; 30 % in levels not seen before (“c” and 1 more)"


def test_too_many_levels_are_counted(pair) -> None:
    """Where levels are too many to list, their number is told."""
    said = wording.changed(*pair("category", [f"{n}" for n in range(1000)], ["1", "2"]))
    assert said.startswith("x: levels about ")
    assert said.endswith(" → 2")


def test_what_lies_far_out_stays_readable() -> None:
    """A moment no calendar has and a share near nothing are said as such."""
    assert wording._day(1e15) == "a day beyond the calendar"
    assert wording._share(0.0004) == "< 0.1 %"
