"""Bytes of a text file, in whatever encoding, to UTF-8 without a byte-order mark.

The bytes come as one piece or as many: what is found does not depend on how they are cut.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from vigil.errors import FileRefused
from vigil.intake.lines import line_ends

#: A file's bytes from the beginning, as often as they are asked for.
Chunks = Callable[[], Iterable[bytes]]
#: Bytes of the beginning that are looked at for a mark, and for UTF-16 without one.
HEAD = 4096

#: Longest first, because the mark of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes become text: ``name`` as it is shown, ``codec`` empty where they are UTF-8 already.

    ``mark`` counts the bytes before the text. ``notes`` says what was guessed.
    """

    name: str
    codec: str = ""
    errors: str = "strict"
    mark: int = 0
    notes: tuple[str, ...] = ()


def found(chunks: Chunks, fixed: str = "") -> Encoding:
    """Find out the encoding of a file from all of its bytes; ``fixed`` where it need not be guessed."""
    if fixed:
        return Encoding(fixed, fixed)
    head = _head(chunks)
    name = _marked(head) or _unmarked_utf16(head)
    mark = len(codecs.BOM_UTF8) if name == "utf-8-sig" else 0
    if name in {"", "utf-8-sig"}:
        guessed = _eight_bit(chunks, mark)
        return replace(guessed, name=name or guessed.name)
    return Encoding(name, name, notes=(f"The file is written in {name.upper()}.",))


def as_utf8(chunks: Chunks, how: Encoding, where: str) -> Iterator[bytes]:
    """Yield the text as UTF-8, without a byte-order mark.

    Raises FileRefused when the bytes are not text, and at NUL bytes: they come from a copy that was
    interrupted, and what stood in their place is lost.
    """
    done = 0
    decoded = _decoded(chunks, how, where)
    for text in decoded:
        place = text.find(b"\0")
        if place >= 0:
            for _ in decoded:  # that the bytes are no text at all would be said first
                pass
            _refuse_nul(_decoded(chunks, how, where), done + place, where)
        done += len(text)
        yield text


def _head(chunks: Chunks) -> bytes:
    """Return enough of the beginning to see marks, and every other byte of UTF-16."""
    head = b""
    for chunk in chunks():
        head += chunk[:HEAD]
        if len(head) >= HEAD:
            break
    return head[:HEAD]


def _marked(data: bytes) -> str:
    """Return the encoding that a byte-order mark announces, or nothing."""
    return next((name for mark, name in MARKS if data.startswith(mark)), "")


def _unmarked_utf16(head: bytes) -> str:
    """Recognise UTF-16 without a mark: every other byte of Latin text is NUL."""
    for name, start in (("utf-16-be", 0), ("utf-16-le", 1)):
        half, other = head[start::2], head[1 - start :: 2]
        if len(half) > 2 and half.count(0) > 0.8 * len(half) and other.count(0) == 0:
            return name
    return ""


def _decoded(chunks: Chunks, how: Encoding, where: str) -> Iterator[bytes]:
    """Yield bytes in a known encoding as UTF-8; the mark is no part of the text."""
    if not how.codec:
        yield from _behind(chunks(), how.mark)
        return
    try:
        first = True
        for text in _characters(_behind(chunks(), how.mark), how.codec, how.errors):
            if first and how.errors == "strict":
                text = text.removeprefix("\ufeff")
            first = False
            yield text.encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        hint = "Save it as UTF-8; it may have been copied incompletely."
        raise FileRefused(f"is not valid {how.name.upper()}.", where=where, hint=hint) from error


def _behind(chunks: Iterable[bytes], mark: int) -> Iterator[bytes]:
    """Yield what follows the first bytes."""
    for chunk in chunks:
        skipped = min(mark, len(chunk))
        mark -= skipped
        yield chunk[skipped:] if skipped else chunk


def _characters(chunks: Iterable[bytes], codec: str, errors: str = "strict") -> Iterator[str]:
    """Yield decoded text that is not empty; a letter may be split between two chunks."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def _eight_bit(chunks: Chunks, mark: int) -> Encoding:
    """Tell UTF-8, damaged UTF-8 and Latin-1 apart."""
    if all(chunk.isascii() for chunk in _behind(chunks(), mark)):
        return Encoding("utf-8", mark=mark)
    try:
        for _ in _characters(_behind(chunks(), mark), "utf-8"):
            pass
    except UnicodeDecodeError:
        return _not_quite_utf8(chunks, mark)
    return Encoding("utf-8", mark=mark)


def _not_quite_utf8(chunks: Chunks, mark: int) -> Encoding:
    """Keep text that is UTF-8 but for a few bytes; read everything else as Latin-1.

    Reading a UTF-8 file as Latin-1 because of one bad byte would rename every accented category.
    """
    bad = beyond = 0
    for repaired in _characters(_behind(chunks(), mark), "utf-8", "replace"):
        bad += repaired.count("\ufffd")
        beyond += len(repaired) - len(repaired.encode("ascii", "ignore"))
    if beyond - bad > bad:
        note = f"Places that are not valid UTF-8 were read as \ufffd: {bad}."
        return Encoding("utf-8", "utf-8", "replace", mark, (note,))
    name = _western(_behind(chunks(), mark))
    return Encoding(name, name, "strict", mark, (f"The file is not UTF-8; read as {name}.",))


def _western(chunks: Iterable[bytes]) -> str:
    """Return cp1252 where its extra letters (euro, curly quotes) occur, else Latin-1."""
    has_extra = undefined = False
    for data in chunks:
        has_extra |= len(data.translate(None, bytes(range(0x80, 0xA0)))) < len(data)
        undefined |= len(data.translate(None, b"\x81\x8d\x8f\x90\x9d")) < len(data)
    return "cp1252" if has_extra and not undefined else "latin-1"


def _refuse_nul(text: Iterable[bytes], position: int, where: str) -> None:
    """Refuse NUL bytes, naming the first line that holds one."""
    line = 1 + line_ends(_first_bytes(text, position))
    hint = "It is damaged or not a text file; send it again."
    raise FileRefused(f"holds NUL bytes, first on line {line}.", where=where, hint=hint)


def _first_bytes(text: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Yield the first bytes of a text."""
    for chunk in text:
        if count <= 0:
            return
        yield chunk[:count]
        count -= len(chunk)
