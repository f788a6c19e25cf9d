"""What a profile is, and how profiles add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vigil.errors import ContractError
from vigil.profiles import codec, distinct, histogram, levels, pairs, sampled
from vigil.profiles.histogram import Histogram
from vigil.profiles.levels import Levels
from vigil.profiles.pairs import Pairs
from vigil.profiles.sampled import Sample
from vigil.records import Kind


@dataclass(frozen=True, slots=True)
class Numbers:
    """The finite values of a column: numbers, dates as seconds since 1970, or lengths of texts.

    ``total`` and ``squares`` are exact, in units of 2^-1074 and 2^-2148 (see `sums`). ``minimum`` and
    ``maximum`` are None when there is no value. ``sample`` holds the lowest hashes of the values (see
    `distinct`), and nothing while the histogram has every value.
    """

    count: int
    zeros: int
    negative: int
    infinite: int
    total: int
    squares: int
    minimum: float | None
    maximum: float | None
    histogram: Histogram
    sample: tuple[int, ...] = ()

    def distinct(self) -> int:
        """Return the number of different values: exact, or estimated within about 13 %."""
        if self.histogram.is_exact:
            return len(self.histogram.keys)
        return distinct.estimate(self.sample)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column's rows: ``numbers`` unless it is a category, which has ``levels`` instead.

    ``rows`` counts all rows, ``missing`` those without a value; a batch that lacks the column counts
    as missing in every row. Text has ``numbers`` about its lengths in characters.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    numbers: Numbers | None = None
    levels: Levels | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """The summary of a set of rows, column by column, sorted by name.

    Two profiles are equal, and so are their bytes, whenever the rows are the same, however these were
    split and in whatever order they came; for ``pairs``, when they were cut alike (see `pairs`), and for
    ``sample``, when all rows carried their hashes, or none did (see `sampled`).
    """

    rows: int
    columns: tuple[ColumnProfile, ...]
    pairs: Pairs = field(default_factory=Pairs)
    sample: Sample = field(default_factory=Sample)

    def column(self, name: str) -> ColumnProfile | None:
        """Return one column's profile, or None when there is none of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the profile as plain JSON values."""
        return codec.to_json(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Profile:
        """Return the profile that `to_json` gave. Raises VigilError when it is none."""
        return codec.from_json(content)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes: equal for equal profiles, on every machine."""
        return codec.to_bytes(self)


def merge(profiles: Iterable[Profile]) -> Profile:
    """Add profiles of disjoint sets of rows; the same result in any order and grouping.

    A column that only some of them have counts as missing in the rows of the others. Without any
    profile the result has no rows and no columns. Raises ContractError when two differ in a column's
    kind.
    """
    parts = list(profiles)
    rows = sum(part.rows for part in parts)
    found: dict[str, list[ColumnProfile]] = {}
    for part in parts:
        for column in part.columns:
            found.setdefault(column.name, []).append(column)
    columns = tuple(_merged_column(found[name], rows) for name in sorted(found))
    together = pairs.merged([part.pairs for part in parts])
    return Profile(rows, columns, together, sampled.merged(part.sample for part in parts))


def _merged_column(columns: Sequence[ColumnProfile], rows: int) -> ColumnProfile:
    """Add what profiles say about one column, of ``rows`` rows in all."""
    first = columns[0]
    kinds = sorted({column.kind for column in columns})
    if len(kinds) > 1:
        hint = "Give the changed column a new name."
        raise ContractError(f"column {first.name} is a {kinds[0]} and a {kinds[1]}.", hint=hint)
    numbers = [column.numbers for column in columns if column.numbers is not None]
    categories = [column.levels for column in columns if column.levels is not None]
    return ColumnProfile(
        name=first.name,
        kind=first.kind,
        rows=rows,
        missing=rows - sum(column.rows - column.missing for column in columns),
        numbers=_merged_numbers(numbers) if numbers else None,
        levels=levels.merged(categories) if categories else None,
    )


def _merged_numbers(parts: Sequence[Numbers]) -> Numbers:
    """Add the summaries of values."""
    counted = histogram.merged([part.histogram for part in parts])
    hashes = [part.sample or distinct.lowest(histogram.exact_bits(part.histogram)) for part in parts]
    return Numbers(
        count=sum(part.count for part in parts),
        zeros=sum(part.zeros for part in parts),
        negative=sum(part.negative for part in parts),
        infinite=sum(part.infinite for part in parts),
        total=sum(part.total for part in parts),
        squares=sum(part.squares for part in parts),
        minimum=min((part.minimum for part in parts if part.minimum is not None), default=None),
        maximum=max((part.maximum for part in parts if part.maximum is not None), default=None),
        histogram=counted,
        sample=() if counted.is_exact else distinct.merged(hashes),
    )
