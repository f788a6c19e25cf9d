"""Is the challenger really better? Champion and challenger on the same held-out rows.

Two hurdles after an alarm: the lower bound of the difference (delta method) lies above zero, and a swap
test refutes that the two may be exchanged row by row. For classes all of it is a function of the counts
of (truth, champion, challenger), so that a billion rows cost what a thousand do. The two tests share
their rows with earlier attempts, whose number lowers the level.

Where an entity has several rows, whole buckets of entities are left out and swapped (``buckets``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vigil.stats import buckets
from vigil.stats.betting import Floats
from vigil.stats.metrics import Metric, Tally

#: Rows on which the two differ, below which nothing is decided.
_DISCORDANT = 5

#: Random flips times rows beyond which the normal law of the flips is used instead.
_FLIPS = 4 * 10**8

_DRAWS = 1999

#: Differences closer than this are ties, which count against the challenger.
_TIE = 1e-12


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


@dataclass(frozen=True, slots=True)
class _Pair:
    """Champion and challenger measured on the same rows, oriented so that more is better."""

    champion: float | None
    challenger: float | None
    difference: float
    error: float
    rows: int
    discordant: int
    enough: bool
    cells: dict[str, float]
    swap: Callable[[float], float]
    buckets: int | None = None


@runtime_checkable
class _OfCells(Protocol):
    """A score of the table of truth against prediction."""

    def score(self, tables: Floats) -> Floats:
        """Return the scores of tables (…, K, K)."""

    def influence(self, table: Floats) -> Floats:
        """Return each cell's influence on the score, (K, K)."""

    def enough(self, tally: Tally) -> bool:
        """Say whether the rows suffice."""


@runtime_checkable
class _OfRows(Protocol):
    """A mean over rows: of losses, or of rows' parts of a score."""

    higher_is_better: bool

    def parts(self, truth: npt.NDArray[Any], prediction: npt.NDArray[Any]) -> Floats:
        """Return each row's part, of which the score is the mean."""

    def tally(
        self, truth: npt.NDArray[Any], prediction: npt.NDArray[Any], *, classes: int, clip: float | None
    ) -> Tally:
        """Summarise rows."""

    def enough(self, tally: Tally) -> bool:
        """Say whether the rows suffice."""


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
    if isinstance(metric, _OfRows):
        pair = _pair_of_rows(metric, truth, champion, challenger, seed, bucket)
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
    if not isinstance(metric, _OfCells):
        raise TypeError(f"{metric.name} is not a score of classes")
    counts = np.asarray(cells, dtype=np.float64)
    pair = _pair_of_cells(metric, counts if counts.ndim == 3 else counts.sum(axis=0), seed)
    if counts.ndim == 4:
        filled = counts[counts.sum(axis=(1, 2, 3)) > 0]
        pair = replace(
            pair,
            error=buckets.error_of_cells(metric, filled) if len(filled) else math.inf,
            buckets=len(filled),
            swap=lambda level: buckets.swapped(metric, filled, _draws(level), seed),
        )
    return _decide(metric, pair, attempt_level(level, attempt), margin)


def attempt_level(level: float, attempt: int) -> float:
    """Return the level of the k-th attempt on the same rows: level/(k(k + 1)), in all at most ``level``.

    Attempt 0 is the only comparison that these rows will ever see; it has the whole level.
    """
    return level / (attempt * (attempt + 1)) if attempt else level


def swap_p_value(metric: _OfCells, cells: Floats) -> float:
    """Return the exact p-value of the swap test for two classes, from counts of shape (2, 2, 2).

    Under the null hypothesis each discordant row is as likely to be (a, b) as (b, a), so that the
    challenger's positives among them are Bin(n₁, ½) where the truth is positive and Bin(n₀, ½) where it
    is negative. The difference rises with the first and falls with the second: for each first count the
    largest second count that does as well as what was seen is found by halving, n₁·log n₀ steps.
    """
    negatives, positives = (int(cells[y, 0, 1] + cells[y, 1, 0]) for y in (0, 1))
    seen = _difference(metric, cells, cells[1, 0, 1], cells[0, 0, 1])
    # Twenty standard deviations: what lies outside has less than 1e-80 of the probability.
    reach = 10 * math.sqrt(positives) + 1
    first = np.arange(max(0, math.floor(positives / 2 - reach)), min(positives, positives / 2 + reach) + 1)
    low, high = np.full(len(first), -1), np.full(len(first), negatives)
    while (low < high).any():
        middle = (low + high + 1) // 2
        as_good = _difference(metric, cells, first, middle) >= seen - _TIE
        low, high = np.where(as_good, middle, low), np.where(as_good, high, middle - 1)
    return min(1.0, float(_binomial(first, positives) @ _binomial_below(low, negatives)))


