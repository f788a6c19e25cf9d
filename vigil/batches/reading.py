"""Reading and checking one arriving file: whole, or in blocks where it does not fit into the memory.

Either way it ends alike: what is found out about all of its rows, its usual decimal sign or a value that
stands in it twice, is found out before its blocks, or carried from one to the next.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vigil import contract as contracts
from vigil.arrow import pc
from vigil.batches.ahead import Source
from vigil.batches.arrival import Accepted, Arrival, NewFile, explained
from vigil.batches.early import Measured
from vigil.batches.history import History
from vigil.batches.holding import held_rows
from vigil.batches.pieces import Pieces
from vigil.batches.whole import Tally, costly_first
from vigil.contract import Checked
from vigil.contract.columns import is_number, is_text
from vigil.intake import Blocks, RawTable
from vigil.records import Contract, RowFault
from vigil.table import hashing
from vigil.table.seen import Seen

#: Rows that the contract of a first file is guessed from, at least, where it is read in blocks.
SAMPLE_ROWS = 200_000

#: Different values of the sample up to which a column may be one of classes, of which each is to be in it;
#: and those of the file beyond which it is none.
FEW_LEVELS, MANY_LEVELS = 30, 1000

_NEGATIVE = r"^\s*-\s*[0-9.,]"

#: Faults that are held in memory at a time, about, and rows by which it is seen how many have one.
FAULTS, FIRST_ROWS = 100_000, 10_000

#: Begins to stage a file of this digest, checked by this contract.
Begin = Callable[[NewFile, str, Contract], Pieces]


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that was read whole and checked; nothing of it is kept yet."""

    file: NewFile
    digest: str
    raw: RawTable
    checked: Checked
    tally: Tally
    measured: Measured | None = None

    @property
    def faults(self) -> tuple[RowFault, ...]:
        """All faults of its rows."""
        return self.checked.faults

    def ended(self, status: str, reason: str) -> Arrival:
        """Return the end of a file of which no row is taken in."""
        return _ended(self.file, self.tally, self.faults, status, reason)

    def kept(self) -> Accepted:
        """Return it as what goes into the table, together with others."""
        version = self.tally.contract.version
        held = held_rows(self.raw, self.checked, version)
        written_as = self.raw.written_as
        return Accepted(self.file, self.digest, self.checked, version, held, written_as, self.measured)


@dataclass(frozen=True, slots=True)
class InBlocks:
    """A file that was read in blocks and checked.

    ``pieces`` are its staged rows, None where somebody only asks what would become of it.
    """

    file: NewFile
    digest: str
    tally: Tally
    pieces: Pieces | None
    written_as: str

    @property
    def contract_version(self) -> int:
        """The version of the contract that it was checked by."""
        return self.tally.contract.version

    @property
    def faults(self) -> tuple[RowFault, ...]:
        """The first faults of its rows; the quarantine has them all."""
        return self.tally.faults

    @property
    def explained(self) -> list[str]:
        """What a person reads who only asks what would become of it."""
        return explained(self.file.name, self.tally, self.written_as, self.contract_version)

    def ended(self, status: str, reason: str) -> Arrival:
        """Delete what was staged, and return the end of a file of which no row is taken in."""
        self.discard()
        return _ended(self.file, self.tally, self.faults, status, reason)

    def kept(self) -> InBlocks:
        """Return it as what goes into the table, by itself."""
        return self

    def discard(self) -> None:
        """Delete what was staged, if anything was."""
        if self.pieces is not None:
            self.pieces.discard()


def read(
    source: Source,
    contract: Contract | None,
    first: Callable[[RawTable], Contract],
    begin: Begin | None,
    history: History,
) -> Whole | InBlocks:
    """Read a file and check it by a contract, which ``first`` makes of a first file, and by the rows before.

    What is read in blocks is staged with what ``begin`` returns. Raises FileRefused and ContractError.
    """
    if source.block_size:
        blocks = source.blocks(contract)
        if contract is not None:
            return _in_blocks(source, blocks, contract, begin, history)
        shown = sample(blocks)
        found = _in_blocks(source, blocks, first(shown), begin, history)
        found.tally.notes += shown.notes
        return found
    raw = source.read(contract)
    contract = contract or first(raw)

    def rows() -> RawTable:
        nonlocal raw
        raw = source.whole(contract, raw)
        return raw

    alone = source.checked(contract, raw)
    checked = history.judged(contract, alone, rows)
    tally, measured = Tally(contract).add(checked), source.measured if checked is alone else None
    return Whole(source.file, source.digest(), raw, checked, tally, measured)


def _in_blocks(
    source: Source,
    blocks: Blocks,
    contract: Contract,
    begin: Begin | None,
    history: History,
) -> InBlocks:
    """Check a file's blocks, and stage their rows."""
    file, digest, guesses = source.file, source.digest(), contracts.settled(contract, blocks)
    pieces = begin(file, digest, contract) if begin is not None else None
    found = InBlocks(file, digest, Tally(contract), pieces, next(iter(blocks)).written_as)
    try:
        with _repeats() as repeated:
            pace = _Pace(FIRST_ROWS)
            for raw in blocks:
                for part in pace.parts(raw):
                    checked = contracts.check(contract, guesses.known(part), repeated)
                    checked = history.judged(contract, checked, partial(_same, part))
                    pace.follow(checked)
                    found.tally.add(checked)
                    if pieces is not None:
                        pieces.add(checked, held_rows(part, checked, contract.version))
    except BaseException:
        found.discard()
        raise
    return found


def _same(raw: RawTable) -> RawTable:
    """Return a block that is in memory yet."""
    return raw


