"""Append-only files of records: whole up to the last sync, whatever cuts the writer off.

A record is framed by its length and checksum (CRC-32), so that a torn end is found out. A segment is
``….open`` while its writer lives, which holds a lock on it; closed it becomes ``….seg`` and belongs to
whoever collects it. An open segment without a lock was left by a killed writer.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from vigil.storage.durable import sync

_FRAME = struct.Struct("<II")
OPEN, CLOSED = ".open", ".seg"

#: Seconds after its first record in which a segment is closed.
MOST_SECONDS = 30.0

#: Bytes and parts that one call writes; the system takes 1,024 parts at a time.
TOGETHER, MOST_PARTS = 2**17, 1_000


class Segments:
    """Writes records into a folder, one segment after the other. For one thread.

    A segment is closed by a sync at ``most_bytes``, or half a minute after its first record.
    """

    def __init__(self, folder: Path, *, most_bytes: int = 8 * 2**20) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._path: Path | None = None
        self._handle = -1
        self._size = self._synced = 0
        self._begun = 0.0

    def write(self, records: Iterable[bytes]) -> None:
        """Append records, all or none; a kill no longer loses them. Raises OSError when that fails.

        Large ones are written as they come, so that many need not be in memory together, small ones together.
        """
        if self._path is None:
            self._begin()
        size = self._size
        try:
            for parts in _gathered(records):
                _write_all(self._handle, parts)
                size += sum(map(len, parts))
        except Exception:  # of the disk, or in the making of a record
            os.ftruncate(self._handle, self._size)  # or what follows would stand behind half a frame
            raise
        self._size = size

    def sync(self) -> None:
        """Bring what was written to the disk, where a power cut no longer loses it; close what is due.

        Raises OSError when that fails: then nothing is left of what was written since the last sync.
        """
        if self._path is None:
            return
        self._to_disk()
        if self.is_full or time.monotonic() - self._begun >= MOST_SECONDS:
            self.close()

    @property
    def is_full(self) -> bool:
        """Whether the open segment has all the bytes that it should."""
        return self._path is not None and self._size >= self._most_bytes

    def _to_disk(self) -> None:
        if self._size > self._synced:
            try:
                os.fsync(self._handle)
            except OSError:
                os.ftruncate(self._handle, self._synced)
                self._size = self._synced
                raise
            self._synced = self._size

    def close(self) -> None:
        """Close the open segment, if there is one, once all is on the disk. Raises OSError as ``sync``."""
        if self._path is not None:
            self._to_disk()
            self._path.replace(self._path.with_suffix(CLOSED))
            sync(self._folder)
            os.close(self._handle)
            self._path = None

    def abandon(self) -> None:
        """Delete the open segment, which could not be written, and let go of it."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._path = None

    def _begin(self) -> None:
        """Open a segment; it gets its name once it is locked, so that nobody takes it for left behind."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{time.time_ns():020}-{uuid.uuid4().hex[:8]}{OPEN}"
        aside = path.with_name(f".{path.name}")
        self._handle = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o640)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        aside.replace(path)
        sync(self._folder)
        self._path, self._size, self._synced, self._begun = path, 0, 0, time.monotonic()


def closed(folder: Path) -> list[Path]:
    """Return the segments that can be collected, oldest first; those of killed writers are closed now."""
    if not folder.is_dir():
        return []
    for path in folder.glob(f"*{OPEN}"):
        if _is_left(path):
            path.replace(path.with_suffix(CLOSED))
    return sorted(folder.glob(f"*{CLOSED}"))


def records(path: Path) -> Iterator[bytes]:
    """Yield a segment's whole records; what a kill or a power cut tore off at the end is left out."""
    content = path.read_bytes()
    at = 0
    while at + _FRAME.size <= len(content):
        length, checksum = _FRAME.unpack_from(content, at)
        record = content[at + _FRAME.size : at + _FRAME.size + length]
        if len(record) < length or zlib.crc32(record) != checksum:
            return
        yield record
        at += _FRAME.size + length


def size(folder: Path) -> int:
    """Return the bytes of all segments in a folder."""
    found = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # collected meanwhile
                found += entry.stat().st_size
    return found


def _gathered(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield what is written by one call: some records, each behind its frame."""
    parts: list[bytes] = []
    size = 0
    for record in records:
        parts += (_FRAME.pack(len(record), zlib.crc32(record)), record)
        size += len(record)
        if size >= TOGETHER or len(parts) >= MOST_PARTS:
            yield parts
            parts, size = [], 0
    if parts:
        yield parts


def _write_all(handle: int, parts: Sequence[bytes]) -> None:
    """Write every byte; a signal or a full disk may cut one call short."""
    written = os.writev(handle, parts)
    if written < sum(map(len, parts)):
        left = memoryview(b"".join(parts))[written:]
        while left:
            left = left[os.write(handle, left) :]


def _is_left(path: Path) -> bool:
    """Tell whether nobody holds an open segment any more."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return path.exists()
    finally:
        os.close(handle)
