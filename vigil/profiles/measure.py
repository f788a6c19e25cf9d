"""Making a profile from the rows of a batch, in one pass over each column."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from vigil.profiles import distinct, histogram, levels, pairs, sampled, sums
from vigil.profiles.histogram import Histogram
from vigil.profiles.pairs import Cuts
from vigil.profiles.record import ColumnProfile, Numbers, Profile
from vigil.records import Column

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]


def profile(table: pa.Table, columns: Sequence[Column], cuts: Cuts | None = None) -> Profile:
    """Summarise the rows of a table of n rows, in O(n) for each column.

    A column that the table lacks is missing in every row. Cells are typed by the contract: numbers as
    float64, dates as UTC timestamps, categories and texts as strings. With ``cuts`` the pairs of numbers are
    counted, those of features and target; columns that have no cuts yet are cut at their own quartiles. Rows
    that carry the table's hash are sampled.
    """
    ordered = sorted(columns, key=lambda column: column.name)
    made = tuple(in_turn(lambda column: _column(table, column), ordered, rows=table.num_rows))
    found = Profile(table.num_rows, made, sample=sampled.of_rows(table, columns))
    return found if cuts is None else with_pairs(found, columns, cuts, [table])


def with_pairs(found: Profile, columns: Sequence[Column], cuts: Cuts, parts: Iterable[pa.Table]) -> Profile:
    """Return the profile of rows that come in parts with the pairs of their numbers, as `profile` does."""
    counted = [column.name for column in columns if column.role in _PAIRED and column.kind == "number"]
    known = {name: cuts[name] for name in counted if name in cuts}
    chosen = pairs.chosen([column for column in found.columns if column.name in counted], known)
    counted_in_parts = [pairs.count(rows, chosen) for rows in parts] or [pairs.empty(chosen)]
    return replace(found, pairs=pairs.merged(counted_in_parts))


def in_turn(
    work: Callable[[Column], ColumnProfile], columns: Sequence[Column], *, rows: int
) -> list[ColumnProfile]:
    """Summarise columns, a few at a time where there are many rows: numpy and Arrow let go of the lock."""
    threads = min(_THREADS, os.cpu_count() or 1, len(columns))
    if rows < _MANY or threads < 2:
        return [work(column) for column in columns]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, columns))


def _column(table: pa.Table, column: Column) -> ColumnProfile:
    """Summarise one column."""
    import pyarrow as pa

    if column.name in table.column_names:
        cells: Any = table.column(column.name)
    else:
        cells = pa.chunked_array([pa.nulls(0, cast("Any", _TYPES[column.kind]))])
    numbers = _NUMBERS[column.kind](cells) if column.kind in _NUMBERS else None
    counted = _levels(cells) if numbers is None else None
    present = counted.rows if counted is not None else 0
    if numbers is not None:
        present = numbers.count + numbers.infinite
    return ColumnProfile(column.name, column.kind, table.num_rows, table.num_rows - present, numbers, counted)


def _numbers(cells: Any) -> Numbers:
    """Summarise numbers; NaN is missing."""
    values = cells.cast("float64").drop_null().to_numpy()
    infinite = 0
    if not np.isfinite(values.sum()):
        infinite = int(np.isinf(values).sum())
        values = values[np.isfinite(values)]
    keys = histogram.fine_keys(values)
    return _summed(values, infinite, histogram.of_keys(keys), keys)


def _dates(cells: Any) -> Numbers:
    """Summarise moments, as seconds since 1970."""
    import pyarrow as pa

    ticks = cells.cast(pa.timestamp("us", "UTC")).cast("int64").drop_null().to_numpy()
    return _summed(ticks / 1e6, 0, histogram.of_dates(ticks), ticks)


def _lengths(cells: Any) -> Numbers:
    """Summarise the lengths of texts, in characters."""
    from pyarrow import compute

    values = compute.utf8_length(cells).drop_null().to_numpy().astype(np.float64)
    keys = histogram.fine_keys(values)
    return _summed(values, 0, histogram.of_keys(keys), keys)


def _levels(cells: Any) -> levels.Levels:
    """Summarise categories."""
    from pyarrow import compute

    counted = compute.value_counts(cells.cast("string").drop_null())
    names, counts = counted.field("values"), counted.field("counts")
    if len(names) > levels.MOST and compute.max(compute.utf8_length(names)).as_py() <= levels.LONGEST:
        return levels.of_many(names, counts.to_numpy())
    return levels.of_counts(zip(names.to_pylist(), counts.to_pylist(), strict=True))


def _summed(values: Floats, infinite: int, counted: Histogram, keys: npt.NDArray[np.int64]) -> Numbers:
    """Summarise finite values; ``keys`` stand for them one by one."""
    total, squares = sums.moments(values)
    return Numbers(
        count=len(values),
        zeros=len(values) - int(np.count_nonzero(values)),
        negative=int(np.count_nonzero(values < 0)),
        infinite=infinite,
        total=total,
        squares=squares,
        minimum=float(values.min()) + 0.0 if len(values) else None,
        maximum=float(values.max()) + 0.0 if len(values) else None,
        histogram=counted,
        sample=() if counted.is_exact else distinct.lowest(keys),
    )


#: Rows from which columns are summarised at the same time, and how many at most.
_MANY, _THREADS = 50_000, 4
#: The roles of columns whose pairs are counted.
_PAIRED = ("feature", "target")
_TYPES = {"number": "float64", "date": "timestamp[us]", "category": "string", "text": "string"}
_NUMBERS: dict[str, Callable[[Any], Numbers]] = {"number": _numbers, "date": _dates, "text": _lengths}
