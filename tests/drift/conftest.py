"""Profiles of single columns, made from values as a batch has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

from vigil.profiles import ColumnProfile, profile
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


@pytest.fixture
def pair() -> Callable[[Kind, Sequence[Any], Sequence[Any]], Pair]:
    """Profile two samples of one column."""
    return lambda kind, first, second: (column(kind, first), column(kind, second))
