"""How surprising a count or a run is, beside earlier batches: in nats, −log of its probability there.

Batches differ from each other by more than chance, so that a binomial law would wonder at every Monday.
Earlier batches' shares are taken for draws from a Beta law: its mean is theirs, and its spread what they
differ by beyond chance. The count is then Beta-binomial (Skellam 1948). A finder that asks often pays for
how often it asks (Bonferroni), which is ``asked`` here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults.case import is_known

if TYPE_CHECKING:
    from vigil.faults.case import Floats

#: Nats that say nothing yet, and the scale of a confidence: 0.8 stands at 9.4 nats, one batch in 10,000.
WORTHLESS, SCALE = 3.0, 4.0


def sure(nats: float, asked: int = 1) -> float:
    """Turn a surprise into a confidence, 0 … 1, when so many questions were asked."""
    return 1 - float(np.exp(-max(nats - float(np.log(max(asked, 1))) - WORTHLESS, 0.0) / SCALE))


def count(seen: int, rows: int, before: Sequence[tuple[int, int]], *, is_chance: bool = False) -> float:
    """Return the surprise at so many rows or more, given (count, rows) of earlier batches, in nats.

    ``is_chance`` says that such counts are a matter of chance unless earlier ones show otherwise, as the last
    digits of measured values are.
    """
    counts = np.array([hits for hits, size in before if size], dtype=float)
    sizes = np.array([size for _, size in before if size], dtype=float)
    if not len(sizes) or not rows:
        return 0.0
    mean = (counts.sum() + 0.5) / (sizes.sum() + 1)
    if seen <= mean * rows:
        return 0.0
    chance = mean * (1 - mean)
    spread = _spread(counts / sizes, sizes, chance, is_chance=is_chance) * (1 + 1 / len(sizes)) + chance / (
        sizes.sum() + 1
    )
    together = chance / spread - 1
    return _tail(seen, rows, mean * together, (1 - mean) * together) / _steadiness(counts, sizes, chance)


def _steadiness(counts: Floats, sizes: Floats, chance: float) -> float:
    """Return the variance of shares as a part of what chance makes of it, at most 1.

    What is written by a schedule, as the hour of each row, comes as often every time; a binomial law knows no
    such column (quasi-likelihood: Wedderburn 1974, doi 10.1093/biomet/61.3.439). It is the upper 99 % limit,
    with the rounding of counts to whole rows.
    """
    from scipy.special import chdtri

    freedom = len(counts) - 1
    if freedom < 2:
        return 1.0
    seen = float((counts / sizes).var(ddof=1)) + float((1 / sizes**2).mean()) / 12
    return min(1.0, seen * freedom / float(chdtri(freedom, 0.99)) / (chance * float((1 / sizes).mean())))


def _spread(shares: Floats, sizes: Floats, chance: float, *, is_chance: bool) -> float:
    """Return the variance of shares between batches, beyond what chance makes of it.

    A few batches say little about how much they can differ: it is the upper 80 % limit of their variance.
    What should be chance has a fifth more than its variance, unless a test at 10 % says that it is not.
    """
    from scipy.special import chdtri

    freedom = len(shares) - 1
    if freedom < 2:
        return 0.0
    by_chance = chance * float((1 / sizes).mean())
    seen = float(shares.var(ddof=1)) * freedom
    if is_chance and seen < by_chance * float(chdtri(freedom, 0.1)):
        return by_chance / 5
    return max(seen / float(chdtri(freedom, 0.8)) - by_chance, 0.0)


def _tail(seen: int, rows: int, hits: float, misses: float) -> float:
    """Return −log P(K ≥ seen) of a Beta-binomial law, by its first term and a geometric rest."""
    from scipy.special import betaln, gammaln

    first = (
        gammaln(rows + 1) - gammaln(seen + 1) - gammaln(rows - seen + 1)
        + betaln(seen + hits, rows - seen + misses) - betaln(hits, misses)
    )  # fmt: skip
    left = rows - seen
    ratio = left * (seen + hits) / ((seen + 1) * (left - 1 + misses)) if left else 0.0
    # The terms after the first fall by this ratio or faster; below the mode they are at most as many.
    rest = 1 - ratio if ratio < 1 - 1 / (left + 1) else 1 / (left + 1)
    return max(float(np.log(rest) - first), 0.0)


def run(length: int, places: int, share: float, before: Sequence[Any]) -> tuple[float, int]:
    """Return the surprise at a run of a value with some share of the rows, and the longest run before.

    ``places`` is how many rows it could have begun at. Runs are taken to end at each row with one probability
    (a geometric law): the smaller of what the value's share says and of what makes the longest earlier run,
    of any value, the one to expect.
    """
    longest = max((longest_run(part)[1] for part in before), default=0)
    by_longest = float(np.log(max(sum(map(len, before)), 2))) / max(longest - 1, 1)
    by_share = -float(np.log(min(share, 1.0))) if share > 0 else math.inf
    each = min(by_share, by_longest)
    return max((length - 1) * each - float(np.log(max(places, 1))), 0.0), longest


def longest_run(cells: Any) -> tuple[int, int]:
    """Return where the longest run of one value begins, and its length; missing cells are no run."""
    if not len(cells):
        return 0, 0
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
    lengths = np.diff(np.append(starts, len(cells)))
    lengths = np.where(is_known(cells[starts]), lengths, 0)
    place = int(np.argmax(lengths))
    return int(starts[place]), int(lengths[place])
