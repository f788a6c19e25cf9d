"""The measures of change in one column: one file each, found by its name.

A file ``<name>.py`` here satisfies ``Measure``. Each looks at two profiles of a column, on the buckets
or levels that both have in common.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from typing import Protocol, cast

from vigil.errors import VigilError
from vigil.profiles import ColumnProfile
from vigil.records import Kind


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


def names(kind: Kind | None = None) -> tuple[str, ...]:
    """Return the names of all measures, or of those that fit a kind of column, sorted."""
    found = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
    return found if kind is None else tuple(name for name in found if kind in get(name).KINDS)


def get(name: str) -> Measure:
    """Return a measure. Raises VigilError for an unknown name, with the one that was probably meant."""
    known = names()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        hint = f"{meant}Known: {', '.join(known)}."
        raise VigilError(f"{name!r} is not a measure of drift.", where="drift", hint=hint)
    return cast("Measure", importlib.import_module(f"{__name__}.{name}"))


def measure(name: str, reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Compare two profiles of one column by one measure.

    None when the measure does not fit the column's kind, or either side has no rows to look at. Raises
    VigilError for an unknown name.
    """
    chosen = get(name)
    fits = current.kind == reference.kind and reference.kind in chosen.KINDS
    return chosen.measure(reference, current) if fits else None
