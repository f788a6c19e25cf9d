"""How often a drift is ever called lasting in a release's life: when nothing has changed, and when it has.

Run from the project's folder: python -m bench.drift_lasting [--quick]

The reference is drawn anew for each life. The run fails when drift is called lasting in more lives than the
level allows (exact binomial limit at 0.001).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pyarrow as pa

from vigil.changes import drifting
from vigil.drift import lasting
from vigil.profiles import ColumnProfile, Profile, profile
from vigil.records import Column
from vigil.stats import intervals


def number(name: str, values: np.ndarray) -> ColumnProfile:
    """Profile values."""
    return profile(pa.table({name: values}), [Column(name, "number")]).columns[0]


def share_of(hits: int, tries: int) -> str:
    """Write a share with its exact 95 % limits."""
    low = float(intervals.share_lower(hits, tries - hits, 0.025))
    high = float(intervals.share_upper(hits, tries - hits, 0.025))
    return f"{hits / tries:.4f} [{low:.4f}, {high:.4f}]"


def lives(number_of_lives: int, batches: int, shift: float, starts: int = 0) -> tuple[int, float]:
    """Return in how many lives any drift is called lasting, and the median batch at which it first was.

    Five columns, a reference of 1,000 rows drawn anew for each life, batches of 100; one column's mean moves
    by ``shift`` from batch ``starts`` on.
    """
    random, firsts = np.random.default_rng(3), []
    for _ in range(number_of_lives):
        reference = Profile(1000, tuple(number(f"n{k}", random.normal(size=1000)) for k in range(5)))
        known = drifting.Known()
        for batch in range(batches):
            moves = shift if batch >= starts else 0.0
            columns = (number(f"n{k}", random.normal(moves * (k == 0), 1, 100)) for k in range(5))
            found, known = drifting.compare(reference, Profile(100, tuple(columns)), known, str(batch))
            if any(column["lasting"] for column in found["columns"]):
                firsts.append(batch + 1)
                break
    return len(firsts), float(np.median(firsts)) if firsts else float("nan")


def life_table(number_of_lives: int, batches: int) -> bool:
    """Print how often a drift is ever called lasting; say whether the level for a life is held."""
    print(f"Ever called lasting over {batches} batches of 100 rows, 5 columns, reference 1,000 rows")
    hits, _ = lives(number_of_lives, batches, 0.0)
    print(f"nothing changed: {share_of(hits, number_of_lives)}; level {lasting.ALPHA}")
    for shift in (0.3, 0.5):
        found, first = lives(max(number_of_lives // 4, 4), batches, shift)
        of = max(number_of_lives // 4, 4)
        print(
            f"mean of one by {shift} sd from the first batch on: {found} of {of}, first in batch {first:.0f}"
        )
    low = float(intervals.share_lower(hits, number_of_lives - hits, 0.001))
    return low <= lasting.ALPHA


def main() -> None:
    """Print the table; fail when the level is not held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few lives, about ten seconds")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    held = life_table(*((4, 10) if quick else (100, 40)))
    print(f"\n{time.perf_counter() - started:.0f} s")
    raise SystemExit(0 if held else 1)


if __name__ == "__main__":
    main()
