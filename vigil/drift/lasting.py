"""Does a drift last? Evidence over many batches, with an error rate for the whole life of a release.

Every batch is compared with the release's reference *and all batches before it*. When all rows are
exchangeable, which rows of such a pool are the newest tells nothing about how the older ones were dealt,
so that the p-values of successive batches are independent, though each looks at the same finite
reference; a valid p turns into a bet of mean at most 1 (the mixture of κ·p^(κ−1) over κ, Vovk, Wang 2021,
doi 10.1214/20-AOS2020). A column's bets are multiplied, with a new start before each batch, as for the
alarm of the score. By Ville's inequality a column's evidence ever reaches d/α with probability at most
α/d; over d columns that is α for the release's life. The bound is as exact as the tests' p-values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

#: One release in a hundred may ever see a drift called lasting that is none.
ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Lasting:
    """The evidence so far: for each column the log of the wealth that is laid out; the batches met."""

    batches: int = 0
    log_wealth: Mapping[str, float] = field(default_factory=dict)

    def met(self, p_values: Mapping[str, float]) -> Lasting:
        """Return the evidence after one more batch; a column without a p-value keeps its wealth."""
        number = self.batches + 1
        start = -math.log(number * (number + 1))
        names = self.log_wealth.keys() | p_values.keys()
        wealth = {
            name: _sum(self.log_wealth.get(name, -math.inf), start) + log_bet(p_values.get(name))
            for name in sorted(names)
        }
        return Lasting(number, wealth)

    def evidence(self, column: str) -> float:
        """Return a column's e-value: 1 at rest; what is not laid out yet counts too."""
        kept = 1.0 / (self.batches + 1)
        return kept + math.exp(min(self.log_wealth.get(column, -math.inf), 600.0))

    def lasts(self, column: str) -> bool:
        """Say whether a column's evidence is beyond its share of the level."""
        return self.evidence(column) >= max(1, len(self.log_wealth)) / ALPHA


def log_bet(p_value: float | None) -> float:
    """Return the log of (1 − p + p·ln p)/(p·ln² p), which is 1 in the mean when p is uniform; 0 for None."""
    if p_value is None:
        return 0.0
    p = min(max(p_value, 1e-300), 1.0)
    log = math.log(p)
    if log > -1e-4:
        # The ratio's series around p = 1, where both parts of it vanish.
        return math.log(0.5) - log / 3
    return math.log1p(-p + p * log) - log - 2 * math.log(-log)


def _sum(first: float, second: float) -> float:
    """Return ln(e^first + e^second)."""
    high, low = max(first, second), min(first, second)
    return high + math.log1p(math.exp(low - high))
