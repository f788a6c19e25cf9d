"""A feature that is the label: it tells the target nearly without error, as it never did before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import wording
from vigil.faults.case import is_known
from vigil.faults.finding import Finding
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats
    from vigil.records import Column

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "leak"
TITLE = "a leak of the label"
#: The feature must tell 0.8 of what there is to tell, 0.25 more than it did in any earlier batch.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset(
    {
        "clipped",
        "merged_levels",
        "precision_loss",
        "renamed_levels",
        "sentinel",
        "shifted_columns",
        "swapped_columns",
        "unit_change",
    }
)
WITNESSES = False
LEAST_ROWS = 30
#: A feature that tells less is a good feature.
LEAST_TOLD = 0.85
#: How far the values must have changed beyond chance, as a share of the rows.
LEAST_MOVE = 0.15
#: A feature that tells so much from the beginning is a candidate only; it may be a true gift.
CANDIDATE = 0.99


def look(case: Case) -> Iterator[Finding]:
    """Ask each feature how much of the target it tells by itself."""
    target = case.contract.target
    for column in case.columns("number", "category"):
        if column.role != "feature":
            continue
        now = _told(case, column, target, -1)
        if now is None or now < LEAST_TOLD:
            continue
        before = [
            told for at in range(len(case.past)) if (told := _told(case, column, target, at)) is not None
        ]
        usual = max(before, default=0.0)
        if before and not _varied(case, column):
            continue  # a column that begins to say something says it about the label too
        if before:
            risen = max(now - max(usual, 0.5), 0) * 8
            fewer = (1 - usual) / (1 - now + 0.005) - 1
            confidence = float(1 - np.exp(-max(risen, fewer / 6 if now > 0.9 else 0.0)))
            # A column that is replaced by the label has other values than before; one that keeps its
            # own may have come to matter.
            confidence *= 1.0 if _moved(case, column) else 0.75
        else:
            confidence = 0.7 if now >= CANDIDATE else 0.0
        if not confidence:
            continue
        once = f", where it told {wording.share(usual)} at most before" if before else ""
        yield Finding(
            fault=NAME,
            columns=(column.name,),
            confidence=confidence,
            rows=case.count,
            what=(
                f"{column.name} tells {target.name} nearly without error (strength {wording.share(now)} of "
                f"what is possible{once}): it is probably made from the label."
            ),
            act=(
                f"Quarantine this batch and see how {column.name} is made; if it is known only after the "
                "label, ignore the column in the contract."
            ),
            evidence={"strength": now, "largest_before": usual if before else None},
        )


def _moved(case: Case, column: Column) -> bool:
    """Say whether a column's values have changed for 15 % of the rows or more."""
    now = _cells(case, column, -1)
    past = np.concatenate([_cells(case, column, at) for at in range(len(case.past))])
    now, past = now[is_known(now)], past[is_known(past)]
    least = LEAST_MOVE + 1.36 * float(np.sqrt(1 / max(len(now), 1) + 1 / max(len(past), 1)))
    if column.kind == "number":
        every = np.sort(np.concatenate([now, past]))
        sides = [np.searchsorted(np.sort(part), every, side="right") / len(part) for part in (now, past)]
        return float(np.abs(sides[0] - sides[1]).max()) >= least
    names = sorted(set(now.tolist()) | set(past.tolist()))
    shares = [np.array([float((part == name).mean()) for name in names]) for part in (now, past)]
    return float(np.abs(shares[0] - shares[1]).sum()) / 2 >= least


def _varied(case: Case, column: Column) -> bool:
    """Say whether a column had more than one value before."""
    every = np.concatenate([_cells(case, column, at) for at in range(len(case.past))])
    return len(np.unique(every[is_known(every)].astype(str))) > 1


def _told(case: Case, column: Column, target: Column, at: int) -> float | None:
    """Return how well a feature alone orders or splits the target, 0 … 1; None with too few rows."""
    truth = _cells(case, target, at)
    cells = _cells(case, column, at)
    known = is_known(truth) & is_known(cells)
    if known.sum() < LEAST_ROWS:
        return None
    if target.kind == "number":
        values = cells[known] if column.kind == "number" else _means(cells[known], truth[known])
        return _correlation(values, truth[known])
    found = [
        _ordering(cells[known] if column.kind == "number" else _means(cells[known], hit), hit)
        for name in case.contract.classes
        if 5 <= (hit := (truth[known] == name).astype(float)).sum() <= len(hit) - 5
    ]
    return min(found) if found else None


def _cells(case: Case, column: Column, at: int) -> Any:
    """Return a column of the batch (−1) or of an earlier one."""
    if column.kind == "number":
        return case.numbers(column.name) if at < 0 else case.past_numbers(column.name)[at]
    return case.texts(column.name) if at < 0 else case.past_texts(column.name)[at]


def _means(cells: Any, truth: Floats) -> Floats:
    """Replace each level by the mean of the target over the other half's rows: no row tells itself."""
    names, codes = np.unique(cells.astype(str), return_inverse=True)
    found = np.empty(len(truth))
    odd = np.arange(len(truth)) % 2 == 1
    for half in (odd, ~odd):
        sums = np.bincount(codes[~half], truth[~half], len(names))
        counts = np.bincount(codes[~half], minlength=len(names))
        found[half] = ((sums + truth.mean()) / (counts + 1))[codes[half]]
    return found


def _correlation(values: Floats, truth: Floats) -> float:
    """Return the size of a correlation, 0 when either is constant."""
    spread = values.std() * truth.std()
    return abs(float(np.mean((values - values.mean()) * (truth - truth.mean())) / spread)) if spread else 0.0


def _ordering(values: Floats, hit: Floats) -> float:
    """Return |2·AUC − 1|, ties at half (Mann–Whitney)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]
    ones = float(hit.sum())
    area = (float(ranks[hit > 0].sum()) - ones * (ones + 1) / 2) / (ones * (len(hit) - ones))
    return abs(2 * area - 1)
