"""Files are read and checked before their turn, beside those before them, as far as memory allows.

A few files are read by threads. Where there are many, processes look at them: most of the work on a small
file is Python's own, of which threads do one thing at a time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from types import TracebackType

from vigil import contract as contracts
from vigil import intake
from vigil.batches import early
from vigil.batches.arrival import NewFile
from vigil.batches.early import Early, Measured, manner
from vigil.batches.workers import Workers
from vigil.contract import Checked
from vigil.errors import FileUnreadable, VigilError
from vigil.ledger import glance
from vigil.profiles import Cuts
from vigil.records import Contract

#: Files beyond this many bytes are read alone, as it is memory that they are short of.
LARGEST = 32_000_000
#: Files, and their bytes together, that are read before their turn; one always is. By processes more of them
#: are, so that these have work while files are committed.
MOST, AHEAD, MOST_OF_WORKERS = 64, 32_000_000, 128
#: Bytes that the process has before it takes a file in.
RESTING = 250_000_000
#: A byte that is read before its turn takes a few on its way, and leaves as much to the file that has it; one
#: that a worker has looked at leaves fewer.
_TAKES, _LEAVES = 24, 6

#: Bytes of new files from which processes are started, each file counted as some more: an empty one costs.
ENOUGH, EACH = 32_000_000, 200_000
#: The largest file that a process looks at, of a kind that is packed a part of it; and its bytes at rest.
SMALL, _PACKED, WORKER = 4_000_000, 5, 80_000_000
#: Bytes that a process takes at most.
_OF_WORKER = WORKER + _TAKES * SMALL


class Source:
    """One file's digest and rows: read when they are asked for, or before, in a thread or a process.

    ``memory`` is how many bytes the run may have while the file is taken in. ``measured`` is what is known of
    the rows that `checked` has returned, if they were measured with it; ``leaves``, the bytes of memory that
    the file takes until then.
    """

    def __init__(self, file: NewFile, memory: int) -> None:
        self.file = file
        self.measured: Measured | None = None
        self.leaves = 0
        self._few = False
        self._room = max(memory - RESTING, 0)
        self._digest: str | None = None
        self._begun: tuple[Contract | None, Future[Early]] | None = None
        self._found: tuple[Contract | None, Early] | None = None

    def begin(self, hands: Hands, contract: Contract | None) -> None:
        """Have the file read and checked; what goes wrong is raised where its result is asked for."""
        if intake.reads(self.file.path) and self.file.stamp[0] <= LARGEST and not self.block_size:
            self._begun = contract, hands.take(self.file, contract)

    @cached_property
    def block_size(self) -> int:
        """The bytes of text to read at a time of a file that does not fit into the memory; 0 if it does."""
        return intake.block_size(self.file.path, self._room)

    def blocks(self, contract: Contract | None) -> intake.Blocks:
        """Open the file to be read in blocks. Raises as `intake.blocks` does."""
        return intake.blocks(self.file.path, self.block_size, **manner(contract))

    def digest(self) -> str:
        """Return the digest of the file's bytes, nothing for a kind of file that is not read."""
        if self._begun is not None:
            self._digest = self._begun[1].result().digest
        if self._digest is None:
            self._digest = intake.digest(self.file.path) if intake.reads(self.file.path) else ""
        return self._digest

    def read(self, contract: Contract | None) -> intake.RawTable:
        """Return the file's rows; they are not kept here. Raises as `intake.read` does.

        Where a process has checked them, only the faulty ones are there.
        """
        begun, self._begun = self._begun, None
        if begun is not None:
            found = begun[1].result()
            self._digest = found.digest
            if contract == begun[0] or (not found.few and manner(contract) == manner(begun[0])):
                if isinstance(found.raw, VigilError):
                    raise found.raw
                self._found, self._few = (begun[0], found), found.few
                return found.raw
        return intake.read(self.file.path, **manner(contract))

    def whole(self, contract: Contract, raw: intake.RawTable) -> intake.RawTable:
        """Return all rows of what `read` has returned; raises FileUnreadable if it has changed since."""
        if not self._few:
            return raw
        raw, self._few = intake.read(self.file.path, **manner(contract)), False
        if glance.stamp(self.file.path.stat()) != self.file.stamp:
            raise FileUnreadable("has changed while it was read.", where=raw.name)
        return raw

    def checked(self, contract: Contract, raw: intake.RawTable) -> Checked:
        """Return what `read` has returned as it is under a contract. Raises as `contracts.check` does."""
        known, self._found = self._found, None
        if known is None or known[0] != contract or known[1].checked is None:
            return contracts.check(contract, raw)
        if isinstance(known[1].checked, VigilError):
            raise known[1].checked
        self.measured = known[1].measured
        return known[1].checked


