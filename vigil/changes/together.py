"""Whether rows changed in how their columns go together, which no column alone would show.

Asked for by hand, for it reads rows. A classifier learns on one half of the rows to tell the batch from
the rows of before; on the other half its area under the curve is compared with what dealing the labels
at random gives (Lopez-Paz, Oquab 2017, arXiv 1610.06545). That half was not learnt from, so that the null is
that of Mann and Whitney's test, ties included, whatever the classifier. What each column adds is the area
lost when its cells are shuffled. Beside it stand the pairs of numbers whose rank correlation changed, by
Fisher's z with Fieller's variance for ranks (Fieller, Hartley, Pearson 1957, doi 10.2307/2332878).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil import models
from vigil.changes import disde
from vigil.errors import VigilError
from vigil.records import Column

Columns = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]

#: Rows of either side that are compared; more are thinned evenly. Fewer than the least say nothing.
MOST, LEAST = 10_000, 100
#: Level of both answers, area from which a change matters, difference of a correlation likewise.
LEVEL, AREA, DIFFERENCE = 0.01, 0.6, 0.2
#: Numbers whose pairs are looked at, columns that are named.
_NUMBERS, _NAMED = 30, 5


def compare(before: Columns, now: Columns, features: Sequence[Column], *, seed: int = 0) -> dict[str, Any]:
    """Return whether rows of now differ from those of before, by which columns and pairs.

    ``verdict`` is ``drift`` when the area is significant and above `AREA`, ``none``, or ``too little data``.
    ``importance`` names the columns that tell the sides apart, with the area that each adds; ``pairs`` the
    correlations that changed (Benjamini and Hochberg's rule, and by `DIFFERENCE` at least).
    """
    ours, theirs = _thinned(before), _thinned(now)
    sizes = [_rows(ours), _rows(theirs)]
    if min(sizes) < LEAST:
        return {"verdict": "too little data", "rows": sizes, "importance": [], "pairs": []}
    columns = {name: np.concatenate([cells, theirs[name]]) for name, cells in ours.items()}
    side = np.repeat(np.array([0, 1]), sizes)
    random = np.random.default_rng(seed)
    tested = random.random(len(side)) < 0.5
    try:
        fitted = models.fit(
            "boosting", _take(columns, ~tested), side[~tested], task="binary", classes=("before", "now"),
            features=features, metric="accuracy", seed=seed,
        )  # fmt: skip
    except VigilError:
        return {"verdict": "too little data", "rows": sizes, "importance": [], "pairs": []}
    held, known = _take(columns, tested), side[tested] == 1
    score = _score(fitted, held)
    area = disde.auc(score, known, np.ones(len(known)))[0]
    p_value = _p_value(score, known, area)
    drifted = p_value <= LEVEL and area >= AREA
    return {
        "verdict": "drift" if drifted else "none",
        "rows": sizes,
        "area": area,
        "p_value": p_value,
        "importance": _importance(fitted, held, known, area, random) if drifted else [],
        "pairs": _pairs(ours, theirs, features),
    }


def told(found: Mapping[str, Any]) -> list[str]:
    """Return what was found in lines for people."""
    if found["verdict"] == "too little data":
        return ["too little data to compare rows"]
    end = "they differ" if found["verdict"] == "drift" else "no difference that matters"
    lines = [
        f"telling rows of now from those of before: area {found['area']:.3f}, p {found['p_value']:.2g}: {end}"
    ]
    lines += [f"  {name} adds {gain:.3f} to the area" for name, gain in found["importance"]]
    return lines + [f"  {a} with {b}: correlation {r:+.2f} → {s:+.2f}" for a, b, r, s in found["pairs"]]


def _p_value(score: Floats, known: npt.NDArray[np.bool_], area: float) -> float:
    """Return P(area at least this) when the sides are dealt at random: the limit, with ties."""
    n, m = int(known.sum()), int((~known).sum())
    _, ties = np.unique(score, return_counts=True)
    rows = n + m
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (rows * (rows - 1))
    deviation = math.sqrt(max((rows + 1 - tied) / (12 * n * m), 1e-300))
    return 0.5 * math.erfc((area - 0.5) / deviation / math.sqrt(2))


def _importance(
    fitted: models.Fitted,
    held: Columns,
    known: npt.NDArray[np.bool_],
    area: float,
    random: np.random.Generator,
) -> list[tuple[str, float]]:
    """Return the columns that matter most, with the area lost when one is shuffled."""
    even = np.ones(len(known))
    lost = []
    for name, cells in held.items():
        shuffled = {**held, name: random.permutation(cells)}
        lost.append((name, area - disde.auc(_score(fitted, shuffled), known, even)[0]))
    return sorted((pair for pair in lost if pair[1] > 0.005), key=lambda pair: -pair[1])[:_NAMED]


def _pairs(ours: Columns, theirs: Columns, features: Sequence[Column]) -> list[tuple[str, str, float, float]]:
    """Return the pairs of numbers whose rank correlation changed, the largest change first."""
    names = [column.name for column in features if column.kind == "number"][:_NUMBERS]
    found = []
    for place, first in enumerate(names):
        for second in names[:place]:
            r, n = _ranked(ours[first], ours[second])
            s, m = _ranked(theirs[first], theirs[second])
            if r is None or s is None:
                continue
            z = (math.atanh(r) - math.atanh(s)) / math.sqrt(1.06 / (n - 3) + 1.06 / (m - 3))
            found.append((math.erfc(abs(z) / math.sqrt(2)), (second, first, r, s)))
    found.sort(key=lambda one: one[0])
    passed = [place for place, (p, _) in enumerate(found, 1) if p <= LEVEL * place / len(found)]
    rejected = [pair for _, pair in found[: max(passed, default=0)]]
    large = [pair for pair in rejected if abs(pair[2] - pair[3]) >= DIFFERENCE]
    return sorted(large, key=lambda pair: -abs(pair[2] - pair[3]))[: 2 * _NAMED]


def _ranked(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> tuple[float | None, int]:
    """Return Spearman's correlation on the rows with both values, and their number."""
    from scipy.stats import rankdata

    both = np.isfinite(first.astype(np.float64)) & np.isfinite(second.astype(np.float64))
    if both.sum() < LEAST:
        return None, 0
    ranks = [rankdata(cells[both]) for cells in (first, second)]
    if min(np.ptp(side) for side in ranks) == 0:
        return None, 0
    found = float(np.corrcoef(*ranks)[0, 1])
    return max(-0.999, min(0.999, found)), int(both.sum())


def _score(fitted: models.Fitted, columns: Columns) -> Floats:
    """Return the probability of being of now."""
    probability = fitted.predict(columns).probability
    assert probability is not None  # noqa: S101 — a binary task has one
    return np.asarray(probability, dtype=np.float64)


def _take(columns: Columns, rows: npt.NDArray[np.bool_]) -> Columns:
    return {name: cells[rows] for name, cells in columns.items()}


def _rows(columns: Columns) -> int:
    return len(next(iter(columns.values()), ()))


def _thinned(columns: Columns) -> Columns:
    """Return at most `MOST` rows, spread evenly."""
    step = max(1, -(-_rows(columns) // MOST))
    return {name: cells[::step] for name, cells in columns.items()}
