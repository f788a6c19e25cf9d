"""The duplicates index: whether a row with this hash has been taken in before.

Sorted runs of hashes in memory-mapped files, merged so that each is more than `RATIO` times as long
as the next (a log-structured merge tree: O'Neil et al. 1996, doi 10.1007/s002360050048). A lookup
costs a binary search per run; adding costs, over time, a few rewrites of each hash. Of a long run a part
is in memory at a time. What comes in many parts is staged first: known here, and in the index once all of it
is taken.

The index is a copy of what the table holds, never the truth: `covers` says whether it is current and
`rebuild` makes it anew. Its folder is its own.
"""

from __future__ import annotations

import json
import mmap
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from vigil.records import HASH_COLUMN
from vigil.storage.durable import receive, write_atomic
from vigil.table.hashing import Words, ascending, from_column

if TYPE_CHECKING:
    from vigil.table.store import Table

#: A run is merged into the one before it unless that is more than this many times as long.
RATIO = 4
#: Hashes of a run that are looked at, or merged, at a time.
SPAN = 1 << 20

_MANIFEST = "manifest.json"
_ALL = np.uint64(0)


class _Run(NamedTuple):
    """One sorted file: first all first words, ascending, then the second words in the same order."""

    name: str
    rows: int


class Mapped:
    """A run's two halves, mapped into memory; what was read of them is let go after each span."""

    def __init__(self, root: Path, run: _Run) -> None:
        with (root / run.name).open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.first, self.second = np.frombuffer(self._map, dtype="<u8").reshape(2, run.rows)

    def beside(self, ordered: Words) -> Iterator[tuple[slice, slice]]:
        """Yield the run's spans, each with the ascending words beyond the span before and not beyond it."""
        begin = 0
        for start in range(0, len(self.first), SPAN):
            stop = min(start + SPAN, len(self.first))
            end = int(np.searchsorted(ordered, self.first[stop - 1], side="right"))
            yield slice(start, stop), slice(begin, end)
            begin = end
            if stop < len(self.first):
                self.let_go()

    def let_go(self) -> None:
        """Let go of what was read; it is read again when it is asked for."""
        self._map.madvise(mmap.MADV_DONTNEED)


class Seen:
    """The hashes of all rows of a table, in the folder ``root``. One writer, under the lock."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.version, self._runs = _read_manifest(self.root)
        self._staged: list[_Run] = []

    @property
    def rows(self) -> int:
        """The number of hashes held, repeats included."""
        return sum(run.rows for run in self._runs)

    def covers(self, table: Table) -> bool:
        """Say whether the index holds exactly the table's rows; a table only grows, so counts tell."""
        version = table.version()
        if version is None or self.version is None:
            return version is None and self.rows == 0
        return self.version <= version and self.rows == table.count()

    def rebuild(self, table: Table) -> None:
        """Make the index anew from the table's hash column, a data file at a time."""
        self.forget()
        for rows in table.parts([HASH_COLUMN]) if table.exists() else ():
            self.stage(from_column(rows.column(HASH_COLUMN)))
        self.take(table.version())

    def forget(self) -> None:
        """Hold nothing until something is taken; on the disk all stays as it was until then."""
        self._runs, self._staged = [], []

    def known(self, hashes: Words) -> npt.NDArray[np.bool_]:
        """Say which rows have been seen, shape (n,): in the index, staged, or earlier in ``hashes``."""
        order = _order(hashes)
        ordered = hashes.take(order, axis=0)
        found = np.zeros(len(hashes), dtype=bool)
        found[1:] = (ordered[1:] == ordered[:-1]).all(axis=1)
        for run, span, asked in self.spans(ordered[:, 0]):
            found[asked] |= places(run, span, ordered[asked]) >= 0
        answer = np.empty(len(hashes), dtype=bool)
        answer[order] = found
        return answer

    def spans(self, ordered: Words) -> Iterator[tuple[Mapped, slice, slice]]:
        """Yield all runs a span at a time, staged ones too, and which of the ascending words may be in it."""
        for run in [*self._runs, *self._staged]:
            mapped = Mapped(self.root, run)
            for span, asked in mapped.beside(ordered):
                yield mapped, span, asked

    def add(self, hashes: Words, version: int | None) -> None:
        """Add the hashes of the rows that make the table's ``version``; on disk when this returns."""
        self._list(_added(self.root, self._runs, hashes), version)

    def stage(self, hashes: Words) -> None:
        """Keep hashes on the disk that are in no version yet; those of a killed run are none."""
        self._staged = _added(self.root, self._staged, hashes)

    def take(self, version: int | None) -> None:
        """Add what was staged, as `add` does."""
        runs = list(self._runs)
        for run in self._staged:
            runs = _appended(self.root, runs, run)
        self._staged = []
        self._list(runs, version)

    def discard(self) -> None:
        """Forget what was staged."""
        self._staged = []
        self._sweep()

    def _list(self, runs: list[_Run], version: int | None) -> None:
        """Make these runs the index."""
        listed = {"version": version, "runs": [list(run) for run in runs]}
        write_atomic(self.root / _MANIFEST, json.dumps(listed).encode())
        self._runs, self.version = runs, version
        self._sweep()

    def _sweep(self) -> None:
        """Delete runs that the manifest no longer names."""
        named = {run.name for run in self._runs}
        for path in self.root.glob("*.run"):
            if path.name not in named:
                path.unlink(missing_ok=True)


