"""What a fault says of a batch, and what its file offers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case
    from vigil.records import Kind

#: Numbers, words and pairs of words, as JSON has them.
Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in one batch.

    ``confidence`` lies in 0 … 1; at or above the fault's THRESHOLD the batch is held. ``rows`` counts the
    affected rows of the batch. ``what`` says what probably happened, ``act`` what a person should do.
    ``repair`` holds the settings of the fault's `mend` when a safe repair exists, else None. ``fault`` and
    the column that was looked at need not be given: they are filled in.
    """

    confidence: float
    rows: int
    what: str
    act: str
    evidence: Evidence = field(default_factory=dict)
    repair: Evidence | None = None
    columns: tuple[str, ...] = ()
    fault: str = ""

    def id(self, order: int) -> str:
        """Return what a person types: the batch's order, the fault, and four letters for the columns."""
        letters = hashlib.blake2b("\0".join(self.columns).encode(), digest_size=2).hexdigest()
        return f"{order}-{self.fault}-{letters}"

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "columns": list(self.columns)}


Mend = Callable[["pa.Table", Mapping[str, Any]], "pa.Table"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What a file of the folder ``kinds`` offers; see docs/extending.md for what it may leave out.

    ``THRESHOLD`` is the confidence from which a batch is held. ``EXPLAINS`` names faults that it causes:
    these are not named again on its columns. ``WITNESSES`` says that it weighs a column by the others of the
    row, so that a faulty one must be known before; then ``evidence`` has "gain_nats". ``LONELY`` says that it
    has something to say of a first batch, too. ``COLUMNS`` are kinds of columns that it is asked about one by
    one, by ``look_at`` (``OF_TARGET`` says whether about the target, too); without them ``look`` is asked
    about the batch. ``RETRAIN`` says that, where a person says that the data is meant so, cells or labels
    mean another thing from there on, so that what was learned before no longer fits.
    """

    NAME: str
    TITLE: str
    THRESHOLD: float
    EXPLAINS: frozenset[str]
    WITNESSES: bool
    LONELY: bool
    COLUMNS: tuple[Kind, ...]
    OF_TARGET: bool
    RETRAIN: bool
    mend: Mend
    _look: Callable[..., Any]

    @classmethod
    def of(cls, name: str, file: Any) -> Fault:
        """Read a file's names, and fill in what it leaves out."""
        columns = tuple(getattr(file, "COLUMNS", ()))
        return cls(
            NAME=name,
            TITLE=file.TITLE,
            THRESHOLD=getattr(file, "THRESHOLD", 0.8),
            EXPLAINS=frozenset(getattr(file, "EXPLAINS", ())),
            WITNESSES=getattr(file, "WITNESSES", False),
            LONELY=getattr(file, "LONELY", False),
            COLUMNS=columns,
            OF_TARGET=getattr(file, "OF_TARGET", True),
            RETRAIN=getattr(file, "RETRAIN", False),
            mend=getattr(file, "mend", _unchanged),
            _look=file.look_at if columns else file.look,
        )

    def look(self, case: Case) -> Iterable[Finding]:
        """Return what this fault has to say about a batch; nothing when it does not apply."""
        if not case.past and not self.LONELY:
            return
        if not self.COLUMNS:
            for one in self._look(case):
                yield replace(one, fault=self.NAME, confidence=float(one.confidence))
            return
        for column in case.columns(*self.COLUMNS, new=self.LONELY):
            if self.OF_TARGET or column.role != "target":
                for one in self._look(case, column):
                    columns = one.columns or (column.name,)
                    yield replace(one, fault=self.NAME, columns=columns, confidence=float(one.confidence))


def _unchanged(rows: pa.Table, _repair: Mapping[str, Any]) -> pa.Table:
    """Return the rows as they are: a fault that nothing repairs."""
    return rows
