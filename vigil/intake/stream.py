"""A text file in bounded memory: its bytes a piece at a time, and cuts between its records."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from vigil.errors import FileRefused, FileUnreadable
from vigil.intake.layout import Layout
from vigil.intake.lines import line_ends, whole_records

#: A small archive can unpack to anything; beyond this it is refused instead of filling the memory.
UNPACKED_LIMIT = 4 * 2**30
#: Bytes that are read at a time.
CHUNK = 4 << 20
#: The longest row, or header, of a file that is read in blocks: what is longer has lost a quote.
LONGEST = 64 << 20

_FOREIGN = {b"PK\x03\x04": "a zip archive or an Excel workbook", b"PAR1": "a Parquet file"}


class Cut(NamedTuple):
    """A block of the text: its first and last byte, and the physical line on which it begins."""

    start: int
    end: int
    line: int


def unpacked(path: Path, where: str, chunk: int = 0, most: int = UNPACKED_LIMIT) -> Iterator[bytes]:
    """Yield the file's bytes, gunzipped by what they are and not by what the name says.

    They come ``chunk`` at a time; if 0, those of a plain file at once. The file is read and not mapped: a
    mapped file that shrinks meanwhile kills the process. Raises FileUnreadable for an archive that unpacks to
    more than ``most`` bytes, for which there is no memory.
    """
    try:
        with _opened(path, where) as file:
            is_packed = isinstance(file, gzip.GzipFile)
            done = 0
            while data := file.read(chunk or (CHUNK if is_packed else -1)):
                done += len(data)
                if is_packed and done > min(most, UNPACKED_LIMIT):
                    raise _bomb(done, where)
                yield data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        hint = "It was copied incompletely or is damaged; send it again."
        raise FileRefused("cannot be unpacked.", where=where, hint=hint) from error
    except OSError as error:
        raise FileUnreadable(f"cannot be read ({error.strerror}).", where=where) from error


def _bomb(done: int, where: str) -> FileRefused:
    """Say that an archive unpacks to more than any may, or than there is memory for just now."""
    if done > UNPACKED_LIMIT:
        return FileRefused("unpacks to more than 4 GiB.", where=where, hint="Split it.")
    what = f"unpacks to more than {done / 1e6:,.0f} MB of text, for which the free memory is not enough."
    return FileUnreadable(what, where=where, hint="Split it.")


def _opened(path: Path, where: str) -> BinaryIO | gzip.GzipFile:
    """Open a file by what it begins with; raises FileRefused for one that only carries the ending."""
    file = path.open("rb", buffering=0)  # closed by the caller
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        file.close()
        return gzip.GzipFile(path)
    for mark, kind in _FOREIGN.items():
        if head.startswith(mark):
            file.close()
            raise FileRefused(f"is {kind}, not text.", where=where, hint="Save it as CSV.")
    return file


def without_ends(text: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a text without the marks of its end that old systems left behind it."""
    held = 0
    for chunk in text:
        kept = chunk.rstrip(b"\x1a")
        if kept:
            yield b"\x1a" * held + kept
            held = 0
        held += len(chunk) - len(kept)


def cut(text: Iterable[bytes], layout: Layout, size: int, where: str) -> list[Cut]:
    """Cut a text's rows into blocks of about ``size`` bytes, all of them one block if 0."""
    if not size:
        return [Cut(layout.body, max(sum(map(len, text)), layout.body), layout.first_line)]
    cuts: list[Cut] = []
    at, line, buffer, wanted = layout.body, layout.first_line, b"", size
    for chunk in _after(text, layout.body):
        buffer += chunk
        while len(buffer) >= wanted:
            # One byte more than is cut: it says whether a carriage return is all of a line end.
            end = whole_records(buffer[: wanted + 1], layout.delimiter)
            if not end:
                _ask_length(wanted, line, where)
                wanted *= 2
                continue
            cuts.append(Cut(at, at + end, line))
            line += line_ends([buffer[:end]])
            at, buffer, wanted = at + end, buffer[end:], size
    return [*cuts, Cut(at, at + len(buffer), line)] if buffer or not cuts else cuts


def pieces(text: Iterable[bytes], cuts: Sequence[Cut], where: str) -> Iterator[bytes]:
    """Yield the blocks of a text; raises FileUnreadable when it has become shorter."""
    chunks = iter(_after(text, cuts[0].start))
    buffer = b""
    for block in cuts:
        size = block.end - block.start
        parts = [buffer] if buffer else []
        have = len(buffer)
        while have < size:
            chunk = next(chunks, None)
            if chunk is None:
                raise FileUnreadable("has changed while it was read.", where=where)
            parts.append(chunk)
            have += len(chunk)
        buffer = b"".join(parts)
        body, buffer = (buffer, b"") if have == size else (buffer[:size], buffer[size:])
        yield body


def beginning(text: Iterable[bytes], is_enough: Callable[[bytes], bool], where: str) -> tuple[bytes, bool]:
    """Return a text's beginning as soon as it is enough, and whether it is all of the text."""
    head = b""
    for chunk in text:
        if head and is_enough(head):
            return head, False
        _ask_length(len(head), 1, where)
        head = head + chunk if head else chunk
    return head, True


def _after(text: Iterable[bytes], skipped: int) -> Iterator[bytes]:
    """Yield what follows the first bytes of a text."""
    for chunk in text:
        begin = min(skipped, len(chunk))
        skipped -= begin
        yield chunk[begin:] if begin else chunk


def _ask_length(size: int, line: int, where: str) -> None:
    """Refuse a row that is longer than any: what follows a quote that is never closed is one."""
    if size > LONGEST:
        what = f"a row that begins on line {line} is longer than {LONGEST >> 20} MB."
        raise FileRefused(what, where=where, hint="A quote may be missing.")
