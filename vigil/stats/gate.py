"""Is the challenger really better? Champion and challenger on the same held-out rows.

Two hurdles after an alarm: the lower bound of the difference (delta method, ``pairing``) lies above zero,
and a swap test (``swaps``) refutes that the two may be exchanged row by row. For classes all of it is a
function of the counts of (truth, champion, challenger), so that a billion rows cost what a thousand do.
The two tests share their rows with earlier attempts, whose number lowers the level.

Where an entity has several rows, whole buckets of entities are left out and swapped (``buckets``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vigil import figures
from vigil.stats import buckets, pairing, swaps
from vigil.stats.metrics import Metric
from vigil.stats.pairing import OfCells, OfRows, Pair

#: Rows on which the two differ, below which nothing is decided.
_DISCORDANT = 5

Outcome = Literal["promote", "keep", "abstain"]

_HEADS: dict[Outcome, str] = {
    "promote": "The challenger takes over",
    "keep": "The champion stays",
    "abstain": "Not decided",
}


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate found. Positive differences mean that the challenger is better.

    ``level`` is what this attempt ran at. ``p_value`` is None when no swap test was made (abstention,
    or a margin). ``cells`` counts the rows by "truth-champion-challenger" codes; for a loss it holds
    the rows on which the challenger is better and worse, and the sums of gains and their squares.
    ``buckets`` is how many buckets of entities the rows fell into, None where rows count one by one.
    """

    promote: bool
    outcome: Outcome
    difference: float | None
    lower_bound: float | None
    p_value: float | None
    level: float
    rows: int
    discordant: int
    cells: dict[str, float]
    reason: str
    buckets: int | None = None


def compare(
    metric: Metric,
    truth: npt.NDArray[Any],
    champion: npt.NDArray[Any],
    challenger: npt.NDArray[Any],
    *,
    level: float = 0.05,
    attempt: int = 1,
    margin: float | None = None,
    seed: int = 0,
    classes: int = 2,
    clip: float | None = None,
    bucket: npt.NDArray[np.int64] | None = None,
) -> GateResult:
    """Decide whether the challenger's predictions may replace the champion's.

    The three arrays have one entry per row, on which neither model was trained and which did not choose
    the challenger. ``attempt`` counts comparisons on these rows (see ``attempt_level``). With ``margin``
    the challenger need only be not worse by more than that (a share of the champion's value if the
    metric is relative). ``seed`` makes the random swaps repeatable. A mean loss is compared unclipped,
    whatever ``clip`` says. ``bucket`` (rows,) numbers each row's bucket of entities, where these recur.
    """
    del clip
    if isinstance(metric, OfRows):
        pair = pairing.of_rows(metric, truth, champion, challenger, seed, bucket)
        return _decide(metric, pair, attempt_level(level, attempt), margin)
    codes = (truth.astype(np.int64) * classes + champion.astype(np.int64)) * classes
    codes = codes + challenger.astype(np.int64)
    if bucket is not None:
        codes, groups = codes + bucket * classes**3, int(bucket.max(initial=0)) + 1
    else:
        groups = 1
    cells = np.bincount(codes, minlength=groups * classes**3).reshape(groups, classes, classes, classes)
    cells = cells if bucket is not None else cells[0]
    return compare_cells(metric, cells, level=level, attempt=attempt, margin=margin, seed=seed)


def compare_cells(
    metric: Metric,
    cells: npt.NDArray[np.int64],
    *,
    level: float = 0.05,
    attempt: int = 1,
    margin: float | None = None,
    seed: int = 0,
) -> GateResult:
    """Decide as ``compare`` does, from the counts by (truth, champion, challenger), shape (K, K, K).

    With one more axis in front these are the counts of buckets of entities. Raises TypeError for a
    metric that is not a score of such counts.
    """
    if not isinstance(metric, OfCells):
        raise TypeError(f"{metric.name} is not a score of classes")
    counts = np.asarray(cells, dtype=np.float64)
    pair = pairing.of_cells(metric, counts if counts.ndim == 3 else counts.sum(axis=0), seed)
    if counts.ndim == 4:
        filled = counts[counts.sum(axis=(1, 2, 3)) > 0]
        pair = replace(
            pair,
            error=buckets.error_of_cells(metric, filled) if len(filled) else math.inf,
            buckets=len(filled),
            swap=lambda level: buckets.swapped(metric, filled, swaps.enough_draws(level), seed),
        )
    return _decide(metric, pair, attempt_level(level, attempt), margin)


def attempt_level(level: float, attempt: int) -> float:
    """Return the level of the k-th attempt on the same rows: level/(k(k + 1)), in all at most ``level``.

    Attempt 0 is the only comparison that these rows will ever see; it has the whole level.
    """
    return level / (attempt * (attempt + 1)) if attempt else level


def _decide(metric: Metric, pair: Pair, level: float, margin: float | None) -> GateResult:
    """Take both hurdles, or with a margin the first one, lowered."""
    if pair.champion is None or pair.challenger is None or not pair.enough:
        return _result(metric, pair, level, "abstain", why="too few rows for a verdict")
    if pair.buckets is not None and pair.buckets < buckets.ENOUGH:
        why = f"the rows are of too few entities ({pair.buckets} of {buckets.ENOUGH} buckets)"
        return _result(metric, pair, level, "abstain", why=why)
    if pair.discordant < _DISCORDANT:
        why = f"the two differ on {pair.discordant} rows, fewer than {_DISCORDANT}"
        return _result(metric, pair, level, "abstain", why=why)
    bound = pair.difference - NormalDist().inv_cdf(1 - level) * pair.error
    if margin is not None:
        allowed = margin * abs(pair.champion) if metric.relative else margin
        outcome: Outcome = "promote" if bound > -allowed else "keep"
        return _result(
            metric, pair, level, outcome, bound, why=f"a margin of {figures.digits(allowed)} is allowed"
        )
    p_value = pair.swap(level)
    outcome = "promote" if bound > 0 and p_value <= level else "keep"
    shown = f"p = {figures.digits(p_value, 3)}" if p_value >= 1e-6 else "p < 1e-6"
    return _result(metric, pair, level, outcome, bound, p_value, f"swap test {shown}")


def _result(
    metric: Metric,
    pair: Pair,
    level: float,
    outcome: Outcome,
    bound: float | None = None,
    p_value: float | None = None,
    why: str = "",
) -> GateResult:
    """Put the numbers and the words together."""
    compared = pair.champion is not None and pair.challenger is not None
    words = f"{metric.title} undefined on {pair.rows:,} rows; {why}."
    if compared:
        shown = ""
        if bound is not None:
            gain, least = (figures.digits(one, sign="+") for one in (pair.difference, bound))
            shown = f"; gain {gain}, lower bound {least}"
        new, old = figures.digits(pair.challenger), figures.digits(pair.champion)
        scores = f"{metric.title} {new} against {old} on {pair.rows:,} rows"
        at = figures.digits(level, 3)
        words = f"{scores}, {pair.discordant:,} answered differently{shown}; {why} (level {at})."
    return GateResult(
        promote=outcome == "promote",
        outcome=outcome,
        difference=pair.difference if compared else None,
        lower_bound=bound,
        p_value=p_value,
        level=level,
        rows=pair.rows,
        discordant=pair.discordant,
        cells=pair.cells,
        reason=f"{_HEADS[outcome]}: {words}",
        buckets=pair.buckets,
    )
