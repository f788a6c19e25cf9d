"""Values come with fewer digits than before: whole numbers for decimals, hundreds for units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import surprise, wording
from vigil.faults.finding import Finding
from vigil.faults.lattice import on_grid

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats
    from vigil.records import Column

TITLE = "lost digits"
COLUMNS = ("number",)
#: The smallest share of rows that have lost digits.
LEAST_SHARE, LEAST_ROWS = 0.05, 8
#: Decimals that are tried; −3 stands for thousands.
GRIDS = range(6, -4, -1)
WORDS = {0: "whole numbers", -1: "tens", -2: "hundreds", -3: "thousands"}


@dataclass(frozen=True, slots=True)
class Rounded:
    """Values on one of some grids: the surprise at their number, in nats, and the share that lost digits."""

    nats: float
    lost: float
    decimals: int
    tried: int


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Compare the count of round values with that of earlier batches, for each number of decimals."""
    known, *parts = _spread_out([case.known_numbers(column), *case.past_known_numbers(column)])
    parts = [part for part in parts if len(part)]
    distinct = len(np.unique(known))
    if len(known) < 30 or not parts or distinct < 3:
        return
    best = _roundest(known, parts, case.decimals(column))
    rows = round(best.lost * len(known))
    if best.lost >= LEAST_SHARE and rows >= LEAST_ROWS:
        to = WORDS.get(best.decimals, f"{best.decimals} decimals")
        yield Finding(
            confidence=surprise.sure(best.nats, best.tried * case.asked) * min(1.0, distinct / 4),
            rows=rows,
            what=f"{column.name} has lost digits: {wording.of(rows, len(known))} are rounded to {to}.",
            act=(
                f"Quarantine this batch, or take it as it is; the digits of {column.name} are lost. "
                "Have the source write full precision and send the file again."
            ),
            evidence={"decimals": best.decimals, "share": best.lost, "nats": best.nats},
        )


def _roundest(known: Floats, parts: list[Floats], own: int | None) -> Rounded:
    """Return the grid that surprises most, of those coarser than the column's and finer than its spread."""
    tried = [at for at in GRIDS if (own is None or at < own) and 10.0**-at <= 2 * float(known.std())]
    whole, sizes = np.concatenate([known, *parts]), [len(known), *(len(part) for part in parts)]
    found = [_counted(whole, sizes, at, len(tried)) for at in tried]
    return max(found, key=lambda one: (one.nats, one.decimals), default=Rounded(0.0, 0.0, 0, 0))


def _counted(whole: Floats, sizes: list[int], decimals: int, tried: int) -> Rounded:
    """Hold the batch's count on one grid against those of earlier batches; they lie end to end behind it."""
    starts = np.cumsum([0, *sizes[:-1]])
    now, *hits = np.add.reduceat(on_grid(whole, decimals), starts, dtype=int).tolist()
    rows, *others = sizes
    usual = sum(hits) / sum(others)
    lost = (now / rows - usual) / (1 - usual) if usual < 1 else 0.0
    before = list(zip(hits, others, strict=True))
    return Rounded(surprise.count(now, rows, before, is_chance=True), lost, decimals, tried)


def _spread_out(parts: list[Floats]) -> list[Floats]:
    """Leave out the most frequent values, two of the batch and two of all: a heap is another matter."""
    whole, ends = np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]
    stays = ~np.isin(whole, np.concatenate([_heaps(parts[0]), _heaps(whole)]))
    return [part[kept] for part, kept in zip(parts, np.split(stays, ends), strict=True)]


def _heaps(values: Floats) -> Floats:
    """Return the two most frequent values."""
    levels, counts = np.unique(values, return_counts=True)
    heaps: Floats = levels[np.argsort(-counts, kind="stable")[:2]]
    return heaps
