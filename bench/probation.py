"""Probation: how often a fresh release is turned out on its first batches, when it should be and when not.

Run from the project's folder: python -m bench.probation [--lives 1000]

Rows with prevalence 0.3; the release before answers a fifth of them wrongly, the fresh one as many or more,
independently of it. Eight looks at growing rows, as in ``vigil/probation.py``, with the margin 0.01. Beside
it the rule of many scripts: step back as soon as one batch's score is below that of the release before.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

from bench.gate_null import share_of
from vigil import probation
from vigil.stats import gate, metrics

LOOKS, MARGIN, PREVALENCE, WRONG = 8, 0.01, 0.3, 0.2
ROWS, MORE = (100, 300, 1000), (0.0, 0.03, 0.06, 0.10)


def batch(draw: np.random.Generator, rows: int, more: float) -> npt.NDArray[np.int64]:
    """Return the counts by truth, fresh answer and answer of the release before, shape (2, 2, 2)."""
    truth = draw.random(rows) < PREVALENCE
    fresh, before = (truth ^ (draw.random(rows) < wrong) for wrong in (WRONG + more, WRONG))
    codes = (truth * 2 + fresh) * 2 + before
    return np.bincount(codes, minlength=8).reshape(2, 2, 2)


def life(draw: np.random.Generator, rows: int, more: float) -> tuple[int | None, bool]:
    """Return the look that turns a release out, None for none, and whether the script's rule would."""
    metric, cells = metrics.get("f1"), np.zeros((2, 2, 2), dtype=np.int64)
    out, script = None, False
    for look in range(1, LOOKS + 1):
        now = batch(draw, rows, more)
        cells += now
        script = script or (gate.compare_cells(metric, now).difference or 0.0) > 0
        found = gate.compare_cells(metric, cells, level=probation.LEVEL, attempt=look)
        if out is None and found.promote and (found.lower_bound or 0.0) > MARGIN:
            out = look
    return out, script


def main() -> None:
    """Print one line for each size of batch and loss."""
    parser = argparse.ArgumentParser(description="How often a fresh release is turned out.")
    parser.add_argument("--lives", type=int, default=1000, help="lives for each line")
    lives = parser.parse_args().lives
    print(f"{LOOKS} batches, {lives:,} lives: turned out; median look; a script's rule")
    for rows in ROWS:
        for more in MORE:
            draw = np.random.default_rng(rows)
            found = [life(draw, rows, more) for _ in range(lives)]
            looks = [out for out, _ in found if out is not None]
            script = sum(acts for _, acts in found) / lives
            median = f"{np.median(looks):.0f}" if looks else "–"
            share = share_of(len(looks), lives)
            print(f"{rows:>5} rows, {more:.2f} more wrong: {share}; {median}; {script:.3f}", flush=True)


if __name__ == "__main__":
    main()
