"""What one cell means: missing, a level, a number, a moment. The single truth for files and requests.

Files are typed a column at a time (``vigil.contract.columns``), with these patterns and, for cells
that are not written plainly, with these functions.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

#: Words that mean "no value", compared in lower case. "Unknown" too: it says nothing of the case.
MISSING = frozenset({"", "?", "-", "na", "n/a", "#n/a", "nan", "null", "none", "unknown"})

NOT_A_NUMBER = "not a number"
NOT_FINITE = "not a finite number"
NOT_A_DATE = "not a date"
AMBIGUOUS_DATE = "ambiguous: day and month cannot be told apart"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _number_pattern(decimal: str, group: str) -> str:
    """Write the form of a number, in the dialect that Python's and Arrow's matchers share."""
    spaces = "' \u00a0\u202f"
    whole = rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:[{group}{spaces}][0-9]{{3}})+)"
    return rf"[+-]?(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)? ?%?"


#: A number by its decimal sign: 1,234.5 and 1.234,5; percent signs allowed.
NUMBER_FORMS = {".": _number_pattern(r"\.", ","), ",": _number_pattern(",", r"\.")}

_NUMBERS = {sign: re.compile(form) for sign, form in NUMBER_FORMS.items()}
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
_CLOCK = (
    r"(?:(?:T| +)(?P<hour>\d{1,2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?)?"
    r" ?(?P<half>[AaPp][Mm])?)? ?(?P<zone>Z|UTC|[+-]\d{2}(?::?\d{2})?)?"
)
_DATES = tuple(
    re.compile(form + _CLOCK, re.ASCII)
    for form in (
        r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<day>\d{1,2})[ -](?P<name>[A-Za-z]{3,9})[ -](?P<year>\d{4})",
        r"(?P<name>[A-Za-z]{3,9}) (?P<day>\d{1,2}), ?(?P<year>\d{4})",
    )
)
_UNORDERED = re.compile(r"(?P<first>\d{1,2})([/-])(?P<second>\d{1,2})\2(?P<year>\d{4})(?P<rest>.*)", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def is_missing(text: str) -> bool:
    """Say whether a cell's text means that there is no value."""
    return text.strip().lower() in MISSING


def text_of(value: object) -> str | None:
    """Return a cell as trimmed text, None when missing; whole floats lose their ".0"."""
    if value is None:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value).strip()
    return None if text.lower() in MISSING else text


def level(value: object) -> str | None:
    """Return a category's canonical level: trimmed, "1.0" as "1", truths as "True" and "False"."""
    text = text_of(value)
    if text is None or not text.endswith("0"):
        return text
    whole = _WHOLE_FLOAT.fullmatch(text)
    if whole is None:
        return text
    return "0" if whole.group(1) == "-0" else whole.group(1)


def number(value: object, decimal: str = "") -> tuple[float, str]:
    """Return a number and the rule it breaks; NaN and no rule when missing.

    ``decimal`` is the column's decimal sign; without it the cell speaks for itself, and what could
    be either, such as 1,234, is read as thousands. Ten percent is 0.1.
    """
    if value is None:
        return math.nan, ""
    if isinstance(value, int | float):
        return _finite(_as_float(value))
    text = str(value).strip()
    if text.lower() in MISSING:
        return math.nan, ""
    sign = decimal or decimal_of(text)
    if _NUMBERS[sign].fullmatch(text):
        return _finite(_digits(text, sign))
    return math.nan, NOT_FINITE if _INFINITE.fullmatch(text) else NOT_A_NUMBER


def decimal_of(text: str) -> str:
    """Return the decimal sign that a single cell shows: a comma only when nothing else fits."""
    return "," if not _NUMBERS["."].fullmatch(text) and _NUMBERS[","].fullmatch(text) else "."


def _as_float(value: float) -> float:
    """Turn an integer of any size into a float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _finite(value: float) -> tuple[float, str]:
    """Pass finite numbers and NaN (missing); name infinities."""
    return (math.nan, NOT_FINITE) if math.isinf(value) else (value, "")


def _digits(text: str, decimal: str) -> float:
    """Read a text that matches the number form of a decimal sign."""
    plain = text.rstrip(" %").translate(_groups(decimal)).replace(",", ".")
    return float(plain) / 100 if text.endswith("%") else float(plain)


@cache
def _groups(decimal: str) -> dict[int, None]:
    """Return the translation that deletes the signs between thousands."""
    return {ord(sign): None for sign in "' \u00a0\u202f,." if sign != decimal}


def moment(value: object, order: str = "", *, fixed: bool = False) -> tuple[int | None, str]:
    """Return microseconds since 1970 in UTC and the rule broken; None and no rule when missing.

    Without a zone the text is taken as UTC. Read are 2024-04-03, 2024/4/3, 3.4.2024, 3-Apr-2024,
    April 3, 2024, each with or without a time; and 03/04/2024 where ``order`` ("day" or "month"
    first) or the numbers themselves tell the day from the month. Where the order is ``fixed``, a date
    that shows the other one is none.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, ""
    text = str(value).strip()
    if text.lower() in MISSING:
        return None, ""
    unordered = _UNORDERED.fullmatch(text)
    if unordered:
        order = order if fixed else order_of(text) or order
        if not order:
            return None, AMBIGUOUS_DATE
        text = _ordered(unordered, order)
    for form in _DATES:
        found = form.fullmatch(text)
        if found:
            return _microseconds(found.groupdict())
    return None, NOT_A_DATE


def order_of(text: str) -> str:
    """Say which comes first in a date such as 13/04/2024; nothing when both could be the month."""
    found = _UNORDERED.fullmatch(text.strip())
    if not found:
        return ""
    first, second = int(found["first"]), int(found["second"])
    if first > 12 or first == second:
        return "day"
    return "month" if second > 12 else ""


def _ordered(found: re.Match[str], order: str) -> str:
    """Rewrite 03/04/2024 with the year first."""
    day, month = ("first", "second") if order == "day" else ("second", "first")
    return f"{found['year']}-{found[month]}-{found[day]}{found['rest']}"


def _microseconds(parts: dict[str, str | None]) -> tuple[int | None, str]:
    """Put a date's parts together; a 30 February is not a date, nor is one that no year has in UTC."""
    try:
        moment = datetime(
            int(parts["year"] or 0),
            _month(parts),
            int(parts["day"] or 0),
            _hour(parts),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            int((parts["part"] or "").ljust(6, "0")[:6]),
            tzinfo=_zone(parts["zone"] or ""),
        )
        return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND, ""
    except (ValueError, OverflowError):
        return None, NOT_A_DATE


def _month(parts: dict[str, str | None]) -> int:
    """Return the month's number, from its number or its English name; raises ValueError."""
    name = parts.get("name")
    return _MONTHS.index(name[:3].lower()) + 1 if name else int(parts["month"] or 0)


def _hour(parts: dict[str, str | None]) -> int:
    """Return the hour on the 24-hour clock; raises ValueError for 13 PM."""
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError("no such hour")
    return hour % 12 + (12 if half == "pm" else 0) if half else hour


def _zone(text: str) -> timezone:
    """Return the time zone of +02:00, +0200, +02, Z or nothing; raises ValueError."""
    if text in {"", "Z", "UTC"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def seconds(microseconds: int | None) -> float:
    """Return a moment as the seconds that a model is given; NaN when missing."""
    return math.nan if microseconds is None else microseconds / 1_000_000
