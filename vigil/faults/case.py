"""What a fault may look at: the batch, the rows before it, and what the live release learned on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.records import Column, Contract, Kind

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.density import Density
    from vigil.profiles import Profile

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Case:
    """One batch under suspicion.

    ``rows`` are its rows in the order of the file, ``profile`` is their profile; ``past`` holds the rows
    of the last sound batches, oldest first, and ``before`` their profiles; ``reference`` is the profile of
    what the live release learned on (None before the first). ``dropped`` counts rows of the file that were
    in the table already, and ``files`` has rows and dropped rows of earlier sound files, oldest first.
    ``late`` says that its rows were known before their labels came: they are of no file's size and time.
    ``suspects`` are columns that have a fault already: they are no witnesses about others.
    """

    contract: Contract
    rows: pa.Table
    profile: Profile
    past: Sequence[pa.Table] = ()
    before: Sequence[Profile] = ()
    reference: Profile | None = None
    dropped: int = 0
    late: bool = False
    files: Sequence[tuple[int, int]] = ()
    suspects: frozenset[str] = frozenset()
    _read: dict[tuple[str, int], Any] = field(default_factory=dict)
    _counted: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    _known: dict[str, frozenset[str]] = field(default_factory=dict)
    _decimals: dict[str, int | None] = field(default_factory=dict)
    _filled: dict[tuple[str, int], bool] = field(default_factory=dict)
    _known_numbers: dict[tuple[str, int], Floats] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of rows of the batch."""
        return self.rows.num_rows

    def columns(self, *kinds: Kind, keys: bool = False, new: bool = False) -> tuple[Column, ...]:
        """Return the columns of some kinds: features, target and time, and the key when asked for.

        A column that the contract has gained since the earlier batches has nothing to be compared with: it
        is left out unless ``new`` asks for it. Where there is no earlier batch, no column is left out.
        """
        roles = {"feature", "target", "time"} | ({"key"} if keys else set())
        mine = (c for c in self.contract.columns if c.role in roles and c.kind in kinds)
        return tuple(c for c in mine if new or not self.past or self.has_history(c))

    def has_history(self, column: Column, until: int | None = None) -> bool:
        """Say whether some cell of a column is known in the earlier batches, or in the first few of them."""
        places = range(len(self.past))[:until]
        return any(self._has_known(column.name, place) for place in places)

    def numbers(self, name: str) -> Floats:
        """Return a number column of the batch, or a date's seconds since 1970; NaN is missing."""
        found: Floats = self._array(name, -1)
        return found

    def past_numbers(self, name: str) -> list[Floats]:
        """Return the same column of each earlier batch."""
        return [self._array(name, place) for place in range(len(self.past))]

    def texts(self, name: str) -> Objects:
        """Return a category or text column of the batch; None is missing."""
        found: Objects = self._array(name, -1)
        return found

    def past_texts(self, name: str) -> list[Objects]:
        """Return the same column of each earlier batch."""
        return [self._array(name, place) for place in range(len(self.past))]

    def cells(self, column: Column, place: int = -1) -> Any:
        """Return a column of the batch (−1) or of an earlier one, as `as_array` gives it."""
        return self._array(column.name, place)

    def past_cells(self, column: Column) -> list[Any]:
        """Return a column of each earlier batch."""
        return [self._array(column.name, place) for place in range(len(self.past))]

    def known_numbers(self, column: Column) -> Floats:
        """Return the finite values of a number or date column of the batch."""
        return self._finite(column.name, -1)

    def past_known_numbers(self, column: Column) -> list[Floats]:
        """Return the finite values of a number or date column of each earlier batch."""
        return [self._finite(column.name, place) for place in range(len(self.past))]

    def decimals(self, column: Column) -> int | None:
        """Return how many decimals the earlier numbers of a column have, as `lattice.decimals_of` does."""
        from vigil.faults.lattice import decimals_of

        if column.name not in self._decimals:
            self._decimals[column.name] = decimals_of(np.concatenate(self.past_known_numbers(column)))
        return self._decimals[column.name]

    @property
    def asked(self) -> int:
        """The number of columns that a fault may be seen in: chance has as many tries."""
        return max(len(self.contract.columns), 1)

    def tally(self, name: str) -> dict[str, int]:
        """Return the rows of each level of the batch."""
        return self._counts(name, -1)

    def past_tally(self, name: str) -> list[dict[str, int]]:
        """Return the rows of each level, for each earlier batch."""
        return [self._counts(name, place) for place in range(len(self.past))]

    def known_levels(self, name: str) -> frozenset[str]:
        """Return the levels met before: in earlier batches, and by the live release."""
        if name not in self._known:
            known = {level for tally in self.past_tally(name) for level in tally}
            column = self.reference.column(name) if self.reference else None
            if column is not None and column.levels is not None:
                known |= {level for level, _ in column.levels.counts}
            self._known[name] = frozenset(known)
        return self._known[name]

    @cached_property
    def density(self) -> Density:
        """What the earlier rows look like, all columns together; fitted when it is first asked for."""
        from vigil.faults.density import Density

        return Density(self)

    def suspecting(self, columns: frozenset[str]) -> Case:
        """Return the same case with some columns under suspicion; what was read and fitted is kept."""
        other = replace(self, suspects=columns)
        if "density" in self.__dict__:
            other.__dict__["density"] = self.density.seen_by(other)
        return other

    def _counts(self, name: str, place: int) -> dict[str, int]:
        """Return the rows of each level, counted once."""
        if (name, place) not in self._counted:
            self._counted[name, place] = _tally(self._array(name, place))
        return self._counted[name, place]

    def _has_known(self, name: str, place: int) -> bool:
        """Say whether a column has a known cell in an earlier batch, looked up once."""
        if (name, place) not in self._filled:
            self._filled[name, place] = bool(is_known(self._array(name, place)).any())
        return self._filled[name, place]

    def _finite(self, name: str, place: int) -> Floats:
        """Return the finite values of a column, picked once."""
        if (name, place) not in self._known_numbers:
            values = self._array(name, place)
            known = np.isfinite(values)
            # A column without gaps is not held twice.
            self._known_numbers[name, place] = values if known.all() else values[known]
        return self._known_numbers[name, place]

    def _array(self, name: str, place: int) -> Any:
        """Return a column as an array, read once; ``place`` −1 is the batch."""
        if (name, place) not in self._read:
            table = self.rows if place < 0 else self.past[place]
            column = next(column for column in self.contract.columns if column.name == name)
            self._read[name, place] = as_array(table, column)
        return self._read[name, place]


