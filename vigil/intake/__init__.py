"""Readers of arriving files, one module per kind, found by the endings that it names.

A reader is a module of this room with ``SUFFIXES`` and ``read(path, encoding, delimiter) -> RawTable``;
the last two are empty, or settled by the contract.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType

from vigil.errors import FileRefused, FileUnreadable
from vigil.intake.raw import Dialect, RawTable, shown

#: Bytes of memory that a byte of text takes at most on its way into the table.
_MEMORY = 12
#: How many bytes of text a byte of a packed file usually stands for.
_PACKED = 5

__all__ = ["Dialect", "RawTable", "available_memory", "digest", "read", "reads", "shown", "suffixes"]


def read(path: Path, *, encoding: str = "", delimiter: str = "") -> RawTable:
    """Read one arriving file whole, by the reader that its ending names.

    A text file's ``encoding`` and ``delimiter`` are found out where they are not given. Raises FileRefused
    when it cannot be taken in: not a regular file, not readable, not what its ending says, damaged,
    without rows, or with two columns of one name.
    """
    name = path.name.lower()
    matching = [suffix for suffix in _readers() if name.endswith(suffix)]
    if not matching:
        hint = f"Files may end in {', '.join(suffixes())}."
        raise FileRefused("is not a kind of file that is read.", where=shown(path), hint=hint)
    _ask_readable(path)
    _ask_memory(path)
    raw: RawTable = _readers()[max(matching, key=len)].read(path, encoding, delimiter)
    return raw


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
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    return {suffix: module for module in modules for suffix in getattr(module, "SUFFIXES", ())}


def _ask_memory(path: Path) -> None:
    """Leave a file alone that would not fit into memory: the whole run would be killed for it."""
    packed = _PACKED if path.name.lower().endswith((".gz", ".parquet")) else 1
    needed, free = path.stat().st_size * packed * _MEMORY, available_memory()
    if free is not None and needed > free:
        what = f"needs about {needed / 1e9:,.1f} GB of memory to be read, and {free / 1e9:,.1f} GB are free."
        raise FileUnreadable(what, where=shown(path), hint="Split it.")


def available_memory() -> int | None:
    """Return the bytes that may still be taken, by the machine and the container; None where unknown."""
    found = []
    try:
        known = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(known["MemAvailable"].split()[0]) * 1024)
    except (OSError, ValueError, KeyError):
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
