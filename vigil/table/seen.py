"""The duplicates index: whether a row with this hash has been taken in before.

Sorted runs of hashes in memory-mapped files, merged so that each is more than `RATIO` times as long
as the next (a log-structured merge tree: O'Neil et al. 1996, doi 10.1007/s002360050048). A lookup
costs a binary search per run; adding costs, over time, a few rewrites of each hash.

The index is a copy of what the table holds, never the truth: `covers` says whether it is current and
`rebuild` makes it anew. Its folder is its own.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from vigil.records import HASH_COLUMN
from vigil.storage.durable import write_atomic
from vigil.table.hashing import Words, from_column

if TYPE_CHECKING:
    from vigil.table.store import Table

#: A run is merged into the one before it unless that is more than this many times as long.
RATIO = 4

_MANIFEST = "manifest.json"


class _Run(NamedTuple):
    """One sorted file: first all first words, ascending, then the second words in the same order."""

    name: str
    rows: int


class Seen:
    """The hashes of all rows of a table, in the folder ``root``. One writer, under the lock."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.version, self._runs = _read_manifest(self.root)

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
        """Make the index anew from the table's hash column."""
        rows = table.rows(columns=[HASH_COLUMN]) if table.exists() else None
        hashes = np.empty((0, 2), np.uint64) if rows is None else from_column(rows.column(HASH_COLUMN))
        self._runs = []
        self.add(hashes, table.version())

    def known(self, hashes: Words) -> npt.NDArray[np.bool_]:
        """Say which rows have been seen, shape (n,): in the index, or earlier in ``hashes`` itself."""
        order = _order(hashes)
        ordered = hashes[order]
        found = np.zeros(len(hashes), dtype=bool)
        found[1:] = (ordered[1:] == ordered[:-1]).all(axis=1)
        for run in self._runs:
            found |= _in_run(*_mapped(self.root, run), ordered)
        answer = np.empty(len(hashes), dtype=bool)
        answer[order] = found
        return answer

    def add(self, hashes: Words, version: int | None) -> None:
        """Add the hashes of the rows that make the table's ``version``; on disk when this returns."""
        runs = list(self._runs)
        first, second = _sorted(hashes)
        while runs and runs[-1].rows <= RATIO * len(first):
            first, second = _merged(*_mapped(self.root, runs.pop()), first, second)
        if len(first):
            runs.append(_write_run(self.root, first, second))
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


def in_order(hashes: Words) -> Words:
    """Return hashes by their first words: `add` sorts again what it is given, which then costs little."""
    return hashes[np.argsort(hashes[:, 0], kind="stable")]


def _read_manifest(root: Path) -> tuple[int | None, list[_Run]]:
    """Return what the manifest names, or nothing when it or one of its runs is missing or torn."""
    try:
        listed = json.loads((root / _MANIFEST).read_text(encoding="utf-8"))
        runs = [_Run(str(name), int(rows)) for name, rows in listed["runs"]]
        whole = all((root / run.name).stat().st_size == 16 * run.rows for run in runs)
        return (listed["version"], runs) if whole else (None, [])
    except (OSError, ValueError, KeyError, TypeError):
        return None, []


def _mapped(root: Path, run: _Run) -> tuple[Words, Words]:
    """Map a run's two halves into memory."""
    words = np.memmap(root / run.name, dtype="<u8", mode="r", shape=(2, run.rows))
    return words[0], words[1]


def _write_run(root: Path, first: Words, second: Words) -> _Run:
    """Write a sorted run under a new name."""
    run = _Run(f"{uuid.uuid4().hex}.run", len(first))
    write_atomic(root / run.name, first.astype("<u8").tobytes() + second.astype("<u8").tobytes())
    return run


def _order(hashes: Words) -> npt.NDArray[np.intp]:
    """Return the order by first and second word; the second is asked only where two firsts are equal."""
    order = np.argsort(hashes[:, 0], kind="stable")
    first, second = hashes[order, 0], hashes[order, 1]
    unlike = (first[1:] == first[:-1]) & (second[1:] != second[:-1])
    return np.lexsort((hashes[:, 1], hashes[:, 0])) if unlike.any() else order


def _sorted(hashes: Words) -> tuple[Words, Words]:
    """Return the two words of each hash, sorted by the first."""
    order = np.argsort(hashes[:, 0], kind="stable")
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


def _in_run(first: Words, second: Words, ordered: Words) -> npt.NDArray[np.bool_]:
    """Say which hashes, sorted, are in a run; equal first words are walked through one by one."""
    found = np.zeros(len(ordered), dtype=bool)
    left = np.searchsorted(first, ordered[:, 0], side="left")
    pending = np.arange(len(ordered))
    while len(pending):
        pending = pending[left[pending] < len(first)]
        here = left[pending]
        pending = pending[first[here] == ordered[pending, 0]]
        here = left[pending]
        match = second[here] == ordered[pending, 1]
        found[pending[match]] = True
        pending = pending[~match]
        left[pending] += 1
    return found
