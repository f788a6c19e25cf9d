"""What came of one policy: every batch scored by the release that was live before it, and the costs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vigil import figures


@dataclass(frozen=True, slots=True)
class Outcome:
    """One policy's life.

    ``pooled`` is the metric over all scored rows together, ``mean`` its average over batches.
    ``fits`` counts every model that was trained, deployed or not, trials of a search included, and
    ``rows_fitted`` their training rows; a bundle that came out the same twice counts once.
    ``promotions`` leaves the first release out.
    ``scores`` holds (order, score) of each batch, ``promoted`` the orders after which a release went
    live, votes included, ``fitted`` those after which a model was fitted.
    """

    policy: str
    metric: str
    title: str
    higher_is_better: bool
    pooled: float | None
    accuracy: float | None
    mean: float | None
    batches: int
    fits: int
    rows_fitted: int
    promotions: int
    alarms: int
    seconds: float
    scores: tuple[tuple[int, float], ...]
    promoted: tuple[int, ...]
    fitted: tuple[int, ...] = ()

    def figures(self) -> dict[str, Any]:
        """Return the table's row, by column."""
        return {
            "policy": self.policy,
            f"pooled_{self.metric}": self.pooled,
            "pooled_accuracy": self.accuracy,
            f"mean_{self.metric}": self.mean,
            "batches": self.batches,
            "fits": self.fits,
            "rows_fitted": self.rows_fitted,
            "promotions": self.promotions,
            "alarms": self.alarms,
            "seconds": round(self.seconds),
        }


def front(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes that no other beats in both score and fits, from cheap to costly."""
    scored = [one for one in outcomes if one.pooled is not None]
    scored.sort(key=lambda one: (one.fits, -_merit(one)))
    kept: list[Outcome] = []
    for one in scored:
        if not kept or _merit(one) > _merit(kept[-1]):
            kept.append(one)
    return kept


def _merit(one: Outcome) -> float:
    value = one.pooled or 0.0
    return value if one.higher_is_better else -value


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows with the same columns as a CSV file."""
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def as_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return rows as a table for people: the first column left, numbers right."""
    head = [name.replace("_", " ") for name in rows[0]]
    cells = [head, *([figures.cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(head))]
    return [
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        )
        for line in cells
    ]
