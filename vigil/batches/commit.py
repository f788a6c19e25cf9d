"""The exactly-once way from checked files to the table.

The ledger first says what is about to be written, then the table commits, then the ledger says that
it was. Whatever is cut off in between is found by `finish_interrupted`, which asks the table.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.batches import cuts
from vigil.batches.arrival import Accepted, Arrival, NewFile
from vigil.batches.early import profiled
from vigil.batches.history import History
from vigil.batches.pieces import Pieces
from vigil.batches.reading import InBlocks
from vigil.batches.stamping import stamped
from vigil.contract import Checked
from vigil.errors import LedgerError
from vigil.ledger.ledger import Ledger
from vigil.profiles import Cuts
from vigil.records import Batch, Column, Contract, RowFault
from vigil.storage import durable
from vigil.table import hashing, quarantine
from vigil.table.seen import Seen
from vigil.table.store import Table

#: Files whose rows are hashed and profiled at a time: what does it runs outside of Python's lock.
_THREADS = min(4, os.cpu_count() or 1)

Hashes = npt.NDArray[np.uint64]
#: Rows that stay, and their physical lines in the file.
Kept = tuple[pa.Table, npt.NDArray[np.int64]]


class Committer:
    """Writes groups of accepted files into one project's table and ledger."""

    def __init__(self, ledger: Ledger, table: Table, seen: Seen, output: Path, *, drop: bool) -> None:
        self._ledger = ledger
        self._table = table
        self._seen = seen
        self._output = output
        self._quarantine = output / "quarantine"
        self._drop = drop
        self.history = History(ledger, table, seen, drop=drop)
        self._cuts: Cuts | None = None
        self._digests: set[str] | None = None

    def finish_interrupted(self) -> None:
        """Settle what a killed run left: rows that reached the table count, other files are read again.

        So are the files of batches that were in and whose rows are damaged, as after a power loss. Raises
        LedgerError when the table holds batches that the ledger knows nothing of.
        """
        self._table.repair()
        self._ask_whose_ledger()
        self._lose_what_is_damaged()
        for batch in self._ledger.batches.pending():
            if self._table.has(batch.digest):
                self._settle([batch])
            else:
                self._unsettle(batch)
        if not self._seen.covers(self._table):
            self._seen.rebuild(self._table)
        self._write_list()

    def _ask_whose_ledger(self) -> None:
        """Go no further with a ledger that is older than the table, or another project's.

        Each batch is announced in the ledger before its rows are in the table. Taken in again, the files
        would seem to hold nothing but duplicates.
        """
        announced = [batch.order for batch in self._ledger.batches.pending()]
        known, held = max([self._ledger.batches.last_order(), *announced]), self._table.last_order()
        if held > known:
            batches = f"{held:,} batch{'es' * (held != 1)}"
            what = f"the table holds {batches}, and the ledger knows {known:,} by this project's name."
            hint = (
                "If the ledger was restored, restore the whole backup that it came from; else look at "
                "'name', 'ledger' and 'output_folder_path' in the config."
            )
            raise LedgerError(what, where=str(self._output), hint=hint)

    def batch_of(self, digest: str) -> Batch | None:
        """Return the batch made of exactly these bytes, or None; the ledger is asked only if there is one."""
        if self._digests is not None and digest not in self._digests:
            return None
        return self._ledger.batches.by_digest(digest)

    def lost(self) -> list[str]:
        """Say which batches wait for a file that is no longer where it was."""
        return [
            f"{batch.name}: its {batch.rows:,} rows were in a damaged part of the table, and {batch.path} "
            "is not there any more. Put the file into the folder of arriving files again."
            for batch in self._ledger.batches.lost()
        ]

    def _lose_what_is_damaged(self) -> None:
        """Mark batches whose rows are gone, and forget their files; then take them out of the table.

        A torn entry can only be the log's last, so that the search ends at the first batch that is in.
        """
        damaged = self._table.damaged()
        ingested = self._ledger.batches.all()
        lost = [batch for batch in ingested if any(a <= batch.order <= z for a, z in damaged)]
        for batch in reversed(ingested):
            if self._table.has(batch.digest):
                break
            lost.append(batch)
        for batch in lost:
            self._ledger.files.forget(batch.id)
        if lost:
            self._ledger.batches.lose([batch.id for batch in lost])
        if damaged:
            self._table.give_up([batch.digest for batch in self._ledger.batches.lost()])

    def _unsettle(self, batch: Batch) -> None:
        """Take back the announcement of a batch that did not reach the table.

        The batch last: as long as it stands, a run that is cut off here is finished later. One that was
        in before keeps its place, since scores and decisions speak of it.
        """
        self._ledger.files.drop(batch.id)
        known = max(self._ledger.batches.last_order(), self._ledger.decisions.decided_through())
        if batch.order <= known:
            self._ledger.batches.lose([batch.id])
        else:
            self._ledger.batches.drop(batch.id)

    def commit(self, group: Sequence[Accepted], contract: Contract, *, run: int) -> list[Arrival]:
        """Append a group of files to the table in one commit; return what became of each."""
        if not group:
            return []
        tables, hashes, new, dropped = self._without_duplicates(group, contract)
        early = [None if gone else item.profiled for item, gone in zip(group, dropped, strict=True)]
        batches = self._number(group, tables, dropped, contract)
        arrivals = [
            _arrival(batch, item.checked.rows, item.checked.faults, item.checked.notes)
            for item, batch in zip(group, batches, strict=True)
        ]
        rows = [
            stamped(table, lines, keys, batch.id, batch.order)
            for (table, lines), keys, batch in zip(tables, hashes, batches, strict=True)
        ]
        # The rows are written while they are profiled; they count once the table has taken them.
        with ThreadPoolExecutor(_THREADS) as pool:
            every = pa.concat_tables(rows, promote_options="default")
            written = pool.submit(self._table.stage, every)
            known = cuts.known(self._ledger)
            made = cuts.in_turn(list(zip(rows, early, strict=True)), contract.kept, known, pool)
            staged = written.result()
        self._cuts = made[-1].cuts
        told = [(batch, one.profile) for batch, one in zip(batches, made, strict=True)]
        for item, batch in zip(group, batches, strict=True):
            if item.checked.faults:
                quarantine.write(self._quarantine, batch.id, batch.name, item.held)
        self.history.discard()  # what waited is among these rows, as far as it is no duplicate
        self.history.hold(contract, every)
        self._announce(group, told, arrivals, run)
        version = self._table.take(staged, [batch.digest for batch in batches])
        self._seen.add(new, version)
        self.history.take(version)
        self._settle(batches)
        self._write_list()
        return arrivals

    def expected(self, group: Sequence[Accepted], contract: Contract) -> Cuts:
        """Return the cuts that a file behind a group will probably be profiled with.

        Before the first batch they are those of the group's first file, unless rows of it are repeated.
        """
        if self._cuts is None:
            found = cuts.known(self._ledger)
            if not found and group:
                found = profiled(group[0].checked.table, contract.kept, {}).cuts
            self._cuts = found if found or group else None
            return found
        return self._cuts

    def pieces(self, file: NewFile, digest: str, contract: Contract) -> Pieces:
        """Begin to stage a file that is read in blocks; it is committed or discarded before the next."""
        order = self._places([digest])[0]
        writer = quarantine.Writer(self._quarantine, digest[:16], file.name)
        batch, drop = digest[:16], self._drop
        return Pieces(
            self._table, self._seen, self.history, writer, contract, batch=batch, order=order, drop=drop
        )

    def commit_pieces(self, item: InBlocks, *, run: int) -> Arrival:
        """Append a file that was read in blocks to the table in one commit; return what became of it."""
        pieces, tally = item.pieces, item.tally
        if pieces is None:
            raise ValueError("the file was read without being staged")
        batch = _batch(item, pieces.order, pieces.rows, pieces.labelled, tally.quarantined, pieces.duplicates)
        arrival = _arrival(batch, tally.rows, tally.faults, tally.notes)
        profile = pieces.profile(cuts.known(self._ledger))
        pieces.quarantine.place()
        self._announce([item], [(batch, profile.to_json())], [arrival], run)
        version = self._table.take(pieces.staged, [batch.digest])
        self._seen.take(version)
        self.history.take(version)
        self._settle([batch])
        self._write_list()
        return arrival

    def _settle(self, batches: Sequence[Batch]) -> None:
        """Mark batches and their files as being in the table; the batches last: they are looked for."""
        ids = [batch.id for batch in batches]
        self._ledger.files.settle(ids)
        self._ledger.batches.settle(ids)

    def _without_duplicates(
        self, group: Sequence[Accepted], contract: Contract
    ) -> tuple[list[Kept], list[Hashes], Hashes, list[int]]:
        """Leave out rows whose canonical cells stand in the table, or earlier in the group, already.

        Returns each file's rows, their hashes, the same hashes of all files in order, and how many rows of
        each file went.
        """
        hashes = _hashes(group, contract.kept)
        every = np.concatenate(hashes)
        # Sorted once: the index sorts what it is given again, which then costs little.
        order = hashing.ascending(every[:, 0])
        ordered = every.take(order, axis=0)
        known = self._seen.known(ordered) if self._drop else np.zeros(len(every), dtype=bool)
        stays = np.empty(len(every), dtype=bool)
        stays[order] = ~known
        masks = np.split(stays, np.cumsum([len(part) for part in hashes])[:-1])
        tables = [_staying(item.checked, mask) for item, mask in zip(group, masks, strict=True)]
        remaining = [part if mask.all() else part[mask] for part, mask in zip(hashes, masks, strict=True)]
        dropped = [len(mask) - int(np.count_nonzero(mask)) for mask in masks]
        return tables, remaining, ordered[~known] if known.any() else ordered, dropped

    def _number(
        self, group: Sequence[Accepted], tables: Sequence[Kept], dropped: Sequence[int], contract: Contract
    ) -> list[Batch]:
        """Return the files' batches, each with its place."""
        places = self._places([item.digest for item in group])
        return [
            _batch(
                item, place, table.num_rows, contract.labelled(table), item.checked.quarantined, duplicates
            )
            for item, place, (table, _), duplicates in zip(group, places, tables, dropped, strict=True)
        ]

    def _places(self, digests: Sequence[str]) -> list[int]:
        """Give each file its place in the order of batches; one that was lost has its old one."""
        places = {batch.digest: batch.order for batch in self._ledger.batches.lost()}
        new = count(self._ledger.batches.last_order() + 1)
        return [places[digest] if digest in places else next(new) for digest in digests]

    def _announce(
        self,
        group: Sequence[Accepted | InBlocks],
        made: Sequence[tuple[Batch, dict[str, Any]]],
        arrivals: Sequence[Arrival],
        run: int,
    ) -> None:
        """Write down what is about to reach the table, with its profiles."""
        self._ledger.batches.announce(made, run=run)
        self._ledger.files.announce(
            [
                (item.file.key, item.file.stamp, _pending(item, batch, arrival, run))
                for item, (batch, _), arrival in zip(group, made, arrivals, strict=True)
            ]
        )

    def _write_list(self) -> None:
        """Write ``ingestedfiles.txt``, for people: one name a line, in order; and know what is in."""
        ingested = self._ledger.batches.all()
        self._digests = {batch.digest for batch in ingested}
        names = "".join(f"{batch.name}\n" for batch in ingested)
        path, content = self._output / "ingestedfiles.txt", names.encode()
        if not path.is_file() or path.read_bytes() != content:
            durable.write_atomic(path, content)


