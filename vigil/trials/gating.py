"""All hurdles of a challenger: the champion, the best anchor, every slice, and what a model may cost.

The last three are the same for a challenger that was retrained, on held-out rows, and for one on trial, on
rows that the service answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil import figures
from vigil.stats import gate
from vigil.stats.gate import GateResult
from vigil.stats.metrics import Metric
from vigil.stats.reliability import reliability
from vigil.trials.judged import Judged
from vigil.trials.panel import CONFIDENCE, Panel
from vigil.trials.snapshot import GATING

#: Answers to one row that are timed; the median counts.
_TIMED = 21


@dataclass(frozen=True, slots=True)
class Rules:
    """What a challenger must keep to.

    ``attempt`` counts the tries on these rows; ``level`` is the error allowed to all of them. ``margin`` is
    how much worse a refresh, or a slice, may be; ``refresh`` asks for no more than that. ``anchors`` are
    earlier releases that won their place by being better. ``slices`` are columns; ``calibration`` (how
    far probabilities may be off) and ``latency_ms`` (one row) are None where nothing is asked.
    """

    attempt: int
    margin: float
    refresh: bool
    seed: int
    anchors: Sequence[str] = ()
    slices: Sequence[str] = ()
    calibration: float | None = None
    latency_ms: float | None = None
    level: float = 0.05


@dataclass(frozen=True, slots=True)
class Contest:
    """Two models on the same n labelled rows.

    ``champion`` and ``challenger`` are what the metric listens to, and ``probability`` is the challenger's
    for the positive class, None where there is none; all of shape (n,). ``slices`` are masks by name.
    ``one_row`` gives a call that lets the challenger answer one row.
    """

    metric: Metric
    classes: int
    truth: npt.NDArray[Any]
    champion: npt.NDArray[Any]
    challenger: npt.NDArray[Any]
    probability: npt.NDArray[np.float64] | None
    slices: Mapping[str, npt.NDArray[np.bool_]]
    one_row: Callable[[], Callable[[], object]]


def gated(panel: Panel, challenger: str, champion: str, rules: Rules) -> tuple[GateResult, dict[str, Any]]:
    """Compare on the gating half; return the result, and what the further hurdles found."""
    new, old = panel.judged(challenger, GATING), panel.judged(champion, GATING)
    result = _compared(panel, new, old, rules)
    if not result.promote:
        return result, {}
    result, found = _anchor(panel, challenger, champion, rules, result)
    contest = Contest(
        metric=panel.metric,
        classes=len(new.classes),
        truth=new.truth,
        champion=old.heard,
        challenger=new.heard,
        probability=new.probability,
        slices=panel.slices(new, rules.slices, GATING),
        one_row=lambda: panel.one_row(challenger, GATING),
    )
    result, more = hurdled(contest, rules, result)
    return result, found | more


def hurdled(contest: Contest, rules: Rules, result: GateResult) -> tuple[GateResult, dict[str, Any]]:
    """Hold what the gate lets through against the slices and the budgets; return what was found.

    All hurdles must be taken, so that none of them needs a part of another's level.
    """
    found: dict[str, Any] = {}
    for hurdle in (_slices, _calibration, _latency):
        if not result.promote:
            break
        result, more = hurdle(contest, rules, result)
        found |= more
    return result, found


def _compared(panel: Panel, new: Judged, old: Judged, rules: Rules) -> GateResult:
    """Compare two models on the same rows."""
    return gate.compare(
        panel.metric,
        new.truth,
        old.heard,
        new.heard,
        level=rules.level,
        attempt=rules.attempt,
        margin=rules.margin if rules.refresh else None,
        seed=rules.seed,
        classes=len(new.classes),
        clip=old.clip,
        bucket=panel.bucket(new, GATING),
    )


Hurdle = tuple[GateResult, dict[str, Any]]


def _anchor(panel: Panel, challenger: str, champion: str, rules: Rules, result: GateResult) -> Hurdle:
    """Hold a refresh against the best release that was better than another: many small losses add up."""
    others = [anchor for anchor in rules.anchors if anchor not in (champion, challenger)]
    if not rules.refresh or not others:
        return result, {}
    best = panel.best(others)
    against = _compared(panel, panel.judged(challenger, GATING), panel.judged(best, GATING), rules)
    found = {"anchor": best, "anchor_difference": against.difference, "anchor_bound": against.lower_bound}
    if against.promote or against.discordant == 0:
        return result, found
    return _kept(result, f"against the earlier release {best}: {against.reason}"), found


def _slices(contest: Contest, rules: Rules, result: GateResult) -> Hurdle:
    """Ask that no slice is worse by more than its margin, beyond chance."""
    masks, metric = contest.slices, contest.metric
    worse = {}
    for name, rows in masks.items():
        truth, old, new = (each[rows] for each in (contest.truth, contest.champion, contest.challenger))
        # Turned round: is the champion better here by more than the margin?
        turned = gate.compare(
            metric,
            truth,
            new,
            old,
            level=rules.level / len(masks),
            attempt=0,
            seed=rules.seed,
            classes=contest.classes,
        )
        value = metric.value(metric.tally(truth, old, classes=contest.classes, clip=None))
        allowed = rules.margin * abs(value or 0.0) if metric.relative else rules.margin
        if turned.lower_bound is not None and turned.lower_bound > allowed:
            worse[name] = turned.difference
    if not worse:
        return result, {"slices_compared": len(masks)} if masks else {}
    named = ", ".join(f"{name} ({figures.digits(gap, 3)} worse)" for name, gap in worse.items())
    return _kept(result, f"it is worse by more than the margin where {named}"), {"worse_slices": worse}


def _calibration(contest: Contest, rules: Rules, result: GateResult) -> Hurdle:
    """Ask that probabilities are as right as the budget says, beyond what chance alone would show."""
    said = contest.probability
    if rules.calibration is None or said is None or said.ndim != 1:
        return result, {}
    measured = reliability(contest.truth, said)
    if measured is None:
        return result, {}
    low, high = measured.interval(CONFIDENCE)
    found = {"calibration_gap": measured.gap, "calibration_low": low, "calibration_high": high}
    if measured.gap <= rules.calibration:
        return result, found
    gap, least, most = (figures.score(one) for one in (measured.gap, low, high))
    why = f"its probabilities are off by {gap} ({least} to {most}) beyond chance, and "
    return _kept(result, f"{why}{rules.calibration:g} is allowed"), found


def _latency(contest: Contest, rules: Rules, result: GateResult) -> Hurdle:
    """Ask that one row is answered within the budget, by the median of some answers on this machine."""
    if rules.latency_ms is None:
        return result, {}
    answer = contest.one_row()
    taken = []
    for _ in range(_TIMED):
        started = time.perf_counter()
        answer()
        taken.append(1000 * (time.perf_counter() - started))
    median = float(np.median(taken))
    if median <= rules.latency_ms:
        return result, {"latency_ms": median}
    why = (
        f"it takes {figures.digits(median, 3)} ms to answer one row, and {rules.latency_ms:g} ms are allowed"
    )
    return _kept(result, why), {"latency_ms": median}


def _kept(result: GateResult, why: str) -> GateResult:
    """Turn a promotion down."""
    reason = f"The champion stays: {why}. {result.reason.replace('The challenger takes over', 'Otherwise')}"
    return replace(result, promote=False, outcome="keep", reason=reason)
