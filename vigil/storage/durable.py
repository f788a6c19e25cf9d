"""Writes that a power cut leaves either whole or absent.

In a folder whose home is elsewhere (see `vigil.storage.homes`) each goes there first. A run that is cut off
in between leaves the home ahead by this one write, and the next one brings the working copy up to it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from vigil.errors import StorageError
from vigil.storage import homes

#: Names under which something is written aside: a file with the writer's process, a data file of the
#: table, a bundle, an entry of the table's log.
_ASIDE = re.compile(
    r"\..+\.\d+|\.part-[0-9a-f-]{36}\.zstd\.parquet|\.[0-9a-f]{12}\.[a-z0-9_]{8}|\d{20}\.json#\d+"
)


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file in one step: written aside, synced, renamed, the folder synced."""
    where = homes.of(path)
    if where is not None:
        where.home.put(where.name, content)
    write_here(path, content)
    if where is not None and where.edited_in is not None:
        remember(where.edited_in, path.name, content)


def write_here(path: Path, content: bytes) -> None:
    """Replace a file of this machine's disk alone."""
    receive(path, lambda file: file.write(content))


def remember(folder: Path, name: str, content: bytes) -> None:
    """Note what a file that people change too held when it was last as its home has it."""
    known = remembered(folder)
    if known.get(name) != (now := _md5(content)):
        write_here(folder / homes.EDITED, json.dumps({**known, name: now}).encode())


def remembered(folder: Path) -> dict[str, str]:
    """Return the MD5 of what such files held, by their names; nothing where that is not known."""
    try:
        found: dict[str, str] = json.loads((folder / homes.EDITED).read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def receive(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Replace a file of this disk in one step by what `fill` writes into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def place(aside: Path, path: Path) -> None:
    """Give a file that was written aside, and synced, its name in the same folder."""
    if (where := homes.of(path)) is not None:
        where.home.put(where.name, aside)
    aside.replace(path)
    sync(path.parent)


def publish(path: Path) -> None:
    """Send a file that a library has written to its home, if that is elsewhere."""
    if (where := homes.of(path)) is not None:
        where.home.put(where.name, path)


def publish_new(path: Path) -> None:
    """Do the same with a file that nobody else may have written: else it is deleted here, and refused.

    Raises StorageError when the home has another of this name, or cannot be reached.
    """
    where = homes.of(path)
    if where is None:
        return
    try:
        if where.home.put_new(where.name, path):
            return
    except StorageError:
        path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)
    hint = "Ticks of one project run one at a time: let them share one ledger on PostgreSQL."
    raise StorageError("somebody else has written this meanwhile.", where=str(path), hint=hint)


def publish_folder(aside: Path, folder: Path, last: str) -> None:
    """Send a folder that was written aside to where `folder` is kept: its file `last` at the end.

    Whatever else is there under that name is deleted.
    """
    if (where := homes.of(folder / last)) is None:
        return
    root = where.name.removesuffix(last)
    names = sorted((path.name for path in aside.iterdir()), key=lambda name: (name == last, name))
    for name in names:
        where.home.put(root + name, aside / name)
    where.home.delete(set(where.home.list(root)) - {root + name for name in names})


def remove(path: Path) -> None:
    """Delete a file, if it is there."""
    if (where := homes.of(path)) is not None:
        where.home.delete([where.name])
    path.unlink(missing_ok=True)


def remove_tree(folder: Path) -> None:
    """Delete a folder with everything in it, if it is there."""
    if (where := homes.of(folder)) is not None:
        where.home.delete(where.home.list(f"{where.name}/"))
    shutil.rmtree(folder, ignore_errors=True)


def move(path: Path, target: Path) -> None:
    """Move a file to a free name in the same project."""
    if (new := homes.of(target)) is not None:
        new.home.put(new.name, path)
    if (old := homes.of(path)) is not None:
        old.home.delete([old.name])
    path.replace(target)
    sync(target.parent)
    sync(path.parent)


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """Have a file that is only read from now on in a second place: linked where the disk can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def sweep(folders: Iterable[Path]) -> list[Path]:
    """Delete what killed runs left written aside in some folders; return what went.

    Only names that Vigil gives are touched, and nothing reads them. The caller holds the project's lock.
    """
    gone = [folder / name for folder in folders for name in _listed(folder) if _ASIDE.fullmatch(name)]
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return gone


def _listed(folder: Path) -> list[str]:
    """Return the names in a folder, none where there is no folder."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 — without the making of a path for each
    except (FileNotFoundError, NotADirectoryError):
        return []


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
