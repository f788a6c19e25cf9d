"""Rules between two columns of a row, such as ``begun <= ended`` or ``price > 0``, as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from vigil.records import Column

_SIGN = re.compile(r"\s(<=|>=|==|!=|<|>)\s")
_ORDERED = {"number", "date"}


@dataclass(frozen=True, slots=True)
class Rule:
    """``left sign right``: ``left`` is a column's name, ``right`` another's or a number."""

    left: str
    sign: str
    right: str | float
    text: str


def parsed(text: str, columns: Iterable[Column]) -> Rule:
    """Read a rule; raises ValueError, with what is wrong with it, when it cannot be checked."""
    known = {column.name: column for column in columns if column.role != "ignored"}
    for found in _SIGN.finditer(text):
        left, right = text[: found.start()].strip(), text[found.end() :].strip()
        if left in known and right in known:
            _ask_comparable(known[left], found[1], known[right])
            return Rule(left, found[1], right, text)
        number = _number(right)
        if left in known and number is not None:
            if known[left].kind != "number":
                raise ValueError(f"{left!r} is not a number")
            return Rule(left, found[1], number, text)
    raise ValueError(f"it must compare two columns, as in 'begun <= ended'; there are {', '.join(known)}")


def _ask_comparable(left: Column, sign: str, right: Column) -> None:
    """Raise ValueError when the sign means nothing between two columns."""
    kinds = {"category" if column.kind == "text" else column.kind for column in (left, right)}
    if len(kinds) > 1:
        raise ValueError(f"{left.name!r} is a {left.kind} and {right.name!r} a {right.kind}")
    if sign not in {"==", "!="} and not kinds <= _ORDERED:
        raise ValueError(f"{left.name!r} and {right.name!r} are neither numbers nor dates")


def _number(text: str) -> float | None:
    """Return a finite number, or nothing."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
