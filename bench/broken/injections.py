"""Faults as sources make them, each at three strengths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.broken.data import Data
from vigil import faults
from vigil.faults import mending
from vigil.faults.case import as_array

Random = np.random.Generator


@dataclass(frozen=True)
class Broken:
    """A batch with a fault in it: the columns that it fell on, rows that were dropped as known."""

    rows: pa.Table
    columns: tuple[str, ...]
    dropped: int = 0


Inject = Callable[[Data, int, float, Random], Broken | None]


def chosen(rows: int, share: float, random: Random) -> np.ndarray:
    """Draw a share of the rows: one of several sources went wrong."""
    return random.random(rows) < share if share < 1 else np.ones(rows, dtype=bool)


def block(rows: int, share: float) -> np.ndarray:
    """Take the last share of the rows: something broke during the day."""
    return np.arange(rows) >= rows * (1 - share)


def pick(
    data: Data, random: Random, kind: str, *, fits: Callable[[str], bool] = lambda _: True
) -> str | None:
    """Draw a feature of a kind that fits."""
    names = [c.name for c in data.contract.features if c.kind == kind and fits(c.name)]
    return str(random.choice(names)) if names else None


def cells(data: Data, at: int, name: str) -> Any:
    """Return one column of one batch."""
    column = next(column for column in data.contract.columns if column.name == name)
    return as_array(data.batches[at], column)


def numbers(
    data: Data,
    at: int,
    random: Random,
    change: Callable[[Any, Any], Any],
    mask: Any,
    fits: Callable[[Any], bool],
) -> Broken | None:
    """Change the numbers of a column where the mask holds."""
    name = pick(data, random, "number", fits=lambda name: fits(cells(data, at, name)))
    if name is None:
        return None
    values = cells(data, at, name).copy()
    values[mask] = change(values[mask], values)
    return Broken(mending.with_numbers(data.batches[at], name, values), (name,))


def varied(values: Any) -> bool:
    """Ask that a column has something to lose: ten values or more, few of them zero."""
    known = values[np.isfinite(values)]
    return len(np.unique(known)) >= 10 and float((known == 0).mean()) < 0.2


def unit(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Write a column in another unit in a share of the rows."""
    factor, offset = [
        (10, 0),
        (100, 0),
        (1000, 0),
        (0.1, 0),
        (0.01, 0),
        (0.001, 0),
        (1.8, 32),
        (1 / 1.8, -32 / 1.8),
    ][int(random.integers(0, 8 if data.name == "weather" else 6))]
    mask = chosen(data.batches[at].num_rows, share, random)
    if offset:
        return numbers(
            data,
            at,
            random,
            lambda some, _: np.round(some * factor + offset, 1),
            mask,
            lambda v: varied(v) and np.nanmax(v) > 20 and np.nanmax(v) < 150,
        )
    return numbers(data, at, random, lambda some, _: some * factor, mask, varied)


