"""How thresholds are chosen from trials, and what trials come to under thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.broken.trials import Trial
from vigil import faults

#: Levels that a threshold is chosen from.
GRID = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
#: The level that all faults share while thresholds are not chosen yet.
FLAT = 0.8
#: Of sound batches, all faults together may name so many; of those broken otherwise, each fault so many.
FALSE, WRONG = 0.01, 0.01

Thresholds = dict[str, float]


def flat() -> Thresholds:
    """Return the same threshold for all faults."""
    return dict.fromkeys(faults.names(), FLAT)


def of_files() -> Thresholds:
    """Return the thresholds that are in the faults' files."""
    return {name: faults.get(name).THRESHOLD for name in faults.names()}


def chosen(some: Sequence[Trial]) -> Thresholds:
    """Return, for each fault, the lowest level at which it is quiet enough on these trials.

    It names no more than its equal part of the 1 % of the sound batches, and is the first to be named in
    no more than 1 % of the batches that are broken otherwise.
    """
    sound, broken = [t for t in some if not t.fault], [t for t in some if t.fault]
    made = {}
    for name in faults.names():
        false = [one[2] for t in sound for one in t.found if one[0] == name]
        others = [t for t in broken if t.fault != name and t.found and t.found[0][0] == name]
        wrong = [t.found[0][2] for t in others]
        made[name] = next(
            (
                level
                for level in GRID
                if _above(false, level) <= FALSE * len(sound) / len(faults.names())
                and _above(wrong, level) <= WRONG * len(broken)
            ),
            1.01,
        )
    return made


def _above(scores: Sequence[float], level: float) -> int:
    return sum(score >= level for score in scores)


def counts(some: Sequence[Trial], thresholds: Mapping[str, float]) -> tuple[int, int, int, int, int]:
    """Return broken batches, those found, those named right, sound batches, and those named."""
    broken, sound = [t for t in some if t.fault], [t for t in some if not t.fault]
    return (
        len(broken),
        sum(bool(t.held(thresholds)) for t in broken),
        sum(t.is_right(thresholds) for t in broken),
        len(sound),
        sum(bool(t.held(thresholds)) for t in sound),
    )