def as_array(table: pa.Table, column: Column) -> Any:
    """Return a column's cells: float64 with NaN for numbers and dates, objects with None for the rest."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numeric = column.kind in ("number", "date")
    if column.name not in table.column_names:
        return np.full(table.num_rows, np.nan if numeric else None, dtype=float if numeric else object)
    cells: Any = table.column(column.name)
    if column.kind == "date":
        ticks = cells.cast(pa.timestamp("us", "UTC")).cast("int64")
        return _filled(ticks.cast("float64"), pc) / 1e6
    if numeric:
        return _filled(cells.cast("float64"), pc)
    return cells.cast("string").to_numpy(zero_copy_only=False).astype(object, copy=False)


def is_known(cells: Any) -> npt.NDArray[np.bool_]:
    """Tell which cells of an array, as `as_array` gives it, have a value."""
    if cells.dtype.kind == "f":
        return np.asarray(np.isfinite(cells), dtype=bool)
    return np.array([cell is not None for cell in cells.tolist()], dtype=bool)


def _filled(cells: Any, compute: Any) -> Floats:
    """Return numbers with NaN for missing."""
    filled = compute.fill_null(cells, np.nan) if cells.null_count else cells
    found: Floats = filled.to_numpy(zero_copy_only=False)
    return found


def _tally(cells: Objects) -> dict[str, int]:
    """Count levels."""
    counted = Counter(cells.tolist())
    counted.pop(None, None)
    return dict(sorted(counted.items()))