class Hands:
    """Threads that read files, and ``count`` processes that do so for them; without any if 0.

    ``cuts`` tells by which cuts a file that is read now under a contract will probably be profiled.
    """

    def __init__(self, count: int, cuts: Callable[[Contract], Cuts]) -> None:
        self._workers = _started(count)
        self._cuts = cuts
        self._pool = ThreadPoolExecutor(max(count, min(2, _cores())))

    @property
    def takes(self) -> int:
        """The bytes of memory that the processes take."""
        return len(self._workers.pids) * _OF_WORKER if self._workers is not None else 0

    @property
    def most(self) -> int:
        """The most files that are read before their turn."""
        return MOST if self._workers is None else MOST_OF_WORKERS

    def take(self, file: NewFile, contract: Contract | None) -> Future[Early]:
        """Begin to read a file, and to check it where there is a contract."""
        if self._workers is None or contract is None or not is_small(file):
            return self._pool.submit(early.look, file.path, contract)
        return self._pool.submit(self._workers.look, file.path, contract, self._cuts(contract))

    def leaves(self, file: NewFile) -> int:
        """Return the bytes of memory that a file takes that is read before its turn."""
        return file.stamp[0] * (_LEAVES if self._workers is not None and is_small(file) else _TAKES)

    def __enter__(self) -> Hands:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what has begun; what has not is left."""
        self._pool.shutdown(cancel_futures=True)
        if self._workers is not None:
            self._workers.close()


def sources(
    files: Sequence[NewFile], output: Path, memory: int, cuts: Callable[[Contract], Cuts] = lambda _: {}
) -> Iterator[Source]:
    """Yield each file's source while the next ones are being read as the contract in ``output`` says.

    Before there is a contract it is one, that may have to be read again. Beside a file that is read in
    blocks there is none. ``cuts`` is as for `Hands`.
    """
    waiting, begun = deque(Source(file, memory) for file in files), deque[Source]()
    room = memory - RESTING
    with Hands(processes(files, room), cuts) as hands:
        while waiting or begun:
            source = (begun or waiting).popleft()
            if not source.block_size:
                _begin(waiting, begun, hands, contracts.load(output), room - hands.takes)
            yield source


def processes(files: Sequence[NewFile], room: int) -> int:
    """Return how many processes look at so many files: none, or two and more, in half of the memory."""
    work = sum(file.stamp[0] + EACH for file in files if is_small(file))
    most = min(_cores(), room // (2 * _OF_WORKER)) if work >= ENOUGH else 0
    return most if most > 1 else 0


def is_small(file: NewFile) -> bool:
    """Say whether a file is one for a process."""
    packed = 1 if file.path.suffix.lower() == ".csv" else _PACKED
    return file.stamp[0] * packed <= SMALL


def _begin(
    waiting: deque[Source], begun: deque[Source], hands: Hands, contract: Contract | None, room: int
) -> None:
    """Begin to read the next files, as many as there is room for, and one at least."""
    room = min(AHEAD * _TAKES, room) if contract is not None else 0
    taken = sum(source.leaves for source in begun)
    while waiting:
        taken += hands.leaves(waiting[0].file)
        if begun and (len(begun) >= hands.most or taken > room or begun[-1].block_size):
            return  # a file in blocks needs the memory that those behind it would take
        source = waiting.popleft()
        source.leaves = hands.leaves(source.file)
        source.begin(hands, contract)
        begun.append(source)


def _started(count: int) -> Workers | None:
    """Start processes; threads do their work where the system allows none."""
    try:
        return Workers(count) if count else None
    except OSError:
        return None


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
