"""Retraining policies on real streams: pooled F1, pooled accuracy, and what they cost in fits and rows.

Run from the project's folder: VIGIL_DATA=folder python -m bench.replay_policies [--quick] [--jobs 2]
[--model logistic] [--stream electricity] [--seeds 5], model and stream as often as wanted. With
--keep FILE --minutes 4 it goes on where the last run stopped.

Electricity is cut into weeks (336 rows) after 8 of them, weather into half-years (180 rows) after 6. On one
seed: windows of several lengths with a new model after every batch, of which the best is the yardstick; that
window after every fourth batch; the default policy at its own pace and at others; all history after every
batch, and whenever the score falls (naive); and stream detectors, each at its own default and then, by
bisection, at sensitivities that take about as many fits as the default policy, training on as many batches as
the yardstick does. No policy marked * is equalled by one with as few fits. On all seeds: the yardstick, the
default policy, and the default policy on the same rows in random order. Ends with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, log
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import _resumed as resumed
from bench._lives import STREAMS, Life, Lives
from vigil import policies
from vigil.command import guarded
from vigil.replaying import outcome

Row = dict[str, Any]

DEFAULT, NEVER, ALL = "vigil", "never", "every_batch"
#: The default policy's front of score against fits, beside its own pace.
PACES = ("vigil:every=2", "vigil:every=8", "vigil:every=16")

#: What may be lost against the yardstick, and the share of its fits and rows that may be taken.
F1_LOSS, ACCURACY_LOSS, SHARE = 0.002, 0.003, 0.25
#: How often rows that stand still may be retrained on.
RETRAINED = 1

#: Batches of the windows that are tried, so that the best is at neither end.
WINDOWS = {"electricity": (4, 8, 16, 32), "weather": (8, 16, 32, 64)}

#: Model types that each stream is replayed under.
MODELS = ("logistic", "boosting")


@dataclass(frozen=True, slots=True)
class Knob:
    """A detector's option that makes it calmer or keener, at both ends."""

    option: str
    calm: float
    keen: float

    def place(self, value: float) -> float:
        """Return where a value lies from calm (0) to keen (1), by its logarithm."""
        return log(value / self.calm) / log(self.keen / self.calm)

    def value(self, place: float) -> float:
        """Return the value at a place, to two digits."""
        return float(f"{self.calm * (self.keen / self.calm) ** place:.2g}")


KNOBS = {
    "adwin": Knob("delta", 1e-8, 0.99),
    "ddm": Knob("drift_threshold", 8.0, 0.1),
    "hddm": Knob("drift_confidence", 1e-8, 0.99),
    "kswin": Knob("alpha", 1e-4, 0.99),
    "page_hinkley": Knob("threshold", 400.0, 0.5),
}
#: Sensitivities of a detector that are tried, its own default first, and when its fits are about as many.
LOOKS, ABOUT = 4, 0.1


class Late(Exception):
    """The time given is over."""


@dataclass(frozen=True, slots=True)
class Case:
    """One stream under one model type; ``there`` are figures of one seed that are not told yet."""

    lives: Lives
    stream: str
    model: str
    seeds: int
    there: list[Row] = field(default_factory=list)

    def rows(self, chosen: Sequence[str]) -> list[Row]:
        """Return the figures of policies, in order. Raises Late."""
        found = self.lives.figures([Life(self.stream, self.model, one) for one in chosen])
        there = [row for row in found if row is not None]
        self.there.extend(there)
        if len(there) < len(found):
            raise Late
        return there

    def over_seeds(self, chosen: Sequence[str], *, shuffled: bool = False) -> dict[str, list[Row]]:
        """Return the figures of policies on each seed that all of them have reached. Raises Late."""
        plain, seeds = Life(self.stream, self.model, "", shuffled=shuffled), range(self.seeds)
        found = self.lives.figures(
            [replace(plain, policy=one, seed=seed) for one in chosen for seed in seeds]
        )
        each = [found[place * len(seeds) :][: len(seeds)] for place in range(len(chosen))]
        whole = [seed for seed in seeds if all(rows[seed] for rows in each)]
        if not whole:
            raise Late
        return {one: [rows[seed] or {} for seed in whole] for one, rows in zip(chosen, each, strict=True)}


