"""How thresholds are chosen from trials, and what trials come to under thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bench.broken.trials import Trial
from vigil import faults
from vigil.faults.naming import LEAST

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


def lowest(some: Sequence[Trial]) -> Thresholds:
    """Return, for each fault, the lowest level at which it is quiet enough on these trials.

    It names no more than its equal part of the 1 % of the sound batches, and is the first to be named in
    no more than 1 % of the batches that are broken otherwise. A few hundred sound batches cannot show so
    small a part: the level is the first that names none of them, and other data have surer ones.
    """
    quiet = _quiet(some)
    sound = [trial for trial in some if not trial.fault]
    part = FALSE * len(sound) / len(faults.names())
    return {
        name: next((lv for lv in GRID if lv >= quiet[name] and _above(sures, lv) <= part), 1.01)
        for name, sures in _false(sound).items()
    }


def tail(some: Sequence[Trial]) -> Thresholds:
    """Return, for each fault, the level that it passes in its part of the 1 % of sound batches, by estimate.

    How many sound batches a fault has a word for is counted, with half a one added (Jeffreys), and how
    fast confidences thin out above that is estimated: −log(1 − confidence) is taken for exponential beyond
    its start (peaks over a threshold: Davison and Smith 1990). All faults put confidences on one scale, so
    the mean excess is that of all together, with one of size 1 added, the scale's unit. Comes first in no
    more than 1 % of the batches that are broken otherwise, too.
    """
    quiet = _quiet(some)
    sound = [trial for trial in some if not trial.fault]
    false = _false(sound)
    excesses = [math.log((1 - LEAST) / max(1 - sure, 1e-9)) for sures in false.values() for sure in sures]
    mean = (sum(excesses) + 1) / (len(excesses) + 1)
    part = FALSE * len(sound) / len(faults.names())
    made = {}
    for name, sures in false.items():
        beyond = mean * max(math.log((len(sures) + 0.5) / part), 0.0)
        made[name] = max(quiet[name], round(1 - (1 - LEAST) * math.exp(-beyond), 3))
    return made


RULES = {"tail": tail, "lowest": lowest}


def _false(sound: Sequence[Trial]) -> dict[str, list[float]]:
    """Return the confidences of each fault's findings on sound batches, the surest of each batch."""
    found: dict[str, list[float]] = {name: [] for name in faults.names()}
    for trial in sound:
        for name in {one[0] for one in trial.found}:
            found[name].append(max(one[2] for one in trial.found if one[0] == name))
    return found


def _quiet(some: Sequence[Trial]) -> Thresholds:
    """Return the level at which each fault comes first in at most 1 % of the batches broken otherwise."""
    broken = [trial for trial in some if trial.fault]
    firsts: dict[str, list[float]] = {name: [] for name in faults.names()}
    for trial in broken:
        if trial.found and trial.found[0][0] != trial.fault:
            firsts[trial.found[0][0]].append(trial.found[0][2])
    return {
        name: next((level for level in GRID if _above(sures, level) <= WRONG * len(broken)), 1.01)
        for name, sures in firsts.items()
    }


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
