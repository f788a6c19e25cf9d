"""A feature that is the label: it tells the target nearly without error, as nothing did before.

Two signs are weighed. A copy of the label has as many values as there are classes, and each goes with one
class (Cramér's φ). What is made from the label orders the classes (area under the curve) better than this
feature, and any other, ever did; a feature that merely begins to matter tells no more than others do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import wording
from vigil.faults.case import is_known
from vigil.faults.finding import Finding
from vigil.stats import ordering

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats
    from vigil.records import Column

TITLE = "a leak of the label"
COLUMNS = ("number", "category")
OF_TARGET = False
LONELY = True
EXPLAINS = {
    "clipped",
    "duplicated",
    "merged_levels",
    "precision_loss",
    "renamed_levels",
    "sentinel",
    "shifted_columns",
    "stuck",
    "swapped_columns",
    "unit_change",
}
LEAST_ROWS = 30
#: A confidence below is not worth a word, whatever else is asked.
LEAST = 0.5
#: A feature that tells less is a good feature; one that goes with the classes less is no copy.
LEAST_TOLD, LEAST_ALIKE = 0.85, 0.7
#: How far the values must have changed beyond chance, as a share of the rows.
LEAST_MOVE = 0.15
#: A feature that tells so much from the beginning is a candidate only; it may be a true gift.
CANDIDATE = 0.99


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Ask a feature how much of the target it tells by itself, and whether it is a copy."""
    now = _told(case, column, -1)
    alike = _alike(case, column, -1)
    if now is None or max(now - LEAST_TOLD, alike - LEAST_ALIKE) < 0:
        return
    confidence = max(_tells_more(case, column, now), _is_copy(case, column, alike))
    if not confidence:
        return
    usual = max((_told(case, column, at) or 0.0 for at in range(len(case.past))), default=None)
    once = "" if usual is None else f", where it told {wording.share(usual)} at most before"
    yield Finding(
        confidence=confidence,
        rows=case.count,
        what=(
            f"{column.name} tells {case.contract.target.name} nearly without error (strength "
            f"{wording.share(now)} of what is possible{once}): it is probably made from the label."
        ),
        act=(
            f"Quarantine this batch and see how {column.name} is made; if it is known only after the "
            "label, ignore the column in the contract."
        ),
        evidence={"strength": now, "largest_before": usual, "alike": alike},
    )


def _is_copy(case: Case, column: Column, alike: float) -> float:
    """Return how sure a column is a copy of the label, which it was not before."""
    if alike < LEAST_ALIKE or not case.has_history(column):
        return 0.0
    usual = max(_alike(case, column, at) for at in range(len(case.past)))
    error = (1 - alike**2) / float(np.sqrt(case.count)) + 0.01
    z = (alike - max(usual, LEAST_ALIKE - 0.2)) / error
    return 1 - float(np.exp(-max(z, 0.0) / 2.5))


def _tells_more(case: Case, column: Column, now: float) -> float:
    """Return how sure a feature tells more than it did, and than any feature did."""
    if now < LEAST_TOLD:
        return 0.0
    if not case.has_history(column):
        return 0.7 if now >= CANDIDATE else 0.0
    usual = max((_told(case, column, at) or 0.0 for at in range(len(case.past))), default=0.0)
    risen = max(now - max(usual, 0.5), 0.0) * 8
    fewer = (1 - usual) / (1 - now + 0.005) - 1
    # A column that is replaced has other values than before; one that keeps its own may have come to matter.
    sure = float(1 - np.exp(-max(risen, fewer / 6 if now > 0.9 else 0.0)))
    # The dear question is asked last, and only about what may be told at all.
    sure *= 1.0 if sure < LEAST or _moved(case, column) else 0.75
    return sure if sure < LEAST else sure * _beyond(case, column, now)


