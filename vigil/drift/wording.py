"""What happened to a column, in a sentence that needs no statistics."""

from __future__ import annotations

from vigil import figures
from vigil.profiles import ColumnProfile, histogram
from vigil.profiles.levels import Levels
from vigil.records import Kind

_NOUNS: dict[Kind, str] = {
    "number": "numbers", "category": "categories", "text": "text", "date": "dates"
}  # fmt: skip


def changed(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Return what was and what is: the median or the levels, and the missing share.

    As in "staff: median 84 → 171; missing 0.4 % → 0.4 %"; the latter only where cells are missing.
    """
    parts = [_middle(reference, current), _mix(reference, current), _unseen(reference, current)]
    if _missing(reference) or _missing(current):
        parts.append(f"missing {_share(_missing(reference))} → {_share(_missing(current))}")
    return f"{reference.name}: {'; '.join(part for part in parts if part)}"


def too_few(reference: ColumnProfile, current: ColumnProfile, smallest: float | None) -> str:
    """Say how few rows there are, and which shift would have been found."""
    if current.kind != reference.kind:
        return f"{reference.name}: {_NOUNS[reference.kind]} have become {_NOUNS[current.kind]}"
    rows = f"{_present(current):,} values against {_present(reference):,} in the reference"
    if smallest is None or smallest >= 1:
        return f"{reference.name}: too little data ({rows}); no shift would be found reliably"
    shift = f"only a shift of {_share(smallest)} of the rows would be found"
    return f"{reference.name}: too little data ({rows}); {shift}"


def _middle(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Compare medians; of lengths for text."""
    if reference.numbers is None or current.numbers is None:
        return ""
    if not reference.numbers.count or not current.numbers.count:
        return ""
    sides = [histogram.quantile(side.numbers.histogram, 0.5) for side in (reference, current) if side.numbers]
    if reference.kind == "date":
        return " → ".join(["median " + _day(sides[0]), _day(sides[1])])
    name = "median length" if reference.kind == "text" else "median"
    return f"{name} {figures.digits(sides[0])} → {figures.digits(sides[1])}{_width(reference, current)}"


def _width(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Compare where four fifths of the values lie, when that range is a tenth wider or narrower."""
    ends = [
        [histogram.quantile(side.numbers.histogram, share) for share in (0.1, 0.9)]
        for side in (reference, current)
        if side.numbers
    ]
    before, now = (high - low for low, high in ends)
    if before == now or 0.9 < now / (before or now) < 1.1:
        return ""
    ranges = [f"{figures.digits(low)}…{figures.digits(high)}" for low, high in ends]
    return f"; four fifths within {ranges[0]} → {ranges[1]}"


def _mix(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Name the level of the reference whose share changed most, or count levels that are too many."""
    ours, theirs = _counted(reference), _counted(current)
    if reference.levels is not None and current.levels is not None and (ours is None or theirs is None):
        return f"levels {_about(reference.levels)} → {_about(current.levels)}"
    if not ours or theirs is None or not sum(theirs.values()):
        return ""
    n, m = sum(ours.values()), sum(theirs.values())
    level = max(sorted(ours), key=lambda name: abs(theirs.get(name, 0) / m - ours[name] / n))
    return f"{_quoted(level)} {_share(ours[level] / n)} → {_share(theirs.get(level, 0) / m)}"


def _unseen(reference: ColumnProfile, current: ColumnProfile) -> str:
    """Name the most frequent level that the reference lacks."""
    ours, theirs = _counted(reference), _counted(current)
    if ours is None or theirs is None:
        return ""
    new = {level: count for level, count in theirs.items() if level not in ours}
    if not new or not ours:
        return ""
    share = _share(sum(new.values()) / sum(theirs.values()))
    first = _quoted(min(new, key=lambda level: (-new[level], level)))
    named = first if len(new) == 1 else f"{first} and {len(new) - 1} more"
    return f"{share} in levels not seen before ({named})"


def _counted(column: ColumnProfile) -> dict[str, int] | None:
    """Return the rows of each level, or None when there are too many levels."""
    if column.levels is None or not column.levels.is_exact:
        return None
    return dict(column.levels.counts)


def _about(levels: Levels) -> str:
    """Write the number of levels."""
    return f"{levels.distinct():,}" if levels.is_exact else f"about {levels.distinct():,}"


def _missing(column: ColumnProfile) -> float:
    """Return the share of rows without a usable value."""
    lost = column.missing + (column.numbers.infinite if column.numbers is not None else 0)
    return lost / column.rows if column.rows else 0.0


def _present(column: ColumnProfile) -> int:
    """Return the rows with a value."""
    return column.rows - column.missing


def _share(share: float) -> str:
    """Write a share in percent, with one decimal while it is small."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 10 and percent else f"{percent:.0f} %"


def _day(seconds: float) -> str:
    """Write the day of a moment, given in seconds since 1970."""
    return figures.day(seconds, "a day beyond the calendar")


def _quoted(level: str) -> str:
    """Write a level, shortened, in quotes."""
    return f"“{level if len(level) <= 30 else level[:29] + '…'}”"
