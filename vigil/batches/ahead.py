"""The next file is read while the one before is checked: at the price of one more file in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from vigil import contract as contracts
from vigil import intake
from vigil.batches.arrival import NewFile
from vigil.records import Contract

#: Files beyond this many bytes are read alone, as it is memory that they are short of.
LARGEST = 32_000_000
#: Bytes that the process has before it takes a file in.
RESTING = 250_000_000


class Source:
    """One file's digest and rows: read when they are asked for, or before, in another thread.

    ``memory`` is how many bytes the process may have while the file is taken in.
    """

    def __init__(self, file: NewFile, memory: int) -> None:
        self.file = file
        self._room = max(memory - RESTING, 0)
        self._digest: Future[str] | str | None = None
        self._raw: tuple[dict[str, str], Future[intake.RawTable]] | None = None

    def begin(self, pool: ThreadPoolExecutor, contract: Contract | None) -> None:
        """Read the file in a thread; what goes wrong is raised where its result is asked for."""
        path, manner = self.file.path, _manner(contract)
        if intake.reads(path) and self.file.stamp[0] <= LARGEST and not self.block_size:
            self._digest = pool.submit(intake.digest, path)
            self._raw = manner, pool.submit(intake.read, path, **manner)

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
            return early[1].result()
        return intake.read(self.file.path, **manner)


def sources(files: Sequence[NewFile], output: Path, memory: int) -> Iterator[Source]:
    """Yield each file's source while the next one is being read as the contract in ``output`` says."""
    following: Source | None = None
    with ThreadPoolExecutor(1) as pool:
        for place, file in enumerate(files):
            source = following or Source(file, memory)
            following = Source(files[place + 1], memory) if place + 1 < len(files) else None
            if following is not None:
                following.begin(pool, contracts.load(output))
            yield source


def _manner(contract: Contract | None) -> dict[str, str]:
    """Return how a text file is to be read; what is empty is guessed."""
    if contract is None:
        return {"encoding": "", "delimiter": ""}
    return {"encoding": contract.encoding, "delimiter": contract.delimiter}
