"""A whole column typed at once, by the rules of ``vigil.contract.cells``.

Cells that are written plainly go through Arrow; the few that are not go through the functions for
one cell, once per distinct text.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from vigil.arrow import pc
from vigil.contract import cells, screens
from vigil.contract.cells import MISSING, NOT_A_NUMBER, NOT_FINITE, NUMBER_FORMS
from vigil.errors import FileRefused
from vigil.intake import RawTable, listed
from vigil.records import Kind

#: The published type stubs are behind the library, so arrays go unchecked.
Cells = Any

MOMENT = pa.timestamp("us", tz="UTC")
ARROW_TYPES = {"number": pa.float64(), "category": pa.string(), "text": pa.string(), "date": MOMENT}

#: The rows by which a file's usual decimal sign is told.
VOTING_ROWS = 1000

_PLAIN_NUMBERS = {
    ".": r"^[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$",
    ",": r"^[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?(?:[eE][+-]?[0-9]+)?$",
}
_PLAIN_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?$"
_WORDS = "|".join(sorted(word.replace("?", r"\?") for word in MISSING if word))
#: Every text that may not be its own canonical form: padded, a missing word, a whole float.
_ODD_TEXT = rf"^[\x00-\x20\x{{85}}\pZ]|[\x00-\x20\x{{85}}\pZ]$|^(?i:{_WORDS})$|^$|\.0+$"
#: Where the year 1 begins and the year 9999 ends, in seconds since 1970: other moments have no date.
_FIRST, _END = -62_135_596_800, 253_402_300_800
_YEAR_ONE = _FIRST * 1_000_000


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed column and, by rule, a mask of the rows whose cell breaks it (null in ``values``).

    ``guess`` is what was decided from the whole column: its decimal sign where that is a comma, "day" or
    "month" where dates such as 03/04/2024 were read with that first, else nothing.
    """

    values: Cells
    faults: dict[str, np.ndarray] = field(default_factory=dict)
    guess: str = ""


def typed(
    column: Cells, kind: Kind, decimal: str = ".", *, fixed: str | None = None, known: str | None = None
) -> Typed:
    """Type a column of text or native cells as a kind; ``decimal`` is the file's usual sign.

    ``fixed`` is what the contract says instead of a guess: a number's decimal sign, or whether "day" or
    "month" comes first in a date. ``known`` is the guess where these are not all of the file's cells.
    """
    flat = plain(column)
    if kind == "number":
        return _numbers(flat, decimal, fixed, known)
    if kind == "date":
        return _moments(flat, fixed, known)
    return _levels(flat) if kind == "category" else _texts(flat)


def plain(column: Cells) -> Cells:
    """Return a column as one array: dictionaries decoded, every sort of string as ``string``.

    Raises FileRefused when its cells are lists, structures or bytes that are not text.
    """
    if isinstance(column, pa.ChunkedArray) and column.num_chunks == 0:
        column = pa.nulls(0, column.type)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_nested(kind):
        raise FileRefused(f"holds cells of type {kind}; only single values can be read.")
    if not is_text(kind) and not _is_native(kind):
        try:
            column = pc.cast(column, pa.string())
        except pa.ArrowException as error:
            raise FileRefused(f"holds cells of type {kind}, which are not text.") from error
    elif is_text(kind) and kind != pa.string():
        column = pc.cast(column, pa.string())
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type is one of Arrow's sorts of string."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_number(kind: pa.DataType) -> bool:
    """Say whether a type counts or measures."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_moment(kind: pa.DataType) -> bool:
    """Say whether a type is a day or a moment."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def decimal_of_file(raw: RawTable) -> str:
    """Guess the decimal sign for cells that fit both, such as 1,234, from the file as a whole.

    Where the comma separates the cells it is rarely the decimal sign as well; elsewhere the first
    rows of all columns vote.
    """
    if raw.decimal:
        return raw.decimal
    if raw.dialect is None or raw.dialect.delimiter == ",":
        return "."
    votes = 0
    for column in raw.columns.slice(0, VOTING_ROWS).columns:
        points, commas = _evidence(pc.utf8_trim_whitespace(column))
        votes += commas - points
    return "," if votes > 0 or (votes == 0 and raw.dialect.delimiter == ";") else "."


