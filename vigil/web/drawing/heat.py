"""Drift as a map: columns from above to below, batches from left to right, darker where it is larger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Columns and batches that are drawn: the ones with most drift, and the newest.
COLUMNS, BATCHES = 24, 40
#: The drawing's width, the room for names on the left, and the height of a row, in its own units.
WIDTH, NAMES, ROW = 720, 150, 18

#: From which multiple of the floor a cell is darker.
_STEPS = (1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One column in one batch; ``step`` is 1 to 3, or 0 where there was too little data."""

    x: float
    y: float
    step: int
    title: str


@dataclass(frozen=True, slots=True)
class Heat:
    """What is drawn: cells with drift only; ``rest`` counts columns that are left out."""

    cells: tuple[Cell, ...]
    columns: tuple[tuple[float, str], ...]
    cell_width: float
    height: int
    rest: int
    first: str
    last: str
    batches: int


def heat(diagnoses: Sequence[Mapping[str, Any]]) -> Heat | None:
    """Draw diagnoses, oldest first, each with ``name`` and the ``columns`` of its drift; None without any."""
    found = [one for one in diagnoses if one["columns"]][-BATCHES:]
    if not found:
        return None
    ranked = _ranked(found)
    shown = ranked[:COLUMNS]
    rows = {name: 4 + place * ROW for place, name in enumerate(shown)}
    width = (WIDTH - NAMES - 4) / max(len(found), 12)
    cells = [
        Cell(
            round(NAMES + at * width, 1),
            rows[one["column"]],
            step(one),
            f"{batch['name'][:60]}: {one['words'][:200]}",
        )
        for at, batch in enumerate(found)
        for one in batch["columns"]
        if one["column"] in rows and (one["verdict"] != "none" or one.get("lasting"))
    ]
    return Heat(
        cells=tuple(cells),
        columns=tuple((y + ROW * 0.7, name) for name, y in rows.items()),
        cell_width=round(width - 1, 1),
        height=8 + len(shown) * ROW,
        rest=len(ranked) - len(shown),
        first=found[0]["name"],
        last=found[-1]["name"],
        batches=len(found),
    )


def step(column: Mapping[str, Any]) -> int:
    """Return how dark a cell is."""
    if column["verdict"] == "too little data":
        return 0
    return max(1, sum(multiple(column) >= at for at in _STEPS))


def multiple(column: Mapping[str, Any]) -> float:
    """Return the effect as a multiple of the floor from which it matters."""
    return (column.get("effect") or 0.0) / max(column.get("floor") or 0.0, 1e-9)


def _ranked(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns, those with most drift in the newest batches first."""
    weights: dict[str, float] = {}
    for age, batch in enumerate(reversed(found)):
        for one in batch["columns"]:
            drifts = one["verdict"] == "drift" or bool(one.get("lasting"))
            weights[one["column"]] = weights.get(one["column"], 0.0) + drifts * min(multiple(one), 9.0) / (
                1 + age
            )
    return sorted(weights, key=lambda name: -weights[name])
