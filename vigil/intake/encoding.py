"""Bytes of a text file, in whatever encoding, to UTF-8 without a byte-order mark."""

from __future__ import annotations

import codecs

from vigil.errors import FileRefused

#: Longest first, because the mark of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def as_utf8(data: bytes, where: str, fixed: str = "") -> tuple[bytes, str, tuple[str, ...]]:
    """Return the text as UTF-8, the name of its encoding, and notes on what was guessed.

    ``fixed`` is the encoding where it need not be guessed. Raises FileRefused when the bytes are not text,
    and when NUL bytes remain: they come from a copy that was interrupted, and what stood in their place is
    lost.
    """
    if fixed:
        text = _decoded(data, fixed, where)
        _refuse_nul(text, where)
        return text, fixed, ()
    encoding = _marked(data) or _unmarked_utf16(data)
    if encoding == "utf-8-sig":
        data = data[len(codecs.BOM_UTF8) :]
    if encoding in {"", "utf-8-sig"}:
        text, guessed, notes = _eight_bit(data)
        encoding = encoding or guessed
    else:
        text, notes = _decoded(data, encoding, where), (f"The file is written in {encoding.upper()}.",)
    _refuse_nul(text, where)
    return text, encoding, notes


def _marked(data: bytes) -> str:
    """Return the encoding that a byte-order mark announces, or nothing."""
    return next((name for mark, name in MARKS if data.startswith(mark)), "")


def _unmarked_utf16(data: bytes) -> str:
    """Recognise UTF-16 without a mark: every other byte of Latin text is NUL."""
    head = data[:4096]
    for name, start in (("utf-16-be", 0), ("utf-16-le", 1)):
        half, other = head[start::2], head[1 - start :: 2]
        if len(half) > 2 and half.count(0) > 0.8 * len(half) and other.count(0) == 0:
            return name
    return ""


def _decoded(data: bytes, encoding: str, where: str) -> bytes:
    """Decode what is in a known encoding; the mark is no part of the text."""
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        hint = "Save it as UTF-8; it may have been copied incompletely."
        raise FileRefused(f"is not valid {encoding.upper()}.", where=where, hint=hint) from error


def _eight_bit(data: bytes) -> tuple[bytes, str, tuple[str, ...]]:
    """Tell UTF-8, damaged UTF-8 and Latin-1 apart; returns text, encoding, notes."""
    if data.isascii():
        return data, "utf-8", ()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _not_quite_utf8(data)
    return data, "utf-8", ()


def _not_quite_utf8(data: bytes) -> tuple[bytes, str, tuple[str, ...]]:
    """Keep text that is UTF-8 but for a few bytes; read everything else as Latin-1.

    Reading a UTF-8 file as Latin-1 because of one bad byte would rename every accented category.
    """
    repaired = data.decode("utf-8", "replace")
    bad = repaired.count("\ufffd")
    good = len(repaired) - len(repaired.encode("ascii", "ignore")) - bad
    if good > bad:
        note = f"Places that are not valid UTF-8 were read as \ufffd: {bad}."
        return repaired.encode(), "utf-8", (note,)
    encoding = _western(data)
    return data.decode(encoding).encode(), encoding, (f"The file is not UTF-8; read as {encoding}.",)


def _western(data: bytes) -> str:
    """Return cp1252 where its extra letters (euro, curly quotes) occur, else Latin-1."""
    has_extra = len(data.translate(None, bytes(range(0x80, 0xA0)))) < len(data)
    undefined = len(data.translate(None, b"\x81\x8d\x8f\x90\x9d")) < len(data)
    return "cp1252" if has_extra and not undefined else "latin-1"


def _refuse_nul(text: bytes, where: str) -> None:
    """Refuse NUL bytes, naming the first line that holds one."""
    position = text.find(b"\0")
    if position < 0:
        return
    line = len(text[: position + 1].splitlines())
    hint = "It is damaged or not a text file; send it again."
    raise FileRefused(f"holds NUL bytes, first on line {line}.", where=where, hint=hint)
