"""The rows of a file that is read in blocks, on their way into the table.

Until the file is judged they are on the disk and in no version of the table, their hashes are staged, and the
rows in quarantine are written aside: `Committer` makes all of it count at once, or it is discarded.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from vigil import profiles
from vigil.batches.history import History
from vigil.batches.stamping import stamped
from vigil.contract import Checked
from vigil.profiles import Cuts, Profile
from vigil.records import Contract
from vigil.table import hashing
from vigil.table.quarantine import Held, Writer
from vigil.table.seen import Seen
from vigil.table.store import Staged, Table


class Pieces:
    """The rows of one file: ``batch`` and ``order`` are the id and the place that its batch will have."""

    def __init__(
        self,
        table: Table,
        seen: Seen,
        history: History,
        quarantine: Writer,
        contract: Contract,
        *,
        batch: str,
        order: int,
        drop: bool,
    ) -> None:
        self._table = table
        self._seen = seen
        self._history = history
        self._contract = contract
        self.quarantine = quarantine
        self._columns = contract.kept
        self.batch = batch
        self.order = order
        self._drop = drop
        self._staged: list[Staged] = []
        self._profile = profiles.merge([])
        self.rows = self.labelled = self.duplicates = 0

    def add(self, checked: Checked, held: Held) -> None:
        """Stage the valid rows of the next block, those known already left out, and its faulty ones."""
        hashes = hashing.of_columns(checked.table, self._columns)
        fresh = ~self._seen.known(hashes) if self._drop else np.ones(len(hashes), dtype=bool)
        rows = checked.table.filter(pa.array(fresh))
        rows = stamped(rows, checked.lines[fresh], hashes[fresh], self.batch, self.order)
        self._staged.append(self._table.stage(rows))
        self._seen.stage(hashes[fresh])
        self._history.hold(self._contract, rows)
        self._profile = profiles.merge([self._profile, profiles.profile(rows, self._columns)])
        self.rows += rows.num_rows
        self.labelled += self._contract.labelled(rows)
        self.duplicates += int((~fresh).sum())
        if held.faults:
            self.quarantine.add(held)

    @property
    def staged(self) -> Staged:
        """All rows that were staged."""
        return Staged(self._staged[0].schema, [added for part in self._staged for added in part.added])

    def profile(self, cuts: Cuts) -> Profile:
        """Return the profile of all rows; the pairs of numbers are counted by reading them again."""
        numbers = [column.name for column in self._columns if column.kind == "number"]
        parts = self._table.staged(self.staged, numbers)
        return profiles.with_pairs(self._profile, self._columns, cuts, parts)

    def discard(self) -> None:
        """Delete what was staged."""
        for part in self._staged:
            self._table.discard(part)
        self._seen.discard()
        self._history.discard()
        self.quarantine.discard()