def _beyond(case: Case, column: Column, now: float) -> float:
    """Return 1 when a feature tells more than any other did before, by three standard errors, else 0.6."""
    others = [one for one in case.columns("number", "category") if one.role == "feature" and one != column]
    every = [_told(case, one, at) or 0.0 for one in others for at in range(len(case.past))]
    # The variance of an area A is A(1 − A)/m at most, with m the rows of the rarer class (a fifth is taken).
    # A few rows in perfect order do not show that A is 1: the rule of succession holds it at 1 − 1/(m + 2).
    rarer = case.count / 5
    area = min((1 + now) / 2, 1 - 1 / (rarer + 2))
    error = 2 * float(np.sqrt(area * (1 - area) / rarer))
    return 1.0 if now - 3 * error >= max(every, default=0.0) else 0.6


def _alike(case: Case, column: Column, at: int) -> float:
    """Return Cramér's φ of a column and the label, 0 … 1; 0 for more values than there are classes."""
    cells, truth = _pairs(case, column, at)
    if case.contract.target.kind == "number" or len(truth) < LEAST_ROWS:
        return 0.0
    if not 2 <= len(set(cells.tolist())) <= len(set(truth.tolist())):
        return 0.0
    values, codes = np.unique(cells, return_inverse=True)
    classes, places = np.unique(truth, return_inverse=True)
    table = np.zeros((len(values), len(classes)))
    np.add.at(table, (codes, places), 1)
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / table.sum()
    squares = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(squares / table.sum() / (len(values) - 1)))


def _pairs(case: Case, column: Column, at: int) -> tuple[Any, Any]:
    """Return a column's cells and the labels, where both are known."""
    cells, truth = case.cells(column, at), case.cells(case.contract.target, at)
    known = is_known(truth) & is_known(cells)
    cells = cells[known] if column.kind == "number" else cells[known].astype(str)
    return cells, truth[known]


def _moved(case: Case, column: Column) -> bool:
    """Say whether a column's values have changed for 15 % of the rows or more."""
    now, past = case.cells(column), np.concatenate(case.past_cells(column))
    now, past = now[is_known(now)], past[is_known(past)]
    least = LEAST_MOVE + 1.36 * float(np.sqrt(1 / max(len(now), 1) + 1 / max(len(past), 1)))
    if column.kind == "number":
        every = np.sort(np.concatenate([now, past]))
        sides = [np.searchsorted(np.sort(part), every, side="right") / len(part) for part in (now, past)]
        return float(np.abs(sides[0] - sides[1]).max()) >= least
    names = sorted(set(now.tolist()) | set(past.tolist()))
    shares = [np.array([float((part == name).mean()) for name in names]) for part in (now, past)]
    return float(np.abs(shares[0] - shares[1]).sum()) / 2 >= least


def _told(case: Case, column: Column, at: int) -> float | None:
    """Return how well a feature alone orders or splits the target, 0 … 1; None with too few rows."""
    cells, truth = _pairs(case, column, at)
    if len(truth) < LEAST_ROWS:
        return None
    groups = None if column.kind == "number" else np.unique(cells, return_inverse=True)[1]
    if case.contract.target.kind == "number":
        return _correlation(cells if groups is None else ordering.means_of_others(groups, truth), truth)
    hits = [(truth == name).astype(float) for name in case.contract.classes]
    hits = [hit for hit in hits if 5 <= hit.sum() <= len(hit) - 5]
    if groups is None:
        ranks = ordering.ranks(cells)
        areas = [ordering.area(ranks, hit) for hit in hits]
    else:
        said = (ordering.means_of_others(groups, hit) for hit in hits)
        areas = [ordering.area(ordering.ranks(one), hit) for one, hit in zip(said, hits, strict=True)]
    return min((abs(2 * area - 1) for area in areas), default=None)


def _correlation(values: Floats, truth: Floats) -> float:
    """Return the size of a correlation, 0 when either is constant."""
    spread = values.std() * truth.std()
    return abs(float(np.mean((values - values.mean()) * (truth - truth.mean())) / spread)) if spread else 0.0