def _hashes(group: Sequence[Accepted], columns: Sequence[Column]) -> list[Hashes]:
    """Return the hashes of each file's rows; no thread is begun for one file."""
    if len(group) == 1:
        return [_hashed(group[0], columns)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda item: _hashed(item, columns), group))


def _hashed(item: Accepted, columns: Sequence[Column]) -> Hashes:
    """Return the hashes of a file's rows, if need be by making them."""
    if item.measured is not None:
        return item.measured.hashes
    return hashing.of_columns(item.checked.table, columns)


def _staying(checked: Checked, mask: npt.NDArray[np.bool_]) -> Kept:
    """Return the rows of a file that a mask keeps, without a copy where that is all of them."""
    rows, lines = checked.table, checked.lines
    return (rows, lines) if mask.all() else (rows.filter(pa.array(mask)), lines[mask])


def _pending(item: Accepted | InBlocks, batch: Batch, arrival: Arrival, run: int) -> dict[str, Any]:
    """Return what the ledger says of a file whose batch is being written."""
    return {
        "digest": item.digest,
        "status": "pending",
        "batch": batch.id,
        "reason": arrival.reason,
        "contract_version": item.contract_version,
        "run": run,
        "details": arrival.as_json(),
    }


def _batch(
    item: Accepted | InBlocks, order: int, rows: int, labelled: int, quarantined: int, duplicates: int
) -> Batch:
    """Return the batch of a file."""
    return Batch(
        id=item.digest[:16],
        order=order,
        name=item.file.name,
        path=item.file.key,
        digest=item.digest,
        rows=rows,
        labelled=labelled,
        quarantined=quarantined,
        duplicates=duplicates,
        contract_version=item.contract_version,
    )


def _arrival(batch: Batch, rows: int, faults: tuple[RowFault, ...], notes: tuple[str, ...]) -> Arrival:
    """Say what became of an accepted file."""
    return Arrival(
        name=batch.name,
        status="ingested",
        batch=batch.id,
        order=batch.order,
        rows=rows,
        accepted=batch.rows,
        quarantined=batch.quarantined,
        duplicates=batch.duplicates,
        labelled=batch.labelled,
        faults=faults,
        reason=" ".join(notes),
    )