def _is_native(kind: pa.DataType) -> bool:
    """Say whether a type's values are typed without a detour through text."""
    return is_number(kind) or is_moment(kind) or bool(pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _numbers(flat: Cells, decimal: str, fixed: str | None, known: str | None) -> Typed:
    """Type numbers: native ones directly, text by the column's own way of writing."""
    if not is_text(flat.type):
        return _native_numbers(flat)
    usual = _as_floats(flat) if (fixed or known or decimal) == "." else None
    # A finite sum has only finite parts.
    if usual is not None and math.isfinite(pc.sum(usual).as_py() or 0.0):
        return Typed(usual)
    values, unread, sign = _number_texts(flat, usual, decimal, fixed or known)
    floats = values.to_numpy(zero_copy_only=False)
    infinite = np.isinf(floats)
    # Arrow reads "-nan" and "nan(1)" as numbers; here they are none.
    unread |= np.isnan(floats) & _mask(values.is_valid())
    guess = sign if sign == "," and fixed is None else ""
    return _without(values, {NOT_A_NUMBER: unread, NOT_FINITE: infinite}, guess)


def _native_numbers(flat: Cells) -> Typed:
    """Type numbers and truths of a Parquet file; NaN is missing, a moment is not a number."""
    if is_moment(flat.type):
        return Typed(pa.nulls(len(flat), pa.float64()), {NOT_A_NUMBER: _mask(flat.is_valid())})
    if pa.types.is_boolean(flat.type):
        flat = pc.cast(flat, pa.int8())
    floats = pc.cast(flat, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    values = pa.array(floats, pa.float64(), from_pandas=True)
    return _without(values, {NOT_FINITE: np.isinf(floats)})


def _number_texts(
    flat: Cells, values: Cells | None, decimal: str, sign: str | None
) -> tuple[Cells, np.ndarray, str]:
    """Return numbers with nulls, the mask of texts that are no numbers, and the decimal sign.

    ``values`` is what all texts are as plain numbers, if they are; ``sign`` where it need not be guessed.
    """
    if values is not None and not pc.any(pc.is_nan(values)).as_py():
        return values, np.zeros(len(flat), dtype=bool), "."
    text = _trimmed(flat)
    values = _as_floats(text) if (sign or decimal) == "." else None
    if values is not None:
        return values, np.zeros(len(flat), dtype=bool), "."
    sign = sign or more_usual(*_evidence(text), decimal)
    is_plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN_NUMBERS[sign]), False)
    readable = pc.replace_substring(pc.if_else(is_plain, text, None), "," if sign == "." else ".", "")
    if sign == ",":
        readable = pc.replace_substring(readable, ",", ".")
    values = pc.cast(readable, pa.float64())
    return *_with_odd(values, text, partial(_odd_number, sign=sign), pa.float64()), sign


def _odd_number(text: str, *, sign: str) -> tuple[float, str]:
    """Read one cell; an infinite one stays so, for what it breaks is told from the values."""
    value, rule = cells.number(text, sign)
    return (math.inf, "") if rule == NOT_FINITE else (value, rule)


def signs(column: Cells, *, quickly: bool) -> tuple[int, int] | None:
    """Count the cells that can only be numbers with a decimal point, and only with a comma.

    ``quickly``, None stands for a column in which none needs a comma: the others are not counted.
    """
    flat = plain(column)
    if not is_text(flat.type):
        return 0, 0
    text = _trimmed(flat)
    return None if quickly and _as_floats(text) is not None else _evidence(text)


def more_usual(points: int, commas: int, decimal: str) -> str:
    """Return the decimal sign that more of the cells show, the file's usual one when none does."""
    return "," if commas > points or (commas == points and decimal == ",") else "."


