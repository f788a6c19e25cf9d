"""How often the band of an estimate without labels holds the score that the labels then show.

    python -m bench.estimate [--lives 200] [--rows 500]

A logistic model answers batches of one stream. Each has an estimate; 30 labelled ones say how far it is
off, and the next batch's score lies in the band or not: where rows stay as they were, where they move
(covariate shift: what they mean stays) in all batches alike, and where only the last batch moves. The
floor is what the band promises, 95 %; beside it stands the error of "as on held-out rows".
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

from vigil import estimate
from vigil.estimate import bands
from vigil.stats import intervals, metrics
from vigil.stats.metrics import Metric

#: Labelled batches before the one that is estimated, held-out rows, and the model's slopes.
PAST, HELD_OUT = 30, 2_000
SLOPES = np.array([1.5, -1.0, 0.5])

Floats = npt.NDArray[np.float64]


def drawn(random: np.random.Generator, rows: int, shift: float) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return what the model says of new rows, shape (rows,), and their truth; it is too sure of itself."""
    features = random.normal(size=(rows, len(SLOPES))) + shift
    odds = features @ SLOPES + 0.3 * features[:, 0] * features[:, 1]
    truth = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return 1 / (1 + np.exp(-1.4 * (features @ SLOPES))), truth


def both(
    metric: Metric, learnt: dict[str, object], said: Floats, truth: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Return the estimated and the realised score of one batch."""
    answer = (said > 0.5).astype(np.int64)
    found = estimate.estimate(learnt, answer, said, metric, 2)["score"]
    real = metric.value(metric.tally(truth, answer, classes=2, clip=None))
    assert found is not None
    assert real is not None
    return found, real


def main() -> None:
    """Print the share of batches whose score lay in the band, with exact limits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lives", type=int, default=200)
    parser.add_argument("--rows", type=int, default=500)
    given = parser.parse_args()
    cases = {"no shift": (0.0, 0.0), "all moved": (0.7, 0.7), "the last moved": (0.0, 0.7)}
    for name in ("f1", "accuracy", "recall"):
        metric = metrics.get(name)
        for words, (before, last) in cases.items():
            covered, off, plain = 0, [], []
            for seed in range(given.lives):
                random = np.random.default_rng(seed)
                held, truth = drawn(random, HELD_OUT, 0.0)
                answer = (held > 0.5).astype(np.int64)
                learnt = estimate.learn(truth, answer, held)
                assert learnt is not None
                reference = metric.value(metric.tally(truth, answer, classes=2, clip=None)) or 0.0
                past = [both(metric, learnt, *drawn(random, given.rows, before)) for _ in range(PAST)]
                width = bands.half_width([found - real for found, real in past])
                found, real = both(metric, learnt, *drawn(random, given.rows, last))
                assert width is not None
                covered += abs(found - real) <= width
                off.append(abs(found - real))
                plain.append(abs(reference - real))
            missed = given.lives - covered
            low = float(intervals.share_lower(covered, missed, 0.025))
            high = float(intervals.share_upper(covered, missed, 0.025))
            share = f"{covered / given.lives:.1%} ({low:.1%} to {high:.1%})"
            print(
                f"{name:9} {words:15} in the band {share}; off by {np.mean(off):.4f}, "
                f"the held-out score by {np.mean(plain):.4f}: {np.mean(plain) / np.mean(off):.1f} x"
            )


if __name__ == "__main__":
    main()
