"""The measures of change: one file each, found by its name.

A file ``<name>.py`` here satisfies ``Measure``, which looks at two profiles of one column, on the buckets
or levels that both have in common; or ``Whole``, whose only kind is ``batch`` and which looks at all
columns together.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import numpy.typing as npt

from vigil import plugins
from vigil.errors import VigilError
from vigil.profiles import ColumnProfile, Profile
from vigil.records import Kind

Rows = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measure found, on ``n_ref`` and ``n_cur`` rows.

    ``p_value`` is valid when no row's distribution has changed, also for ties and rare levels; None
    when the measure has no null distribution, or these rows could not have shown any change.
    ``effect`` is the size of the change, from 0, and does not grow with the number of rows.
    """

    statistic: float
    p_value: float | None
    effect: float
    n_ref: int
    n_cur: int


class Measure(Protocol):
    """What a file of this folder offers.

    ``FLOOR`` is the smallest effect that matters in practice, with its reason in the file.
    ``DECIDES`` says that it gives p-values; a measure without them only shows.
    """

    NAME: str
    KINDS: tuple[Kind, ...]
    FLOOR: float
    DECIDES: bool

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
        """Compare two profiles of a column; None when either has no rows to look at."""

    def detectable(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
        """Return the smallest effect found with 80 % power at level ``alpha``, or None without one."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: its profile and, where they were read, its rows.

    ``rows`` holds an array for each column, shape (n,): numbers and dates as float64 with NaN for missing,
    levels and texts as objects with None.
    """

    profile: Profile
    rows: Rows | None = None


class Whole(Protocol):
    """What a file offers that looks at a batch as a whole; ``TITLE`` is what people call what it looks at.

    ``FLOOR`` and ``DECIDES`` are those of ``Measure``.
    """

    NAME: str
    KINDS: tuple[Literal["batch"]]
    TITLE: str
    FLOOR: float
    DECIDES: bool

    def measure(self, reference: Side, current: Side) -> Measured | None:
        """Compare two sides; None when there is nothing to look at."""

    def detectable(self, reference: Side, current: Side, alpha: float) -> float | None:
        """Return the smallest effect found with 80 % power at level ``alpha``, or None without one."""

    def words(self, reference: Side, current: Side) -> str:
        """Say what changed, beginning with ``TITLE`` and a colon."""


def names(kind: Kind | Literal["batch"] | None = None) -> tuple[str, ...]:
    """Return the names of all measures, or of those that fit a kind of column or the batch, sorted."""
    found = plugins.names(__path__)
    return found if kind is None else tuple(name for name in found if kind in _opened(name).KINDS)


def get(name: str) -> Measure:
    """Return a measure of one column. Raises VigilError for an unknown name, naming the likely one."""
    return cast("Measure", _known(name, tuple(n for n in names() if "batch" not in _opened(n).KINDS)))


def whole(name: str) -> Whole:
    """Return a measure of the batch as a whole. Raises VigilError as `get` does."""
    return cast("Whole", _known(name, names("batch")))


def _known(name: str, there: tuple[str, ...]) -> Any:
    """Open a measure among those that there are."""
    if name not in there:
        what = f"{name!r} is not a measure of drift."
        raise VigilError(what, where="drift", hint=plugins.hint(name, there))
    return _opened(name)


def _opened(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}")


def measure(name: str, reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of one column by one measure.

    None when the measure does not fit the column's kind, or either side has no rows to look at. Raises
    VigilError for an unknown name.
    """
    chosen = get(name)
    fits = current.kind == reference.kind and reference.kind in chosen.KINDS
    return chosen.measure(reference, current) if fits else None