def study(case: Case, part: str | None) -> bool:
    """Print a part of what came of one stream and model type, or all; return whether its goals are met."""
    stream = STREAMS[case.stream]
    print(f"\n{case.stream}, {case.model}: {stream.size:,} rows at a time after {stream.first:,}; seed 0")
    windows = [f"window:batches={batches}" for batches in WINDOWS[case.stream]]
    rows = case.rows([NEVER, DEFAULT, *windows])
    best = max(rows[2:], key=lambda row: row["pooled_f1"])
    detected: list[Row] = []
    if part != "seeds":
        rows += case.rows([f"{best['policy']},every=4", *PACES, ALL, "naive"])
        detected = at_equal_fits(case, rows[1]["fits"], best["policy"].partition(":")[2])
    print("\n".join(table([*rows, *detected])), flush=True)
    case.there.clear()
    met = [against_detectors(rows[1], detected)] if detected else []
    if part != "front":
        met.append(against(*case.over_seeds([best["policy"], DEFAULT]).values()))
        met.append(standing_still(*case.over_seeds([DEFAULT], shuffled=True).values()))
    return all(met)


def at_equal_fits(case: Case, fits: int, window: str) -> list[Row]:
    """Return the detectors' figures at each sensitivity that was tried on the way to so many fits."""
    ends = dict.fromkeys(KNOBS, (0.0, 1.0))
    places = {name: knob.place(_usual(name)[knob.option]) for name, knob in KNOBS.items()}
    tried: dict[str, list[Row]] = {name: [] for name in KNOBS}
    for _ in range(LOOKS):
        if not places:
            break
        asked = [
            f"{name}:{KNOBS[name].option}={KNOBS[name].value(place):g},{window}"
            for name, place in places.items()
        ]
        for name, row in zip(list(places), case.rows(asked), strict=True):
            tried[name].append(row)
            if abs(row["fits"] - fits) <= ABOUT * fits:
                del places[name]
                continue
            calm, keen = ends[name]
            ends[name] = (places[name], keen) if row["fits"] < fits else (calm, places[name])
            places[name] = sum(ends[name]) / 2
    return [row for rows in tried.values() for row in sorted(rows, key=lambda row: row["fits"])]


def _usual(name: str) -> dict[str, Any]:
    return policies.opened(name)[1]


def table(rows: Sequence[Row]) -> list[str]:
    """Return one seed's figures as lines; a policy that no cheaper one equals is marked."""
    if not rows:
        return []
    marked = front(rows)
    shown = ("policy", "pooled_f1", "pooled_accuracy", "fits", "rows_fitted")
    cells = [
        {**{key: _exact(row[key]) for key in shown}, "front": "*" if row["policy"] in marked else ""}
        for row in rows
    ]
    return [line.rstrip() for line in outcome.as_lines(cells)]


def _exact(value: Any) -> Any:
    """Write scores with four digits, which tell policies apart."""
    return f"{value:.4f}" if isinstance(value, float) else value


def front(rows: Sequence[Row]) -> set[str]:
    """Return the policies that none with as few fits equals in F1."""
    kept: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: (row["fits"], -row["pooled_f1"])):
        if row["pooled_f1"] > max(kept.values(), default=-1.0):
            kept[row["policy"]] = row["pooled_f1"]
    return set(kept)