def _pair_of_cells(metric: _OfCells, cells: Floats, seed: int) -> _Pair:
    """Measure both models on counts by (truth, champion, challenger)."""
    tables = cells.sum(axis=2), cells.sum(axis=1)
    champion, challenger = (float(metric.score(table)) for table in tables)
    rows = cells.sum()
    moved = metric.influence(tables[1])[:, None, :] - metric.influence(tables[0])[:, :, None]
    error = math.sqrt(float((cells * moved**2).sum())) / max(float(rows), 1.0)
    exact = len(cells) == 2
    return _Pair(
        champion=None if math.isnan(champion) else champion,
        challenger=None if math.isnan(challenger) else challenger,
        difference=challenger - champion,
        error=error,
        rows=int(rows),
        discordant=int(rows - np.einsum("yaa->", cells)),
        enough=all(metric.enough({"confusion": table}) for table in tables),
        cells={"-".join(map(str, place)): int(cells[tuple(place)]) for place in np.argwhere(cells)},
        swap=lambda level: swap_p_value(metric, cells) if exact else _swapped(metric, cells, level, seed),
    )


def _pair_of_rows(
    metric: _OfRows,
    truth: npt.NDArray[Any],
    champion: npt.NDArray[Any],
    challenger: npt.NDArray[Any],
    seed: int,
    bucket: npt.NDArray[np.int64] | None,
) -> _Pair:
    """Measure both models by their rows' parts, one by one or by buckets of rows."""
    before, after = metric.parts(truth, champion), metric.parts(truth, challenger)
    gained, rows = after - before if metric.higher_is_better else before - after, len(before)
    better, worse = int((gained > 0).sum()), int((gained < 0).sum())
    sums = {"sum": float(gained.sum()), "squares": float(gained @ gained)}
    error = float(gained.std(ddof=1)) / math.sqrt(rows) if rows > 1 else math.inf
    flipped: Floats = gained
    filled: int | None = None
    if bucket is not None:
        within: Floats = np.bincount(bucket).astype(np.float64)
        flipped = np.bincount(bucket, weights=gained)[within > 0].astype(np.float64)
        filled = len(flipped)
        error = buckets.error_of_mean(flipped, within[within > 0]) if filled else math.inf
    return _Pair(
        champion=float(before.mean()) if rows else None,
        challenger=float(after.mean()) if rows else None,
        difference=float(gained.mean()) if rows else math.nan,
        error=error,
        rows=rows,
        discordant=better + worse,
        enough=metric.enough(metric.tally(truth, champion, classes=0, clip=None)),
        cells={"better": better, "worse": worse, **sums},
        swap=lambda level: _flipped(flipped, level, seed),
        buckets=filled,
    )


def _decide(metric: Metric, pair: _Pair, level: float, margin: float | None) -> GateResult:
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
        return _result(metric, pair, level, outcome, bound, why=f"a margin of {allowed:.4g} is allowed")
    p_value = pair.swap(level)
    outcome = "promote" if bound > 0 and p_value <= level else "keep"
    shown = f"p = {p_value:.3g}" if p_value >= 1e-6 else "p < 1e-6"
    return _result(metric, pair, level, outcome, bound, p_value, f"swap test {shown}")


