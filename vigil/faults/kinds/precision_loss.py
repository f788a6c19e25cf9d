"""Values come with fewer digits than before: whole numbers for decimals, hundreds for units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import wording
from vigil.faults.finding import Finding
from vigil.faults.kinds.unit_change import on_grid
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "precision_loss"
TITLE = "lost digits"
#: Six standard errors of the share of round values above the roundest earlier batch.
THRESHOLD = 0.85
EXPLAINS: frozenset[str] = frozenset()
WITNESSES = False
#: The smallest share of rows that have lost digits.
LEAST_SHARE, LEAST_ROWS = 0.05, 10


def look(case: Case) -> Iterator[Finding]:
    """Compare the share of round values, for each number of decimals."""
    if not case.past:
        return
    for column in case.columns("number"):
        values = case.numbers(column.name)
        known = _spread_out(values)
        parts = [_spread_out(part) for part in case.past_numbers(column.name)]
        parts = [part for part in parts if len(part)]
        if len(known) < 30 or not parts or len(np.unique(known)) < 3:
            continue
        found = [_rounded(known, parts, decimals) for decimals in range(6, -4, -1)]
        lost, z, decimals = max(found)
        if lost >= LEAST_SHARE and lost * len(known) >= LEAST_ROWS and z > 0:
            yield _finding(column.name, known, lost, z, decimals)


def _rounded(known: Floats, parts: list[Floats], decimals: int) -> tuple[float, float, int]:
    """Return the share of rows that lost digits at a number of decimals, and its standard errors."""
    if 10.0**-decimals > 2 * float(known.std()):
        return 0.0, 0.0, decimals
    now = float(on_grid(known, decimals).mean())
    shares = [float(on_grid(part, decimals).mean()) for part in parts]
    usual = min(1.0, 2 * max(shares) - float(np.median(shares)))
    error = np.sqrt(max(usual * (1 - usual), 1 / len(known)) / len(known))
    lost = (now - usual) / (1 - usual) if usual < 1 else 0.0
    return lost, float((now - usual) / error), decimals


def _spread_out(values: Floats) -> Floats:
    """Leave out the two most frequent values: a heap on one value is another matter."""
    known = values[np.isfinite(values)]
    levels, counts = np.unique(known, return_counts=True)
    return known[~np.isin(known, levels[np.argsort(-counts, kind="stable")[:2]])]


def _finding(name: str, known: Floats, lost: float, z: float, decimals: int) -> Finding:
    """Put the loss in words."""
    rows = round(lost * len(known))
    to = (
        f"{decimals} decimals"
        if decimals > 0
        else {0: "whole numbers", -1: "tens", -2: "hundreds"}.get(decimals, "thousands")
    )
    distinct = len(np.unique(known))
    return Finding(
        fault=NAME,
        columns=(name,),
        confidence=(1 - float(np.exp(-z / 3.5))) * min(1.0, distinct / 4),
        rows=rows,
        what=f"{name} has lost digits: {wording.rows(rows)} ({wording.share(lost)}) are rounded to {to}.",
        act=(
            f"Quarantine this batch, or take it as it is; the digits of {name} are lost. "
            "Have the source write full precision and send the file again."
        ),
        evidence={"decimals": decimals, "share": lost, "standard_errors": z},
    )
