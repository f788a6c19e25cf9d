"""The summary statistics that people and the service read off a profile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from vigil.profiles import distinct, frequent, histogram, sums
from vigil.profiles.levels import Levels
from vigil.profiles.record import ColumnProfile, Numbers, Profile

QUANTILES = (0.05, 0.25, 0.75, 0.95)
_ABSENT = (
    "mean",
    "median",
    "std",
    "minimum",
    "maximum",
    "quantiles",
    "zeros",
    "distinct",
    "distinct_error",
    "length",
    "most_frequent",
    "most_frequent_about",
    "most_frequent_rows",
)
#: The standard error of a number of levels that are too many to count, relative.
LEVELS_ERROR = 1.04 / 32


def summary(profile: Profile) -> list[dict[str, Any]]:
    """Return the statistics of each column, None where one makes no sense.

    Mean and standard deviation (n − 1) are exact up to rounding; median and quantiles are within one
    bucket of the histogram, about 3 % of the value at most on usual data; dates are seconds since
    1970, UTC. ``distinct`` is exact or an estimate with the relative standard error ``distinct_error``;
    text has the ``length`` of its cells. ``most_frequent`` levels are exact, and given while all levels are
    counted; beyond that ``most_frequent_about`` has levels with their estimated rows, and the least and the
    most that each has (see `frequent`). ``most_frequent_rows`` are the least and the most rows that any level
    can have, for certain.
    """
    return [_column(column, profile.sample.of(column.name)) for column in profile.columns]


def _column(column: ColumnProfile, sample: Sequence[str | None]) -> dict[str, Any]:
    """Return one column's statistics."""
    found: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind,
        "count": column.rows - column.missing,
        "missing": column.missing,
        "missing_share": column.missing / column.rows if column.rows else None,
        **dict.fromkeys(_ABSENT),
    }
    if column.numbers is not None and column.kind != "text":
        found.update(_numbers(column.numbers, is_date=column.kind == "date"))
    elif column.numbers is not None and column.numbers.count:
        found["length"] = _lengths(column.numbers)
    if column.levels is not None:
        found.update(_levels(column.levels, sample))
    return found


def _numbers(numbers: Numbers, *, is_date: bool) -> dict[str, Any]:
    """Return the statistics of values."""
    if not numbers.count:
        return {}
    exact = numbers.histogram.is_exact or len(numbers.sample) < distinct.KEPT
    std = sums.deviation(numbers.total, numbers.squares, numbers.count) if numbers.count > 1 else math.inf
    return {
        "mean": sums.mean(numbers.total, numbers.count),
        "median": _quantile(numbers, 0.5),
        "std": std if math.isfinite(std) else None,
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
        "quantiles": {str(share): _quantile(numbers, share) for share in QUANTILES},
        "zeros": None if is_date else numbers.zeros,
        "distinct": numbers.distinct(),
        "distinct_error": 0.0 if exact else distinct.ERROR,
    }


def _lengths(numbers: Numbers) -> dict[str, Any]:
    """Return the statistics of the lengths of texts, in characters."""
    return {
        "mean": sums.mean(numbers.total, numbers.count),
        "median": _quantile(numbers, 0.5),
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
    }


def _quantile(numbers: Numbers, share: float) -> float:
    """Return a quantile, never beyond the extremes."""
    value = histogram.quantile(numbers.histogram, share)
    low, high = numbers.minimum, numbers.maximum
    return value if low is None or high is None else min(max(value, low), high)


def _levels(levels: Levels, sample: Sequence[str | None]) -> dict[str, Any]:
    """Return the statistics of categories."""
    often, exact = frequent.of_levels(levels, sample), levels.is_exact
    return {
        "distinct": levels.distinct(),
        "distinct_error": 0.0 if exact else LEVELS_ERROR,
        "most_frequent": [[one.level, one.rows] for one in often] if exact else None,
        "most_frequent_about": None
        if exact
        else [[one.level, one.rows, one.least, one.most] for one in often],
        "most_frequent_rows": list(levels.most()),
    }