def _result(
    metric: Metric,
    pair: _Pair,
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
        shown = "" if bound is None else f"; gain {pair.difference:+.4g}, lower bound {bound:+.4g}"
        scores = f"{metric.title} {pair.challenger:.4g} against {pair.champion:.4g} on {pair.rows:,} rows"
        words = f"{scores}, {pair.discordant:,} answered differently{shown}; {why} (level {level:.3g})."
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


def _difference(metric: _OfCells, cells: Floats, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Return challenger less champion when they share the discordant rows otherwise.

    ``first`` and ``second`` (they broadcast) say on how many discordant rows of truth 1 and of truth 0
    the challenger predicts 1. A score that is undefined counts as 0.
    """
    taken = np.stack(np.broadcast_arrays(second, first), axis=-1).astype(np.float64)
    left = cells[:, 0, 1] + cells[:, 1, 0] - taken
    no, yes = cells[:, 0, 0], cells[:, 1, 1]
    challenger = np.stack([no + left, yes + taken], axis=-1)
    champion = np.stack([no + taken, yes + left], axis=-1)
    return np.nan_to_num(metric.score(challenger)) - np.nan_to_num(metric.score(champion))


def _binomial(counts: npt.NDArray[Any], total: int) -> Floats:
    """Return the probabilities of ``counts`` under Bin(total, ½)."""
    from scipy.special import gammaln

    ways = gammaln(total + 1) - gammaln(counts + 1) - gammaln(total - counts + 1)
    chance: Floats = np.exp(ways - total * math.log(2))
    return chance


def _binomial_below(counts: npt.NDArray[Any], total: int) -> Floats:
    """Return P(Bin(total, ½) <= count), 0 for a count of −1."""
    from scipy.special import betainc

    inside = np.minimum(np.maximum(counts, 0), max(total - 1, 0))
    below = betainc(total - inside, inside + 1, 0.5) if total else np.ones(len(counts))
    chance: Floats = np.where(counts < 0, 0.0, np.where(counts >= total, 1.0, below))
    return chance


def _swapped(metric: _OfCells, cells: Floats, level: float, seed: int) -> float:
    """Return the p-value of the swap test by random swaps, for any number of classes.

    Rows of one cell are alike, so that a draw is one binomial for each discordant cell. The draw that
    was seen counts as one, which keeps the test exact.
    """
    random = np.random.default_rng(seed)
    upper = np.triu(np.ones(cells.shape[1:], dtype=bool), 1)
    total = np.where(upper, cells + cells.transpose(0, 2, 1), 0).astype(np.int64)
    truth, low, high = np.nonzero(total)
    both = total[truth, low, high]
    seen = float(metric.score(cells.sum(axis=1)) - metric.score(cells.sum(axis=2)))
    same = np.einsum("yaa->ya", cells)[:, :, None] * np.eye(cells.shape[1])
    concordant = same.sum(axis=1)
    draws, as_good = _draws(level), 0
    for start in range(0, draws, 500):
        size = min(500, draws - start)
        taken = random.binomial(both, 0.5, size=(size, len(both)))
        tables = [np.broadcast_to(concordant, (size, *concordant.shape)).copy() for _ in range(2)]
        for table, at_low in ((tables[0], taken), (tables[1], both - taken)):
            _place(table, truth, low, at_low)
            _place(table, truth, high, both - at_low)
        gained = np.nan_to_num(metric.score(tables[1])) - np.nan_to_num(metric.score(tables[0]))
        as_good += int((gained >= seen - _TIE).sum())
    return (1 + as_good) / (1 + draws)


def _place(
    tables: Floats, truth: npt.NDArray[Any], predicted: npt.NDArray[Any], counts: npt.NDArray[Any]
) -> None:
    """Add counts, shape (draws, cells), to the tables' cells; a cell may be named more than once."""
    rows = np.arange(len(tables))[:, None]
    np.add.at(tables, (rows, truth[None], predicted[None]), counts)


def _flipped(gained: Floats, level: float, seed: int) -> float:
    """Return the p-value of the sign-flip test of a mean gain above zero.

    Random flips while they are affordable; beyond that the normal law of the same flips, whose variance
    is the sum of squares.
    """
    draws, rows = _draws(level), len(gained)
    if draws * rows > _FLIPS:
        return 1 - NormalDist().cdf(float(gained.sum() / math.sqrt(gained @ gained)))
    random = np.random.default_rng(seed)
    chunk, as_good = max(1, 2**22 // rows), 0
    for start in range(0, draws, chunk):
        bits = random.integers(0, 256, size=(min(chunk, draws - start), (rows + 7) // 8), dtype=np.uint8)
        # The sum of flipped gains is the sum of all less twice the sum of those flipped.
        flipped = np.unpackbits(bits, axis=1, count=rows).astype(np.float64) @ gained
        as_good += int((flipped <= _TIE * np.abs(gained).sum()).sum())
    return (1 + as_good) / (1 + draws)


def _draws(level: float) -> int:
    """Return how many random draws resolve a p-value at this level."""
    return max(_DRAWS, math.ceil(20 / level))
