"""Files are read and checked before their turn, beside those before them, as far as memory allows."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from vigil import contract as contracts
from vigil import intake
from vigil.batches.arrival import NewFile
from vigil.contract import Checked
from vigil.errors import VigilError
from vigil.records import Contract

#: Files beyond this many bytes are read alone, as it is memory that they are short of.
LARGEST = 32_000_000
#: Files, and their bytes together, that are read before their turn; one always is.
MOST, AHEAD = 64, 32_000_000
#: Bytes that the process has before it takes a file in.
RESTING = 250_000_000
#: A byte that is read before its turn takes a few on its way, and leaves as much to the file that has it.
_TAKES = 24
_THREADS = min(2, os.cpu_count() or 1)

#: By which contract rows were checked, and what came of it: they, or why they are refused.
Early = tuple[Contract, Checked | VigilError]


class Source:
    """One file's digest and rows: read when they are asked for, or before, in another thread.

    ``memory`` is how many bytes the process may have while the file is taken in.
    """

    def __init__(self, file: NewFile, memory: int) -> None:
        self.file = file
        self._room = max(memory - RESTING, 0)
        self._digest: Future[str] | str | None = None
        self._raw: tuple[dict[str, str], Future[tuple[intake.RawTable, Early | None]]] | None = None
        self._checked: Early | None = None

    def begin(self, pool: ThreadPoolExecutor, contract: Contract | None) -> None:
        """Read and check the file in a thread; what goes wrong is raised where its result is asked for."""
        path, manner = self.file.path, _manner(contract)
        if intake.reads(path) and self.file.stamp[0] <= LARGEST and not self.block_size:
            self._digest = pool.submit(intake.digest, path)
            self._raw = manner, pool.submit(_read_and_checked, path, contract)

    @cached_property
    def block_size(self) -> int:
        """The bytes of text to read at a time of a file that does not fit into the memory; 0 if it does."""
        return intake.block_size(self.file.path, self._room)

    def blocks(self, contract: Contract | None) -> intake.Blocks:
        """Open the file to be read in blocks. Raises as `intake.blocks` does."""
        return intake.blocks(self.file.path, self.block_size, **_manner(contract))

    def digest(self) -> str:
        """Return the digest of the file's bytes, nothing for a kind of file that is not read."""
        if isinstance(self._digest, Future):
            self._digest = self._digest.result()
        if self._digest is None:
            self._digest = intake.digest(self.file.path) if intake.reads(self.file.path) else ""
        return self._digest

    def read(self, contract: Contract | None) -> intake.RawTable:
        """Return the file's rows; they are not kept here. Raises as `intake.read` does."""
        early, self._raw = self._raw, None
        manner = _manner(contract)
        if early is not None and early[0] == manner:
            raw, self._checked = early[1].result()
            return raw
        return intake.read(self.file.path, **manner)

    def checked(self, contract: Contract, raw: intake.RawTable) -> Checked:
        """Return what `read` has returned as it is under a contract. Raises as `contracts.check` does."""
        early, self._checked = self._checked, None
        if early is None or early[0] != contract:
            return contracts.check(contract, raw)
        if isinstance(early[1], VigilError):
            raise early[1]
        return early[1]


def sources(files: Sequence[NewFile], output: Path, memory: int) -> Iterator[Source]:
    """Yield each file's source while the next ones are being read as the contract in ``output`` says.

    Before there is a contract it is one, that may have to be read again. Beside a file that is read in
    blocks there is none.
    """
    waiting, begun = deque(Source(file, memory) for file in files), deque[Source]()
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            while waiting or begun:
                source = (begun or waiting).popleft()
                if not source.block_size:
                    _begin(waiting, begun, pool, contracts.load(output), (memory - RESTING) // _TAKES)
                yield source
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin(
    waiting: deque[Source],
    begun: deque[Source],
    pool: ThreadPoolExecutor,
    contract: Contract | None,
    room: int,
) -> None:
    """Begin to read the next files, as many as there is room for, and one at least."""
    room = min(AHEAD, room) if contract is not None else 0
    taken = sum(source.file.stamp[0] for source in begun)
    while waiting and (not begun or (len(begun) < MOST and taken + waiting[0].file.stamp[0] <= room)):
        if begun and begun[-1].block_size:
            return  # it needs the memory that those behind it would take
        source = waiting.popleft()
        source.begin(pool, contract)
        taken += source.file.stamp[0]
        begun.append(source)


def _read_and_checked(path: Path, contract: Contract | None) -> tuple[intake.RawTable, Early | None]:
    """Read a file, and check it where there is a contract."""
    raw = intake.read(path, **_manner(contract))
    if contract is None:
        return raw, None
    try:
        return raw, (contract, contracts.check(contract, raw))
    except VigilError as refusal:
        return raw, (contract, refusal)


def _manner(contract: Contract | None) -> dict[str, str]:
    """Return how a text file is to be read; what is empty is guessed."""
    if contract is None:
        return {"encoding": "", "delimiter": ""}
    return {"encoding": contract.encoding, "delimiter": contract.delimiter}
