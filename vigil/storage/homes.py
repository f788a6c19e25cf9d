"""Where the files of a folder are kept for good, when that is not the disk: a *home*.

A folder of a project that lives elsewhere holds a note, `NOTE`, which names its home. Whatever is written
below it goes to the home first and to the disk afterwards, so that the home sees the same whole writes in
the same order as a disk would. The folder itself is a working copy.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from vigil.errors import StorageError

#: The note in a folder that has a home.
NOTE = ".home.json"
#: What files that people change too held when they were last as their home has them.
EDITED = ".home.edited.json"
#: What files of the folder were like when they were last compared with their home's.
KNOWN = ".home.known.json"
#: All of these are this machine's own.
NOTES = (NOTE, EDITED, KNOWN)
_LISTS = ("local", "edited")


class Entry(NamedTuple):
    """One file of a home: its bytes, and a tag that differs when its content does (an MD5 where known)."""

    size: int
    tag: str


class Home(Protocol):
    """Files by name (``/`` between folders), each written in one step.

    Every method raises StorageError when the home cannot be reached or refuses.
    """

    def put(self, name: str, content: bytes | Path) -> None:
        """Write a file, replacing what was there."""

    def put_new(self, name: str, content: bytes | Path) -> bool:
        """Write a file unless another has its name; tell whether it is there with this content."""

    def fetch(self, name: str, into: BinaryIO) -> None:
        """Read a file and compare it with its checksum."""

    def list(self, under: str = "") -> dict[str, Entry]:
        """Return the files whose names begin with some text."""

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; one that is not there is no fault."""


class Note(NamedTuple):
    """What a folder's note says: the home's address, and the folder's name there.

    Folders called as in ``local`` stay on this machine. Files named in ``edited`` are changed by people too.
    """

    url: str
    endpoint: str | None
    under: str
    local: tuple[str, ...]
    edited: tuple[str, ...]


class Place(NamedTuple):
    """A file of a working copy: its home, its name there, and its folder if people change it too."""

    home: Home
    name: str
    edited_in: Path | None


def read(folder: Path) -> Note | None:
    """Return a folder's note, None where it has none. Raises StorageError when it is damaged."""
    try:
        said = json.loads((folder / NOTE).read_bytes())
        return Note(said["url"], said["endpoint"], said["under"], *(tuple(said[key]) for key in _LISTS))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        hint = "Delete it: the next run writes it anew."
        raise StorageError("the note is damaged.", where=str(folder / NOTE), hint=hint) from error


def of(path: Path) -> Place | None:
    """Return where a file is kept for good; None when that is the disk."""
    path = path.absolute()
    for folder in path.parents:
        if (folder / NOTE).exists() and (note := read(folder)) is not None:
            inner = path.relative_to(folder)
            if stays(inner.parts, note.local):
                return None
            name = inner.as_posix()
            edited = folder if name in note.edited else None
            return Place(opened(note.url, note.endpoint), f"{note.under}/{name}", edited)
    return None


def md5(path: Path) -> str:
    """Return what a home takes for the tag of a file with this content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def stays(parts: Iterable[str], local: Iterable[str]) -> bool:
    """Tell whether a file stays on this machine: written aside, or in a folder of such a name."""
    kept = set(local)
    return any(part.startswith(".") or part in kept for part in parts)


@functools.cache
def opened(url: str, endpoint: str | None = None) -> Home:
    """Return the home at an address: ``s3://BUCKET/PREFIX``, or ``file:///FOLDER`` for a mounted one.

    Raises StorageError for any other, and when what it takes is not installed.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "s3" and rest.split("/")[0]:
        from vigil.storage.s3 import Bucket

        bucket, _, prefix = rest.partition("/")
        return Bucket(bucket, prefix.strip("/"), endpoint)
    if scheme == "file" and rest.startswith("/"):
        from vigil.storage.mounted import Folder

        return Folder(Path(rest))
    hint = "It is written s3://BUCKET/PREFIX, or file:///FOLDER for one that is mounted."
    raise StorageError(f"{url!r} is no address of a storage.", where="storage", hint=hint)
