"""Writes that a power cut leaves either whole or absent."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

#: Names under which something is written aside: a file with the writer's process, a data file of the
#: table, a bundle, an entry of the table's log.
_ASIDE = re.compile(
    r"\..+\.\d+|\.part-[0-9a-f-]{36}\.zstd\.parquet|\.[0-9a-f]{12}\.[a-z0-9_]{8}|\d{20}\.json#\d+"
)


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file in one step: written aside, synced, renamed, the folder synced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def sweep(folders: Iterable[Path]) -> list[Path]:
    """Delete what killed runs left written aside in some folders; return what went.

    Only names that Vigil gives are touched, and nothing reads them. The caller holds the project's lock.
    """
    gone = [path for folder in folders for path in _listed(folder) if _ASIDE.fullmatch(path.name)]
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return gone


def _listed(folder: Path) -> list[Path]:
    """Return a folder's entries, none where there is no folder."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
