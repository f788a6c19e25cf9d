"""Profiles of single columns, made from values as a batch has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

from vigil.profiles import ColumnProfile, profile
from vigil.profiles.levels import of_counts
from vigil.records import Column, Kind

_TYPES = {
    "number": pa.float64(),
    "category": pa.string(),
    "text": pa.string(),
    "date": pa.timestamp("us", "UTC"),
}
Pair = tuple[ColumnProfile, ColumnProfile]


def column(kind: Kind, values: Sequence[Any], name: str = "x") -> ColumnProfile:
    """Profile one column of values; None is missing."""
    cells = pa.array([value.item() if hasattr(value, "item") else value for value in values], _TYPES[kind])
    return profile(pa.table({name: cells}), [Column(name, kind)]).columns[0]


def category(counts: Sequence[int]) -> ColumnProfile:
    """Profile a category from the rows of each level."""
    named = [(f"level {place}", int(count)) for place, count in enumerate(counts) if count]
    return ColumnProfile("x", "category", sum(map(int, counts)), 0, None, of_counts(named))


@pytest.fixture
def pair() -> Callable[[Kind, Sequence[Any], Sequence[Any]], Pair]:
    """Profile two samples of one column."""
    return lambda kind, first, second: (column(kind, first), column(kind, second))
