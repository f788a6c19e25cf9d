"""Readers of arriving files, one module per kind, found by the endings that it names.

A reader is a module of this room with ``SUFFIXES`` and ``read(path, encoding, delimiter) -> RawTable``;
the last two are empty, or settled by the contract. One with ``blocks(path, encoding, delimiter, size) ->
Blocks`` also takes files that are too large to be read whole. Where a file's length says little of what
is in it, ``text_size(path)`` does: about how many bytes of text it stands for.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from vigil import plugins
from vigil.errors import FileRefused, FileUnreadable
from vigil.intake.raw import Blocks, Dialect, RawTable, listed, shown

#: Bytes of memory that a byte of text takes at most on its way into the table.
_MEMORY = 12
#: How many bytes of text a byte of a packed file usually stands for.
_PACKED = 5
#: Bytes of memory that a byte of a block takes at most: what went before it is not let go of at once.
_BLOCK_MEMORY = 24
#: The largest block, beyond which it becomes no faster; and the smallest: with less memory a file waits.
LARGEST_BLOCK, SMALLEST_BLOCK = 32 << 20, 64 << 10

__all__ = [
    "Blocks",
    "Dialect",
    "RawTable",
    "available_memory",
    "block_size",
    "blocks",
    "digest",
    "listed",
    "read",
    "reads",
    "room_for_text",
    "shown",
    "suffixes",
]


def read(path: Path, *, encoding: str = "", delimiter: str = "") -> RawTable:
    """Read one arriving file whole, by the reader that its ending names.

    A text file's ``encoding`` and ``delimiter`` are found out where they are not given. Raises FileRefused
    when it cannot be taken in: not a regular file, not readable, not what its ending says, damaged,
    without rows, or with two columns of one name.
    """
    reader = _reader(path)
    _ask_readable(path)
    _ask_memory(path)
    raw: RawTable = reader.read(path, encoding, delimiter)
    return raw


def blocks(path: Path, size: int, *, encoding: str = "", delimiter: str = "") -> Blocks:
    """Open one arriving file to be read about ``size`` bytes at a time; raises as `read` does."""
    _ask_readable(path)
    opened: Blocks = _reader(path).blocks(path, encoding, delimiter, size)
    return opened


def block_size(path: Path, memory: int) -> int:
    """Return the bytes of text that may be read at a time: 0 for a file that is read whole.

    It is, where that takes no more than so many bytes of memory, and where its reader knows no blocks.
    """
    free = available_memory()
    room = memory if free is None else min(memory, free)
    size = min(room // _BLOCK_MEMORY, LARGEST_BLOCK)
    if not (reads(path) and hasattr(_reader(path), "blocks")):
        return 0
    try:
        needed = max(_needed(path), _told_unpacked(path) * _MEMORY)
        return size if needed > room and size >= SMALLEST_BLOCK else 0
    except OSError:
        return 0  # to read it says what is wrong with it


def _reader(path: Path) -> ModuleType:
    """Return the reader of a file's ending; raises FileRefused when there is none."""
    name = path.name.lower()
    matching = [suffix for suffix in _readers() if name.endswith(suffix)]
    if not matching:
        hint = f"Files may end in {', '.join(suffixes())}."
        raise FileRefused("is not a kind of file that is read.", where=shown(path), hint=hint)
    return _readers()[max(matching, key=len)]


def reads(path: Path) -> bool:
    """Say whether a file's ending is one that is read."""
    return path.name.lower().endswith(suffixes())


def suffixes() -> tuple[str, ...]:
    """Return the endings that are read, in lower case."""
    return tuple(sorted(_readers()))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits; raises FileRefused."""
    _ask_readable(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(f"cannot be read ({error.strerror}).", where=shown(path)) from error


@cache
def _readers() -> dict[str, ModuleType]:
    """Find the room's readers: ending → module. They import what is heavy only when they read."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in plugins.names(__path__)]
    return {suffix: module for module in modules for suffix in getattr(module, "SUFFIXES", ())}


def room_for_text() -> int:
    """Return how many bytes of text there is memory to read whole."""
    free = available_memory()
    return sys.maxsize if free is None else free // _MEMORY


def _ask_memory(path: Path) -> None:
    """Leave a file alone that would not fit into memory: the whole run would be killed for it."""
    needed, free = _needed(path), available_memory()
    if free is not None and needed > free:
        what = f"needs about {needed / 1e9:,.1f} GB of memory to be read, and {free / 1e9:,.1f} GB are free."
        raise FileUnreadable(what, where=shown(path), hint="Split it.")


def _needed(path: Path) -> int:
    """Return the bytes of memory that it takes to read a file whole."""
    reader = _reader(path)
    if hasattr(reader, "text_size"):
        return int(reader.text_size(path)) * _MEMORY
    packed = _PACKED if path.name.lower().endswith(".gz") else 1
    return path.stat().st_size * packed * _MEMORY


def _told_unpacked(path: Path) -> int:
    """Return what a gzip file ends with: its unpacked length, modulo 4 GiB and of its last member alone.

    A damaged one may say anything, so that it only decides whether to read by blocks, which harms no file.
    """
    if not path.name.lower().endswith(".gz"):
        return 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(file.read(4), "little")


def available_memory() -> int | None:
    """Return the bytes that may still be taken, by the machine and the container; None where unknown."""
    found = []
    try:
        known = Path("/proc/meminfo").read_text().partition("MemAvailable:")[2]
        found.append(int(known.split(maxsplit=1)[0]) * 1024)
    except (OSError, ValueError, IndexError):
        return None
    try:
        limit, used = (Path(f"/sys/fs/cgroup/memory.{name}").read_text() for name in ("max", "current"))
        found.append(max(0, int(limit) - int(used)))
    except (OSError, ValueError):
        pass  # no container, or none with a limit
    return min(found)


def _ask_readable(path: Path) -> None:
    """Refuse what would block or fail on opening: a folder, a pipe, a dangling link."""
    if path.is_file():
        return
    what = "is not a regular file." if path.exists() else "does not exist, or is a link to nothing."
    raise FileRefused(what, where=shown(path))
