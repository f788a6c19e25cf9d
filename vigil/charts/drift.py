"""Drift as a map: columns from above to below, batches from left to right, darker where it is larger."""

from __future__ import annotations

from typing import Any

from vigil import figures
from vigil.charts import wording
from vigil.charts.marks import WIDE, Drawing, Mark, box, line, text
from vigil.charts.reading import at, number, rows

#: Columns and batches that are drawn: the ones with most drift, and the newest.
COLUMNS, BATCHES = 24, 40
#: The room for names on the left, the height of a row, and the fewest batches that share the width.
_NAMES, _ROW, _FEW = 170.0, 18.0, 12

#: Lines of the table: the newest.
_LINES = 120

#: From which multiple of the floor a cell is darker.
_STEPS = (1.0, 2.0, 4.0)
_KEY = (
    ("heat1", "drift"),
    ("heat2", "twice what matters"),
    ("heat3", "four times and more"),
    ("heat0", "too little data"),
)


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the map, or None when no batch was diagnosed, or none has drifted."""
    found = _diagnosed(returns)
    ranked = _ranked(found)
    shown = {name: place for place, name in enumerate(ranked[:COLUMNS])}
    width = (WIDE - _NAMES - 4) / max(len(found), _FEW)
    cells = [
        _cell(batch, one, _NAMES + place * width, 4 + shown[str(one["column"])] * _ROW, width)
        for place, batch in enumerate(found)
        for one in rows(batch, "columns")
        if str(one.get("column")) in shown and _is_drawn(one)
    ]
    if not cells:
        return None
    foot = 8 + len(shown) * _ROW
    rest = (
        f"; {wording.plural(len(ranked) - len(shown), 'more column has', 'more columns have')} less"
        if len(ranked) > len(shown)
        else ""
    )
    used = {cell.tone for cell in cells}
    return Drawing(
        "Drift by column and batch",
        f"{wording.plural(len(found), 'batch', 'batches')}, the newest at the right{rest}",
        WIDE,
        int(foot) + 18,
        (*_names(shown), *cells, *_ends(found, width, foot)),
        ("Batch", "Column", "Effect", "Matters from", "p", "What changed"),
        tuple(_lines(found)),
        "llrrrl",
        key=tuple(one for one in _KEY if one[0] in used),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say which columns drift in the newest batch."""
    found = _diagnosed(returns)
    if not found:
        return "No batch has been diagnosed yet, so nothing is known about drift."
    newest = rows(found[-1], "columns")
    if not any(_is_drawn(one) for batch in found for one in rows(batch, "columns")):
        many = wording.plural(len(found), "batch", "batches")
        return f"No column drifted in the newest {many} that were diagnosed."
    drifting = [_named(one) for one in newest if one.get("verdict") == "drift"]
    lasting = [_established(one, found) for one in newest if one.get("lasting")]
    name = wording.quoted(found[-1].get("name"))
    told = f"{len(drifting)} of {wording.plural(len(newest), 'column')} drift in {name}"
    told += f": {_listed(drifting)}." if drifting else "."
    return told + (f" Established beyond doubt: {_listed(lasting)}." if lasting else "")


def _established(column: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """Name a column, and say in how many batches it has drifted."""
    name = column.get("column")
    seen = sum(_drifts(one) for batch in found for one in rows(batch, "columns") if one.get("column") == name)
    return f"{_named(column)} in {seen} of {wording.plural(len(found), 'batch', 'batches')}"


def _diagnosed(returns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the newest batches whose columns were judged, oldest first."""
    return [one for one in rows(returns, "trend", "drift") if rows(one, "columns")][-BATCHES:]


def _drifts(column: dict[str, Any]) -> bool:
    """Whether a column drifts in its batch, or over all so far."""
    return column.get("verdict") == "drift" or bool(column.get("lasting"))


def _is_drawn(column: dict[str, Any]) -> bool:
    """Whether a column's cell is more than paper."""
    return column.get("verdict") != "none" or bool(column.get("lasting"))


def _cell(batch: dict[str, Any], column: dict[str, Any], x: float, y: float, width: float) -> Mark:
    """Return one column in one batch."""
    words = f"{wording.shorten(batch.get('name'), 60)}: {wording.shorten(column.get('words') or '', 200)}"
    return box(f"heat{_step(column)}", (round(x, 1), y), (round(x + width - 1, 1), y + 15), words)


def _step(column: dict[str, Any]) -> int:
    """Return how dark a cell is: 1 to 3, or 0 where there was too little data."""
    if column.get("verdict") == "too little data":
        return 0
    return max(1, sum(_multiple(column) >= at for at in _STEPS))


def _multiple(column: dict[str, Any]) -> float:
    """Return the effect as a multiple of the floor from which it matters."""
    return (number(column.get("effect")) or 0.0) / max(number(column.get("floor")) or 0.0, 1e-9)


def _ranked(found: list[dict[str, Any]]) -> list[str]:
    """Return the columns, those with most drift in the newest batches first."""
    weights: dict[str, float] = {}
    for age, batch in enumerate(reversed(found)):
        for one in rows(batch, "columns"):
            drifts = _drifts(one)
            name = str(one.get("column"))
            weights[name] = weights.get(name, 0.0) + drifts * min(_multiple(one), 9.0) / (1 + age)
    return sorted(weights, key=lambda name: -weights[name])


def _names(shown: dict[str, int]) -> list[Mark]:
    """Return the columns' names, each above a thin line."""
    marks = []
    for name, place in shown.items():
        foot = 4 + place * _ROW
        marks.append(text("tick", (_NAMES - 6, foot + _ROW * 0.7), wording.shorten(name, 19), "end"))
        marks.append(line("grid", (_NAMES, foot + _ROW - 1), (WIDE - 4, foot + _ROW - 1)))
    return marks


def _ends(found: list[dict[str, Any]], width: float, foot: float) -> list[Mark]:
    """Return the names of the first and the last batch."""
    marks = [text("tick", (_NAMES, foot + 13), wording.shorten(found[0].get("name"), 28))]
    if len(found) > 6:
        end = min(_NAMES + len(found) * width, WIDE - 4)
        marks.append(text("tick", (end, foot + 13), wording.shorten(found[-1].get("name"), 28), "end"))
    return marks


def _lines(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the numbers behind the cells, the newest batch first, in it the largest effect."""
    lines: list[tuple[str, ...]] = [
        (
            wording.plain(batch.get("name")),
            wording.plain(one.get("column")),
            wording.figure(one.get("effect")),
            wording.figure(one.get("floor")),
            figures.chance(number(one.get("p_value"))),
            wording.shorten(one.get("words") or "", 200),
        )
        for batch in reversed(found)
        for one in sorted(rows(batch, "columns"), key=lambda column: -_multiple(column))
        if _is_drawn(one)
    ]
    return lines[:_LINES]


def _named(column: dict[str, Any]) -> str:
    return wording.quoted(at(column, "column"))


def _listed(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
