"""What a fault says of a batch, and what its file offers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

#: Numbers, words and pairs of words, as JSON has them.
Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in one batch.

    ``confidence`` lies in 0 … 1; at or above the fault's THRESHOLD the batch is held. ``rows`` counts the
    affected rows of the batch. ``what`` says what probably happened, ``act`` what a person should do.
    ``repair`` holds the settings of the fault's `mend` when a safe repair exists, else None.
    """

    fault: str
    columns: tuple[str, ...]
    confidence: float
    rows: int
    what: str
    act: str
    evidence: Evidence = field(default_factory=dict)
    repair: Evidence | None = None

    def id(self, order: int) -> str:
        """Return what a person types: the batch's order, the fault, and four letters for the columns."""
        letters = hashlib.blake2b("\0".join(self.columns).encode(), digest_size=2).hexdigest()
        return f"{order}-{self.fault}-{letters}"

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "columns": list(self.columns)}


class Fault(Protocol):
    """What a file of the folder ``kinds`` offers.

    ``THRESHOLD`` is the confidence from which a batch is held, with its reason in the file.
    ``EXPLAINS`` names faults that it causes: these are not named again on its columns. ``WITNESSES`` says
    that it weighs a column by the others of the row, so that a faulty one must be known before; then
    ``evidence`` has "gain_nats".
    """

    NAME: str
    TITLE: str
    THRESHOLD: float
    EXPLAINS: frozenset[str]
    WITNESSES: bool

    def look(self, case: Case) -> Iterable[Finding]:
        """Return what this fault has to say about a batch; nothing when it does not apply."""

    def mend(self, rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
        """Return the batch's rows, repaired; the same number of rows, in the same order."""
