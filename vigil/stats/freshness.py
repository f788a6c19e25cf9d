"""Are a release's probabilities still right? Evidence that costs no fit and is looked at after every batch.

Before a batch comes, the probabilities are calibrated anew on the labelled batches before it. On the batch
itself the two compete: each row multiplies the bettor's capital by ``p_new(y)/p_old(y)``, which on average
is no gain while the old ones are right. The rest is the alarm's own machinery, ``betting``.

No model's probabilities are exactly right, and with rows enough any flaw would be found. So the stake is
the whole capital, and the new calibration stands on ``SHARE`` of the rows that the old one stood on: its
own noise then costs more than the old one's brings in. With two parameters the old flaw is
larger than the new noise with a probability of about exp(−1/SHARE), 0.25 %. Where probabilities of a model
type are further off than that, each row of a bet is charged with what they lack.

Source: likelihood ratios with a predictable alternative, Wald (1947), Robbins and Siegmund (1974); their
use against forecasts, Henzi and Ziegel (2022), Biometrika 109, Valid sequential inference on probability
forecast performance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Evidence, Floats

#: Probabilities are kept this far from 0, so that one row cannot decide alone.
_LEAST = 0.01

#: Rows of a new calibration, as a share of those that the release was trained on.
SHARE = 1 / 6


def fresh() -> Evidence:
    """Return the evidence before the first batch: one process, one bet."""
    return Evidence(np.full((1, 1), -np.inf))


def growth(old: Floats, new: Floats, truth: npt.NDArray[np.int64], *, charge: float = 0.0) -> Floats:
    """Return the log growth of the bet, shape (1, 1).

    ``old`` and ``new`` (n, K) are probabilities of all classes, ``truth`` (n,) the classes' codes; each row
    is charged with ``charge`` nats.
    """
    rows = np.arange(len(truth))
    ratio = np.maximum(new[rows, truth], _LEAST) / np.maximum(old[rows, truth], _LEAST)
    grown: Floats = (np.log(ratio) - charge).sum().reshape(1, 1)
    return grown