def _read_manifest(root: Path) -> tuple[int | None, list[_Run]]:
    """Return what the manifest names, or nothing when it or one of its runs is missing or torn."""
    try:
        listed = json.loads((root / _MANIFEST).read_text(encoding="utf-8"))
        runs = [_Run(str(name), int(rows)) for name, rows in listed["runs"]]
        whole = all((root / run.name).stat().st_size == 16 * run.rows for run in runs)
        return (listed["version"], runs) if whole else (None, [])
    except (OSError, ValueError, KeyError, TypeError):
        return None, []


def _added(root: Path, runs: list[_Run], hashes: Words) -> list[_Run]:
    """Return the runs with one of new hashes added; those merged into it meanwhile stay on the disk."""
    runs = list(runs)
    first, second = _sorted(hashes)
    while runs and runs[-1].rows <= RATIO * len(first) and runs[-1].rows + len(first) <= SPAN:
        before = Mapped(root, runs.pop())
        first, second = _merged(before.first, before.second, first, second)
    if not len(first):
        return runs
    return _appended(root, runs, _write_run(root, first, second))


def _appended(root: Path, runs: list[_Run], run: _Run) -> list[_Run]:
    """Return the runs with a newer one, merged with those that are not much longer, a span at a time."""
    runs = list(runs)
    while runs and runs[-1].rows <= RATIO * run.rows:
        run = _merge_runs(root, runs.pop(), run)
    return [*runs, run]


def _write_run(root: Path, first: Words, second: Words) -> _Run:
    """Write a sorted run under a new name."""
    return _write_pieces(root, len(first), iter([(first, second)]))


def _merge_runs(root: Path, before: _Run, after: _Run) -> _Run:
    """Write what two runs hold as one."""
    short, long = (Mapped(root, run) for run in sorted((before, after), key=lambda run: run.rows))

    def pieces() -> Iterator[tuple[Words, Words]]:
        done = 0
        for span, beside in long.beside(short.first):
            done = beside.stop
            yield _merged(long.first[span], long.second[span], short.first[beside], short.second[beside])
            short.let_go()
        yield short.first[done:], short.second[done:]

    return _write_pieces(root, before.rows + after.rows, pieces())


def _write_pieces(root: Path, rows: int, pieces: Iterator[tuple[Words, Words]]) -> _Run:
    """Write sorted pieces, each beyond the one before, as a run under a new name."""
    run = _Run(f"{uuid.uuid4().hex}.run", rows)

    def fill(file: BinaryIO) -> None:
        done = 0
        for first, second in pieces:
            for words, half in ((first, 0), (second, rows)):
                file.seek(8 * (half + done))
                file.write(np.ascontiguousarray(words, dtype="<u8").data)
            done += len(first)

    receive(root / run.name, fill)
    return run


def _order(hashes: Words) -> npt.NDArray[np.intp]:
    """Return the order by first and second word; the second is asked only where two firsts are equal."""
    order = ascending(hashes[:, 0])
    first = hashes[order, 0]
    same = np.flatnonzero(first[1:] == first[:-1])
    unlike = hashes[order[same], 1] != hashes[order[same + 1], 1]
    return np.lexsort((hashes[:, 1], hashes[:, 0])) if unlike.any() else order


def _sorted(hashes: Words) -> tuple[Words, Words]:
    """Return the two words of each hash, sorted by the first."""
    order = ascending(hashes[:, 0])
    return hashes[order, 0], hashes[order, 1]


def _merged(first: Words, second: Words, new_first: Words, new_second: Words) -> tuple[Words, Words]:
    """Merge a run with a sorted newer one."""
    places = np.searchsorted(first, new_first) + np.arange(len(new_first))
    old = np.ones(len(first) + len(new_first), dtype=bool)
    old[places] = False
    merged = np.empty((2, len(old)), dtype=np.uint64)
    merged[0, places], merged[1, places] = new_first, new_second
    merged[0, old], merged[1, old] = first, second
    return merged[0], merged[1]


def places(run: Mapped, span: slice, ordered: Words, ignored: np.uint64 = _ALL) -> npt.NDArray[np.int64]:
    """Return where hashes, sorted, stand in a run; -1 for one that is not there, or begins beyond the span.

    Equal first words are walked through one by one. Of the second so many low bits are ``ignored``.
    """
    found = np.full(len(ordered), -1, dtype=np.int64)
    left = span.start + np.searchsorted(run.first[span], ordered[:, 0], side="left")
    pending = np.arange(len(ordered))
    while len(pending):
        pending = pending[left[pending] < len(run.first)]
        here = left[pending]
        pending = pending[run.first[here] == ordered[pending, 0]]
        here = left[pending]
        match = (run.second[here] ^ ordered[pending, 1]) >> ignored == 0
        found[pending[match]] = here[match]
        pending = pending[~match]
        left[pending] += 1
    return found
