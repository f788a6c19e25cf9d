"""A change that came with the first batch: all batches so far against the held-out rows alone.

Where everything before a batch is compared with it, a change at the outset soon is part of what is compared
with. What remains is a question of two samples: were the held-out rows answered better than all that came
since? Weigh the quantiles of ``past`` by

    w_t = √(N_0·n_t/(N_{t−1}·N_t))      Y_t = −Σ w_t·z_t      V_t = Σ w_t² = 1 − N_0/N_t

with N_0 rows held out, n_t in a batch, N_t in all up to it. These are the weights that such a change has. The
quantiles are independent and N(0, 1) while nothing changes, so that Y is a Brownian motion that is looked at
when V_t of its time have passed, and never more than 1 will. The chance that it ends above b, as seen from
here,

    Φ((Y_t − b)/√(1 − V_t))

is a martingale from 0 to 1. Over its first value δ = Φ(−b) it is an e-process that reaches 1/δ at most: a
test at level δ that may be looked at always, and is called when it is nearly sure how it will end. A game
of likelihood ratios that goes on for ever cannot stake so much on a sum that is bounded.

Sources: Lan, Simon and Halperin (1982), Stochastically curtailed tests in long-term clinical trials,
Sequential Analysis 1; for the quantiles see ``past``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats

#: How sure it has to be that the test will reject, for its e-value to reach 1/α.
_SURE = 0.75

#: The part of the capital of the comparison with the past that is laid on a change at the outset.
PART = 0.4

#: Time that always is left, against rounding.
_LEFT = 1e-9


@dataclass(frozen=True, slots=True)
class Outset:
    """How far answers are below the held-out rows' (``worse``, Y) in what time (``passed``, V, below 1).

    Both have the shape of the streams; for one stream that is ().
    """

    worse: Floats
    passed: Floats

    @classmethod
    def fresh(cls, streams: tuple[int, ...] = ()) -> Outset:
        """Return the state before the first batch."""
        return cls(np.zeros(streams), np.zeros(streams))

    def as_json(self) -> dict[str, Any]:
        """Return one stream as plain JSON."""
        return {"worse": float(self.worse), "passed": float(self.passed)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Outset:
        """Return what ``as_json`` wrote."""
        return cls(np.asarray(stored["worse"]), np.asarray(stored["passed"]))


def update(outset: Outset, z: Floats, rows: Floats, old: Floats, *, held: Floats) -> Outset:
    """Return the state after one more batch; all shapes (..., K), by true class.

    ``z`` are the batch's quantiles (``past.ranked``), ``rows`` its rows, ``old`` those of the holdout and
    all batches before it, ``held`` those of the holdout. A class that the holdout lacks counts for nothing.
    Of two classes both weigh the same: the larger one has more rows and fewer errors to tell by.
    """
    weighs = (held > 0) * (1.0 if held.shape[-1] == 2 else held)
    weighs = weighs / np.maximum(weighs.sum(axis=-1, keepdims=True), 1e-300)
    squares = weighs * held * rows / np.maximum(old * (old + rows), 1.0)
    worse = outset.worse - (np.sqrt(squares) * z).sum(axis=-1)
    return Outset(worse, outset.passed + squares.sum(axis=-1))


def log_e_value(outset: Outset, alpha: float) -> Floats:
    """Return the log of the e-value, which reaches ln(1/α) when the test is 75 % sure to reject."""
    from scipy.special import log_ndtr, ndtri

    level = _SURE * alpha
    left = np.sqrt(np.maximum(1.0 - outset.passed, _LEFT))
    log_e: Floats = log_ndtr((outset.worse + ndtri(level)) / left) - math.log(level)
    return log_e


def together(log_e: npt.ArrayLike, outset: Outset, alpha: float) -> Floats:
    """Return the log of ``log_e`` and the outset's e-value averaged, by their parts of the capital.

    ``alpha`` is the level at which the average is judged: the outset alone can reach ln(1/α).
    """
    rest = np.asarray(log_e, dtype=np.float64) + math.log(1 - PART)
    own = log_e_value(outset, alpha * PART) + math.log(PART)
    both: Floats = np.logaddexp(rest, own)
    return both