def sentinel(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Write −999 or 9999 in a share of the rows."""
    value = float(random.choice([-999, 99999, -1e6]))
    return numbers(
        data, at, random, lambda _some, _: value, chosen(data.batches[at].num_rows, share, random), varied
    )


def swapped(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Swap two features of one kind in a share of the rows."""
    names = [c for c in data.contract.features if c.kind in ("number", "category")]
    pairs = [(a.name, b.name) for i, a in enumerate(names) for b in names[i + 1 :] if a.kind == b.kind]
    pairs = [pair for pair in pairs if differ(data, at, pair)]
    if not pairs:
        return None
    first, second = pairs[int(random.integers(0, len(pairs)))]
    mask = chosen(data.batches[at].num_rows, share, random)
    return Broken(mending.exchanged(data.batches[at], {first: second, second: first}, mask), (first, second))


def differ(data: Data, at: int, pair: tuple[str, str]) -> bool:
    """Ask that two columns differ in half of the rows: a swap that changes nothing is none."""
    a, b = cells(data, at, pair[0]), cells(data, at, pair[1])
    return (
        float((a != b).mean()) > 0.5
        if a.dtype.kind == "f"
        else float(np.mean([x != y for x, y in zip(a, b, strict=True)])) > 0.3
    )


def shifted(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Move the cells of neighbouring columns of one kind by one in a share of the rows."""
    from vigil.faults.kinds.shifted_columns import _runs

    runs = _runs([c for c in data.contract.columns if c.kind in ("number", "category")])
    if not runs:
        return None
    run = runs[int(random.integers(0, len(runs)))]
    names = run[int(random.integers(0, len(run) - 2)) :]
    step = int(random.choice([1, -1]))
    places = range(len(names))
    source = {names[i]: names[i - step] if i - step in places else None for i in places}
    mask = chosen(data.batches[at].num_rows, share, random)
    return Broken(mending.exchanged(data.batches[at], source, mask), tuple(names))


def relevel(
    data: Data,
    at: int,
    random: Random,
    how: Callable[[str, dict[str, int]], dict[str, str] | None],
    share: float,
) -> Broken | None:
    """Rename levels of a category in a share of the rows."""
    name = pick(data, random, "category")
    if name is None:
        return None
    column = cells(data, at, name)
    levels, counts = np.unique(column[column != None].astype(str), return_counts=True)  # noqa: E711
    renamed = how(name, dict(zip(levels.tolist(), counts.tolist(), strict=True)))
    if not renamed:
        return None
    mask = chosen(len(column), share, random)
    made = [renamed.get(cell, cell) if hit else cell for cell, hit in zip(column, mask, strict=True)]
    if sum(a != b for a, b in zip(made, column, strict=True)) < 5:
        return None
    return Broken(
        mending.with_column(data.batches[at], name, pa.chunked_array([pa.array(made, pa.string())])), (name,)
    )


def renamed(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Give a level another name, in a share of its rows."""
    return relevel(
        data,
        at,
        random,
        lambda _, t: {str(random.choice([k for k, v in t.items() if v >= 25] or list(t))): "Category 7"},
        share,
    )


def merged(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Merge levels: one into another, two into a new one, or all but one into a new one."""

    def how(_: str, tally: dict[str, int]) -> dict[str, str] | None:
        frequent = [k for k, v in tally.items() if v >= 25]
        if len(frequent) < 3:
            return None
        random.shuffle(frequent)
        if share < 0.2:
            return {frequent[0]: frequent[1]}
        gone = frequent[:2] if share < 0.9 else frequent[:-1]
        return dict.fromkeys(gone, "Other")

    return relevel(data, at, random, how, 1.0)


def respelt(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Write levels in upper or lower case, or with double spaces."""
    way = int(random.integers(0, 3))
    spell = [str.upper, str.lower, lambda level: level.replace(" ", "  ")][way]
    return relevel(data, at, random, lambda _, t: {k: spell(k) for k in t if spell(k) != k}, share)


def cut(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Cut levels off after four to eight characters."""
    length = int(random.integers(4, 9))
    return relevel(
        data,
        at,
        random,
        lambda _, t: {k: k[:length].strip() for k in t if len(k) > length and k[:length].strip() not in t},
        share,
    )


def stuck(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Repeat one value from some row to the end."""
    mask = block(data.batches[at].num_rows, share)
    return numbers(data, at, random, lambda some, _: some[np.isfinite(some)][0], mask, varied)


def doubled(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Send rows of the last batch again: whole repeats are dropped, as they are on the way in."""
    rows, before = data.batches[at], data.batches[at - 1]
    count = min(round(share * rows.num_rows), before.num_rows)
    kept = rows.slice(0, rows.num_rows - count)
    keyed = bool(data.contract.by_role("key") or data.contract.by_role("time"))
    if keyed and random.random() < 0.5:
        # The key or the moment is new, everything else has come before.
        again = before.slice(0, count)
        for column in (*data.contract.by_role("key"), *data.contract.by_role("time")):
            fresh = rows.column(column.name).slice(rows.num_rows - count)
            again = again.set_column(again.column_names.index(column.name), column.name, fresh)
        return Broken(pa.concat_tables([kept, again]), ())
    return Broken(kept, (), dropped=count)


def constant(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Write one class from some row to the end."""
    target = data.contract.target.name
    column = list(cells(data, at, target))
    value = str(random.choice(data.contract.classes))
    mask = block(len(column), share)
    made = [value if hit else cell for cell, hit in zip(column, mask, strict=True)]
    return Broken(
        mending.with_column(data.batches[at], target, pa.chunked_array([pa.array(made)])), (target,)
    )


def flipped(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Turn the classes round in a share of the rows."""
    target, (first, second) = data.contract.target.name, data.contract.classes
    other = {first: second, second: first}
    column = cells(data, at, target)
    mask = chosen(len(column), share, random)
    made = [other.get(cell, cell) if hit else cell for cell, hit in zip(column, mask, strict=True)]
    return Broken(
        mending.with_column(data.batches[at], target, pa.chunked_array([pa.array(made)])), (target,)
    )


def clock(data: Data, at: int, hours: float, random: Random) -> Broken | None:
    """Move all moments by some hours, either way."""
    times = [c.name for c in data.contract.columns if c.kind == "date"]
    if not times:
        return None
    sign = float(random.choice([-1, 1]))
    found = faults.get("clock_shift").mend(
        data.batches[at], {"column": times[0], "seconds": sign * hours * 3600}
    )
    return Broken(found, (times[0],))


def rounded(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Round to one digit less than a quarter of the spread, in a share of the rows."""
    mask = chosen(data.batches[at].num_rows, share, random)

    def coarse(some: Any, every: Any) -> Any:
        return np.round(some, -int(np.floor(np.log10(np.nanstd(every) / 4))))

    def can_lose(values: Any) -> bool:
        if not varied(values):
            return False
        changed = coarse(values, values)
        known = np.isfinite(values)
        return float((changed[known] != values[known]).mean()) > 0.6 and len(np.unique(changed[known])) > 4

    return numbers(data, at, random, coarse, mask, can_lose)


def clipped(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Cut a column off above or below, so that a share of the rows lies on the limit."""
    above = bool(random.integers(0, 2))
    every = np.ones(data.batches[at].num_rows, dtype=bool)

    def change(some: Any, _: Any) -> Any:
        limit = np.nanquantile(some, 1 - share if above else share)
        return np.minimum(some, limit) if above else np.maximum(some, limit)

    def fits(values: Any) -> bool:
        changed = change(values, values)
        return varied(values) and float((changed != values).mean()) > share / 2

    return numbers(data, at, random, change, every, fits)


def emptied(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Leave the cells of a column out in a share of the rows."""
    return numbers(
        data, at, random, lambda _some, _: np.nan, chosen(data.batches[at].num_rows, share, random), varied
    )


def leaking(data: Data, at: int, share: float, random: Random) -> Broken | None:
    """Write the label into a feature, right in a share of the rows."""
    name = pick(data, random, "number")
    if name is None:
        return None
    rows = data.batches[at]
    truth = cells(data, at, data.contract.target.name) == data.contract.positive
    wrong = random.random(len(truth)) >= share
    return Broken(mending.with_numbers(rows, name, (truth ^ wrong).astype(float)), (name,))


def short(data: Data, at: int, share: float, _: Random) -> Broken | None:
    """Send only the first share of the rows."""
    return Broken(data.batches[at].slice(0, max(1, round(share * data.batches[at].num_rows))), ())


INJECTIONS: dict[str, tuple[Inject, tuple[float, float, float], str]] = {
    "unit_change": (unit, (0.1, 0.3, 1.0), "share of rows"),
    "sentinel": (sentinel, (0.02, 0.1, 0.3), "share of rows"),
    "swapped_columns": (swapped, (0.2, 0.5, 1.0), "share of rows"),
    "shifted_columns": (shifted, (0.1, 0.3, 1.0), "share of rows"),
    "renamed_levels": (renamed, (0.1, 0.3, 1.0), "share of the level's rows"),
    "merged_levels": (merged, (0.1, 0.5, 1.0), "one level into another, two into one, all but one into one"),
    "case_change": (respelt, (0.1, 0.3, 1.0), "share of rows"),
    "truncated": (cut, (0.1, 0.3, 1.0), "share of rows"),
    "stuck": (stuck, (0.1, 0.3, 1.0), "share of rows, from some row on"),
    "duplicated": (doubled, (0.1, 0.3, 1.0), "share of rows"),
    "constant_labels": (constant, (0.3, 0.6, 1.0), "share of rows, from some row on"),
    "flipped_labels": (flipped, (0.8, 0.9, 1.0), "share of rows"),
    "clock_shift": (clock, (2.0, 5.5, 9.0), "hours"),
    "precision_loss": (rounded, (0.1, 0.3, 1.0), "share of rows"),
    "clipped": (clipped, (0.05, 0.1, 0.3), "share of rows beyond the limit"),
    "null_spike": (emptied, (0.1, 0.3, 1.0), "share of rows"),
    "leak": (leaking, (0.95, 0.98, 1.0), "share of rows that agree"),
    "partial_file": (short, (0.5, 0.3, 0.1), "share of rows that came"),
}