def _as_floats(text: Cells) -> Cells | None:
    """Read all texts as plain numbers, or nothing when one of them is not."""
    try:
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None


def _evidence(text: Cells) -> tuple[int, int]:
    """Count the cells that can only be numbers with a decimal point, and only with a comma."""
    point, comma = (
        pc.fill_null(pc.match_substring_regex(text, f"^(?:{NUMBER_FORMS[sign]})$"), False) for sign in ".,"
    )
    return (
        pc.sum(pc.and_not(point, comma)).as_py() or 0,
        pc.sum(pc.and_not(comma, point)).as_py() or 0,
    )


def _moments(flat: Cells, fixed: str | None, known: str | None) -> Typed:
    """Type moments: without a zone they are taken as UTC."""
    if is_moment(flat.type):
        return _in_utc(flat)
    if not is_text(flat.type):
        return Typed(pa.nulls(len(flat), MOMENT), {cells.NOT_A_DATE: _mask(flat.is_valid())})
    usual = _usual_moments(flat)
    if usual is not None:
        return Typed(usual)
    return _odd_moments(*_plain_moments(flat), fixed, known)


def _plain_moments(flat: Cells) -> tuple[Cells, Cells]:
    """Read the moments that are written plainly; returns them and all texts, trimmed."""
    text = _trimmed(flat)
    is_plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN_MOMENT), False)
    try:
        values = pc.cast(pc.if_else(is_plain, text, None), pa.timestamp("us"))
        if (pc.min(values).cast(pa.int64()).as_py() or 0) < _YEAR_ONE:
            raise pa.ArrowInvalid("year 0")
    except pa.ArrowInvalid:
        # One 30 February stops the fast way; then every distinct text is looked at.
        values = pa.nulls(len(flat), pa.timestamp("us"))
    return values, text


