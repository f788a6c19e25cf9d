"""Numbers and names as the sentences of a finding have them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from vigil import figures

#: Names of a list that are written out.
NAMED = 3


def share(part: float) -> str:
    """Write a share in percent."""
    percent = 100 * part
    return f"{percent:.1f} %" if 0 < percent < 9.95 or 99 <= percent < 100 else f"{percent:.0f} %"


def figure(value: float) -> str:
    """Write a value with at most six digits."""
    if value.is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return figures.digits(value, 6)


def rows(count: int) -> str:
    """Write a number of rows."""
    return figures.counted(count, "row")


def of(count: int, whole: int) -> str:
    """Write a number of rows and their share of a whole."""
    return f"{rows(count)} ({share(count / max(whole, 1))})"


def plain(value: Any) -> float | str:
    """Return a cell as JSON has it."""
    return value if isinstance(value, str) else float(value)


def cell(value: Any) -> str:
    """Write a cell: a level in quotes, a number by its digits."""
    return quoted(value) if isinstance(value, str) else figure(float(value))


def quoted(name: str) -> str:
    """Write a level, shortened, in quotes."""
    return f"“{name if len(name) <= 40 else name[:39] + '…'}”"


def listed(names: Iterable[str]) -> str:
    """Write a few names, and how many more there are."""
    every = list(names)
    shown = ", ".join(every[:NAMED])
    return shown if len(every) <= NAMED else f"{shown} and {len(every) - NAMED} more"


def date(seconds: float) -> str:
    """Write a moment, given in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
