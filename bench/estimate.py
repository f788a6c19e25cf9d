"""How often the band of an estimate without labels holds the score that the labels then show.

    python -m bench.estimate [--lives 200] [--rows 500]

A logistic model answers batches of one stream. Each has an estimate; 30 labelled ones say how far it is
off, and the next batch's score lies in the band or not: where rows stay as they were, where they move
(covariate shift: what they mean stays) in all batches alike, where only the last batch moves, and where
only the last batch has more of a kind that the model overlooks. "weighted" is the estimate by held-out rows
that are weighted until they look like the batch, with its own band; it abstains where too few do. The
floor is what the bands promise, 95 %; beside it stands the error of "as on held-out rows".
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vigil import estimate
from vigil.estimate import bands, halving, ratio
from vigil.estimate.halving import Held
from vigil.stats import intervals, metrics
from vigil.stats.metrics import Metric

#: Labelled batches before the one that is estimated, held-out rows, and the model's slopes.
PAST, HELD_OUT = 30, 2_000
SLOPES = np.array([1.5, -1.0, 0.5])

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """What the model sees of some rows, what it says and answers, and their truth."""

    columns: dict[str, npt.NDArray[np.float64]]
    said: Floats
    answer: npt.NDArray[np.int64]
    truth: npt.NDArray[np.int64]

    def score(self, metric: Metric) -> float:
        """Return the realised score."""
        return metric.value(metric.tally(self.truth, self.answer, classes=2, clip=None)) or 0.0


@dataclass(frozen=True)
class World:
    """Where features lie, and the share of a kind of rows that the model overlooks."""

    shift: float = 0.0
    kind: float = 0.1

    def rows(self, random: np.random.Generator, count: int) -> Rows:
        """Draw rows; the model is too sure of itself."""
        features = random.normal(size=(count, len(SLOPES))) + self.shift
        kind = random.random(count) < self.kind
        odds = features @ SLOPES + 0.3 * features[:, 0] * features[:, 1] - 1.5 * kind
        truth = (random.random(count) < 1 / (1 + np.exp(-odds))).astype(np.int64)
        said = 1 / (1 + np.exp(-1.4 * (features @ SLOPES)))
        columns = {f"x{place}": column for place, column in enumerate(features.T)}
        return Rows(columns | {"kind": kind.astype(float)}, said, (said > 0.5).astype(np.int64), truth)


@dataclass
class Counted:
    """What became of one way's estimates."""

    covered: int = 0
    misses: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(self, miss: float, width: float | None) -> None:
        """Count one estimate."""
        assert width is not None
        self.covered += abs(miss) <= width
        self.misses.append(abs(miss))
        self.widths.append(width)

    def __str__(self) -> str:
        count = len(self.misses)
        if not count:
            return "never says anything"
        low = float(intervals.share_lower(self.covered, count - self.covered, 0.025))
        high = float(intervals.share_upper(self.covered, count - self.covered, 0.025))
        share = f"{self.covered / count:.1%} ({low:.1%} to {high:.1%})"
        return f"in the band {share}, ± {np.mean(self.widths):.3f}; off by {np.mean(self.misses):.4f}"


def estimated(metric: Metric, learnt: dict[str, object], rows: Rows) -> float:
    """Return what rows are expected to score."""
    found = estimate.estimate(learnt, rows.answer, rows.said, metric, 2)["score"]
    assert found is not None
    return found


def lives(
    metric: Metric, before: World, last: World, count: int, rows: int
) -> Iterator[tuple[float, float | None, tuple[float, float | None] | None, float]]:
    """Yield each life's miss and half-width, the same of the weighted way, and the held-out score's miss."""
    for seed in range(count):
        random = np.random.default_rng(seed)
        held = World().rows(random, HELD_OUT)
        learnt = estimate.learn(held.truth, held.answer, held.said)
        assert learnt is not None
        past = [before.rows(random, rows) for _ in range(PAST)]
        width = bands.half_width([estimated(metric, learnt, each) - each.score(metric) for each in past])
        new = last.rows(random, rows)
        real = new.score(metric)
        miss = estimated(metric, learnt, new) - real
        yield miss, width, weighted(metric, held, new), held.score(metric) - real


def weighted(metric: Metric, held: Rows, new: Rows) -> tuple[float, float | None] | None:
    """Return the weighted estimate's miss and half-width, None where it abstains."""
    found = ratio.weights(held.columns, new.columns)
    if found.effective < max(estimate.ENOUGH, ratio.OVERLAP * HELD_OUT):
        return None
    learnt = estimate.learn(held.truth, held.answer, held.said, found.weight)
    assert learnt is not None
    own = Held(held.truth, held.answer, held.said, found.weight)
    width = bands.half_width(halving.misses(own, len(new.said), metric, 2))
    return estimated(metric, learnt, new) - new.score(metric), width


def main() -> None:
    """Print the share of batches whose score lay in the band, with exact limits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lives", type=int, default=200, help="streams of each case (200)")
    parser.add_argument("--rows", type=int, default=500, help="rows of a batch (500)")
    given = parser.parse_args()
    still, moved = World(), World(shift=0.7)
    cases = {
        "no shift": (still, still),
        "all moved": (moved, moved),
        "the last moved": (still, World(shift=0.5)),
        "the last moved far": (still, World(shift=1.5)),
        "more of what is overlooked": (still, World(kind=0.5)),
    }
    for name in ("f1", "accuracy", "recall"):
        for words, (before, last) in cases.items():
            plain, own, floor, abstained = Counted(), Counted(), [], 0
            for miss, width, found, held_out in lives(
                metrics.get(name), before, last, given.lives, given.rows
            ):
                plain.add(miss, width)
                floor.append(abs(held_out))
                abstained += found is None
                if found is not None:
                    own.add(*found)
            print(f"{name}, {words}; the held-out score is off by {np.mean(floor):.4f}")
            print(f"  estimate  {plain}")
            print(f"  weighted  {own}; abstains in {abstained} of {given.lives}")


if __name__ == "__main__":
    main()