def _usual_moments(flat: Cells) -> Cells | None:
    """Read moments that are written alike and plainly throughout; nothing where one is not, or is no day."""
    if not screens.are_usual_moments(flat):
        return None
    try:
        values = pc.cast(flat, pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    return values.cast(MOMENT) if pc.min(values).cast(pa.int64()).as_py() >= _YEAR_ONE else None


def _odd_moments(values: Cells, text: Cells, fixed: str | None, known: str | None) -> Typed:
    """Read the dates that are not written plainly, days and months told apart by all of them."""
    guess = known or ""
    if fixed is None and known is None:
        guess = one_order(_orders(_odd_texts(values, text)))
    order = fixed or guess
    found = values.cast(pa.int64())
    rules: dict[str, str] = {}

    def read(cell: str) -> tuple[int | None, str]:
        microseconds, rule = cells.moment(cell, order, fixed=fixed is not None)
        rules[cell] = rule
        return microseconds, rule

    filled, unread = _with_odd(found, text, read, pa.int64())
    ambiguous = [cell for cell, rule in rules.items() if rule == cells.AMBIGUOUS_DATE]
    unclear = unread & _mask(pc.fill_null(pc.is_in(text, pa.array(ambiguous, pa.string())), False))
    faults = {cells.NOT_A_DATE: unread & ~unclear, cells.AMBIGUOUS_DATE: unclear}
    return _without(filled.cast(MOMENT), faults, guess)


def date_orders(column: Cells) -> set[str]:
    """Return what comes first in a column's dates such as 13/04/2024: "day", "month", both or nothing."""
    flat = plain(column)
    if not is_text(flat.type) or _usual_moments(flat) is not None:
        return set()
    return _orders(_odd_texts(*_plain_moments(flat)))


def one_order(orders: set[str]) -> str:
    """Return what comes first in all dates, nothing when they do not agree."""
    return next(iter(orders)) if len(orders) == 1 else ""


def _orders(odd: Cells) -> set[str]:
    return {cells.order_of(cell) for cell in odd.unique().to_pylist()} - {""}


def _in_utc(flat: Cells) -> Typed:
    """Turn days and timestamps of any unit and zone into UTC microseconds, where these have a year."""
    zone = getattr(flat.type, "tz", None)
    seconds = pc.cast(pc.cast(flat, pa.timestamp("s", tz=zone), safe=False), pa.int64())
    no_date = _mask(pc.fill_null(pc.or_(pc.less(seconds, _FIRST), pc.greater_equal(seconds, _END)), False))
    if no_date.any():
        flat = pc.if_else(pa.array(no_date), None, flat)
    values = pc.cast(pc.cast(flat, pa.timestamp("us", tz=zone), safe=False), pa.int64()).cast(MOMENT)
    return _without(values, {cells.NOT_A_DATE: no_date})


def _levels(flat: Cells) -> Typed:
    """Type categories: canonical levels."""
    return Typed(_canonical(flat, cells.level))


def _texts(flat: Cells) -> Typed:
    """Type free text: trimmed, missing words as null."""
    return Typed(_canonical(flat, cells.text_of))


def _canonical(flat: Cells, canonical: Callable[[object], str | None]) -> Cells:
    """Apply a function for one cell to each distinct value that may not be canonical yet."""
    if not is_text(flat.type):
        return _each_distinct(flat, canonical)
    odd = screens.doubtful(flat)
    if odd.size:
        odd = odd[_mask(pc.fill_null(pc.match_substring_regex(flat.take(odd), _ODD_TEXT), False))]
    if not odd.size:
        return flat
    mask = np.zeros(len(flat), dtype=bool)
    mask[odd] = True
    return pc.replace_with_mask(flat, pa.array(mask), _each_distinct(flat.take(odd), canonical))


def _each_distinct(flat: Cells, canonical: Callable[[object], str | None]) -> Cells:
    """Map values through a function once per distinct value."""
    if len(flat) == 0:
        return pa.nulls(0, pa.string())
    if pa.types.is_null(flat.type):
        return pa.nulls(len(flat), pa.string())
    encoded = flat.dictionary_encode()
    mapped = pa.array([canonical(value) for value in listed(encoded.dictionary)], pa.string())
    return mapped.take(encoded.indices)


def _trimmed(flat: Cells) -> Cells:
    """Trim ASCII spaces and turn missing words into nulls."""
    text = pc.ascii_trim_whitespace(flat)
    missing = pc.is_in(pc.ascii_lower(text), pa.array(sorted(MISSING)))
    return pc.if_else(missing, None, text)


def _odd_texts(values: Cells, text: Cells) -> Cells:
    """Return the texts that have no value yet."""
    return text.filter(pc.and_(values.is_null(), text.is_valid()))


def _with_odd(
    values: Cells, text: Cells, read: Callable[[str], tuple[float | None, str]], kind: pa.DataType
) -> tuple[Cells, np.ndarray]:
    """Read the texts that have no value yet, once each; returns values and the mask of failures."""
    open_rows = pc.and_(values.is_null(), text.is_valid())
    unread = np.zeros(len(values), dtype=bool)
    if not pc.any(open_rows).as_py():
        return values, unread
    encoded = text.filter(open_rows).dictionary_encode()
    answers = [read(cell) for cell in encoded.dictionary.to_pylist()]
    found = pa.array([value for value, _ in answers], kind, from_pandas=True).take(encoded.indices)
    failed = pa.array([bool(rule) for _, rule in answers]).take(encoded.indices)
    unread[_mask(open_rows)] = _mask(failed)
    return pc.replace_with_mask(values, open_rows, found), unread


def _without(values: Cells, faults: dict[str, np.ndarray], guess: str = "") -> Typed:
    """Null the faulty cells and keep the rules that any cell breaks."""
    broken = {rule: mask for rule, mask in faults.items() if mask.any()}
    for mask in broken.values():
        values = pc.if_else(pa.array(mask), None, values)
    return Typed(values, broken, guess)


def _mask(values: Cells) -> np.ndarray:
    """Return truths as a numpy array that may be written to."""
    return np.array(values.to_numpy(zero_copy_only=False), dtype=bool)