@dataclass(slots=True)
class _Pace:
    """How many rows are checked at a time: fewer where many are faulty, for each fault takes memory."""

    rows: int

    def follow(self, checked: Checked) -> None:
        """Go on as the last rows suggest."""
        self.rows = max(1, FAULTS * checked.rows // max(len(checked.faults), 1))

    def parts(self, raw: RawTable) -> Iterator[RawTable]:
        """Yield a block's rows, so many at a time, each part with the faults up to the next one's line."""
        start, rows, faults = 0, raw.columns.num_rows, list(raw.faults)
        while start < rows or faults:
            stop = min(rows, start + self.rows)
            end = raw.lines[stop] if stop < rows else math.inf
            here = tuple(fault for fault in faults if fault.line < end)
            faults = faults[len(here) :]
            lines, columns = raw.lines[start:stop], raw.columns.slice(start, stop - start)
            yield replace(raw, columns=columns, lines=lines, faults=here, total_rows=len(lines) + len(here))
            start = stop


def _ended(file: NewFile, tally: Tally, faults: tuple[RowFault, ...], status: str, reason: str) -> Arrival:
    """Return a file's end, with those of its faults first that refuse it."""
    shown = costly_first(tally.contract, faults)
    return Arrival(file.name, status, reason, rows=tally.rows, quarantined=tally.quarantined, faults=shown)


def sample(blocks: Blocks) -> RawTable:
    """Return rows spread evenly over a file, to guess its contract from; all of a small one's.

    The note says how many, where they are not all.
    """
    kept: list[RawTable] = []
    step, rows = 1, 0
    for raw in blocks:
        kept.append(_every(raw, step, rows))
        rows += raw.columns.num_rows
        while sum(one.columns.num_rows for one in kept) > 2 * SAMPLE_ROWS:
            step, kept = 2 * step, [_every(_joined(kept), 2, 0)]
    if step == 1:
        return replace(_joined(kept), notes=())
    found = _joined([*kept, *_unlike(_joined(kept), blocks)])
    note = f"The contract was guessed from {found.total_rows:,} rows, spread over all {rows:,} of the file."
    return replace(found, notes=(note,))


def _unlike(known: RawTable, blocks: Blocks) -> Iterator[RawTable]:
    """Yield rows that a guess from the others would turn away: with a class, or a sign, not seen in them."""
    levels = {name: _levels(known.columns.column(name)) for name in known.columns.column_names}
    few = {name: set(found.to_pylist()) for name, found in levels.items() if len(found) <= FEW_LEVELS}
    unsigned = {name for name, found in levels.items() if _is_unsigned(found)}
    for raw in blocks:
        places: set[int] = set()
        for name, seen in few.items():
            if len(seen) > MANY_LEVELS:
                continue  # these are no classes
            column = raw.columns.column(name)
            new = [level for level in _levels(column).to_pylist() if level not in seen]
            places |= {pc.index(column, level).as_py() for level in new[:FEW_LEVELS]}
            seen.update(new)
        for name in sorted(unsigned):
            first = pc.index(_negative(raw.columns.column(name)), True).as_py()
            if first >= 0:
                unsigned.remove(name)
                places.add(first)
        if places:
            yield _at(raw, np.array(sorted(places), dtype=np.int64))


def _levels(column: Any) -> Any:
    """Return the different values of a column; none where they are of a type that classes never are."""
    kind = column.type
    if kind == pa.float16() or not (is_text(kind) or is_number(kind) or pa.types.is_boolean(kind)):
        return pa.nulls(0)
    levels = column.unique().drop_null()
    return levels.filter(pc.invert(pc.is_nan(levels))) if pa.types.is_floating(kind) else levels


def _is_unsigned(levels: Any) -> bool:
    """Say whether most values are numbers, or begin as such do, and none is negative."""
    if is_number(levels.type):
        return len(levels) > 0 and not pc.any(_negative(levels)).as_py()
    if not is_text(levels.type):
        return False
    begin = pc.mean(pc.cast(pc.match_substring_regex(levels, r"^\s*[0-9.,]"), "int8")).as_py() or 0.0
    return begin > 0.5 and not pc.any(_negative(levels)).as_py()


def _negative(values: Any) -> Any:
    """Say which values are negative numbers, or begin as such do."""
    return pc.less(values, 0) if is_number(values.type) else pc.match_substring_regex(values, _NEGATIVE)


def _every(raw: RawTable, step: int, before: int) -> RawTable:
    """Return every so manieth row, counted from the beginning of a file of which so many came before."""
    return _at(raw, np.arange(-before % step, raw.columns.num_rows, step))


def _at(raw: RawTable, places: np.ndarray) -> RawTable:
    """Return some rows."""
    columns = raw.columns.take(places).combine_chunks()
    return replace(raw, columns=columns, lines=raw.lines[places], faults=(), total_rows=len(places))


def _joined(parts: Sequence[RawTable]) -> RawTable:
    """Return rows that stand below each other as one table."""
    lines = np.concatenate([part.lines for part in parts])
    columns = pa.concat_tables([part.columns for part in parts])
    return replace(parts[0], columns=columns, lines=lines, faults=(), total_rows=len(lines))


@contextmanager
def _repeats() -> Iterator[Callable[[str, Any], np.ndarray]]:
    """Yield what says which values of a column stood in earlier blocks, or above in the same one."""
    with tempfile.TemporaryDirectory(prefix="vigil-") as folder:
        known: dict[str, Seen] = {}

        def repeated(name: str, values: Any) -> np.ndarray:
            seen = known.setdefault(name, Seen(Path(folder) / str(len(known))))
            again = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
            hashes = hashing.row_hashes(pa.table({name: values}), [name])[again]
            found = seen.known(hashes)
            seen.stage(hashes[~found])
            again[again] = found
            return again

        yield repeated
