"""How figures stand in sentences and tables: few digits, thousands apart, no powers of ten."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

#: Evidence beyond this says no more.
MOST_EVIDENCE = 1e6


def score(value: float | None, missing: str = "undefined") -> str:
    """Write a metric's value: three decimals; four digits of a large one, as of a loss; two of a tiny one."""
    if value is None:
        return missing
    if value == 0 or 0.01 <= abs(value) < 10:
        return f"{value:.3f}"
    return digits(value, 4 if abs(value) >= 10 else 2)


def gain(value: float) -> str:
    """Write a difference of two scores, with its sign."""
    return f"{'-' if value < 0 else '+'}{score(abs(value))}"


def digits(value: float | None, most: int = 4, sign: str = "") -> str:
    """Write so many significant digits, whole numbers in full; ``sign`` may be "+", to be always shown.

    Only far from what people count it is a power of ten.
    """
    if value is None:
        return "undefined"
    exponent = math.floor(math.log10(abs(value))) if value and math.isfinite(value) else None
    if exponent is None or not -5 <= exponent < 12:
        return f"{value:{sign}.{most}g}"
    written = f"{value:{sign},.{max(0, most - 1 - exponent)}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def counted(count: int, what: str) -> str:
    """Write how many there are of something that is named as one of them."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def moment(stored: str) -> str:
    """Write a stored time, to the second."""
    return f"{stored[:19]}Z"


def day(seconds: float, beyond: str) -> str:
    """Write the day of a moment in seconds since 1970, and ``beyond`` for one that no calendar has."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date().isoformat()
    except OverflowError:
        return beyond


def cell(value: Any) -> str:
    """Write whatever stands in a table: numbers as people read them, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return score(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def chance(p_value: float | None) -> str:
    """Write a p-value: what is very small says no more than that."""
    if p_value is None:
        return "–"
    return "< 0.0001" if 0 < p_value < 0.0001 else digits(p_value, 2) if p_value < 0.1 else f"{p_value:.3f}"


def evidence(e_value: float | None) -> str:
    """Write an e-value: one decimal while it is small, whole above, and no further than people read."""
    if e_value is None:
        return "–"
    if e_value > MOST_EVIDENCE:
        return f"over {MOST_EVIDENCE:,.0f}"
    if 0 < e_value < 0.05:
        return "< 0.1"
    return f"{e_value:.1f}" if e_value < 9.95 else f"{e_value:,.0f}"