def against(yardstick: Sequence[Row], measured: Sequence[Row]) -> bool:
    """Print means over the seeds and what lies between them; return whether that is as little as allowed."""
    for rows in (yardstick, measured):
        f1s = [row["pooled_f1"] for row in rows]
        print(
            f"{rows[0]['policy']}, {len(rows)} seed{'s' * (len(rows) > 1)}: F1 {fmean(f1s):.4f} "
            f"({min(f1s):.4f} to {max(f1s):.4f}), accuracy {_mean(rows, 'pooled_accuracy'):.4f}, "
            f"fits {_mean(rows, 'fits'):.1f}, rows {_mean(rows, 'rows_fitted'):,.0f}"
        )
    f1, accuracy = (
        _mean(yardstick, name) - _mean(measured, name) for name in ("pooled_f1", "pooled_accuracy")
    )
    fits, allowed = _mean(measured, "fits"), ceil(SHARE * _mean(yardstick, "fits"))
    share = _mean(measured, "rows_fitted") / _mean(yardstick, "rows_fitted")
    met = f1 <= F1_LOSS and accuracy <= ACCURACY_LOSS and fits <= allowed and share <= SHARE
    print(
        f"less than the window by {f1:.4f} in F1 (≤ {F1_LOSS}) and {accuracy:.4f} in accuracy "
        f"(≤ {ACCURACY_LOSS}),\nwith {fits:.1f} fits (≤ {allowed}, a quarter rounded up) "
        f"and {share:.3f} of its rows (≤ {SHARE}): {_said(met)}"
    )
    return met


def standing_still(rows: Sequence[Row]) -> bool:
    """Print how often rows in random order were retrained on; return whether that is as seldom as allowed."""
    times = [row["retrained"] for row in rows]
    met = max(times) <= RETRAINED
    print(f"in random order, retrained {', '.join(map(str, times))} times (≤ {RETRAINED}): {_said(met)}")
    return met


def against_detectors(measured: Row, detected: Sequence[Row]) -> bool:
    """Print the best detector with no more fits than about the default policy; return whether it is worse."""
    equal = [row for row in detected if row["fits"] <= (1 + ABOUT) * measured["fits"]]
    best = max(equal, key=lambda row: row["pooled_f1"])
    met = bool(measured["pooled_f1"] > best["pooled_f1"])
    print(
        f"of detectors with about as many fits or fewer, one seed, the best is {best['policy']}:\n"
        f"F1 {best['pooled_f1']:.4f} with {best['fits']} fits, against {measured['pooled_f1']:.4f} "
        f"with {measured['fits']}: {_said(met)}"
    )
    return met


def _mean(rows: Sequence[Row], name: str) -> float:
    return fmean(row[name] for row in rows)


def _said(met: bool) -> str:
    return "met" if met else "missed"


def run(options: argparse.Namespace) -> int:
    """Print each stream under each model type, as far as the time reaches; return 1 if a goal is missed."""
    kept = resumed.Kept(options.keep, options.minutes)
    lives = Lives(Path(os.environ["VIGIL_DATA"]), kept, jobs=options.jobs, quick=options.quick)
    met = []
    for model in options.model or MODELS:
        for stream in options.stream or STREAMS:
            case = Case(lives, stream, model, options.seeds)
            try:
                met.append(study(case, options.part))
            except Late:
                print("\n".join([*table(case.there), "the time given is over"]))
                met.append(False)
    return 0 if all(met) else 1


def main() -> int:
    """Print the tables, or say why not; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Replay retraining policies on real streams.")
    parser.add_argument("--quick", action="store_true", help="ten batches of each, some minutes")
    parser.add_argument("--jobs", type=int, default=2, help="replays at once")
    parser.add_argument("--seeds", type=int, default=5, help="at most so many draws of the holdout")
    parser.add_argument("--model", action="append", choices=MODELS, help="without it, all")
    parser.add_argument("--stream", action="append", choices=list(STREAMS), help="without it, all")
    parser.add_argument(
        "--part", choices=("front", "seeds"), help="one seed's front, or all seeds; without it, both"
    )
    resumed.add_options(parser)
    options = parser.parse_args()
    if "VIGIL_DATA" not in os.environ:
        print("skipped: set VIGIL_DATA to the folder of electricity.csv and weather.csv")
        return 0
    return guarded(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
