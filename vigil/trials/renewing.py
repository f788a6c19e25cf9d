"""What costs no fit: past releases that vote, calibrated anew, with a threshold for the rows of today.

The vote weighs each release by exp(−β·log-loss) on the newest labelled batches (compare Learn++.NSE,
Elwell and Polikar 2011, IEEE TNN 22; accuracy-weighted ensembles, Wang et al. 2003, KDD), calibrated on
these: what counts is what a release tells apart, since the vote as a whole is calibrated anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigil.models.calibrating import threshold_ahead
from vigil.serving.prediction import calibrated, decide
from vigil.stats import freshness
from vigil.stats.betting import Floats
from vigil.stats.metrics import Metric, Tally
from vigil.trials.recent import Recent, log_losses

#: How strongly a vote prefers the releases that did well, and the log-loss that a batch of age is taken for.
SHARPNESS, AGE = 10.0, 0.002
#: A release with less than this share of the best one's weight has no vote.
LEAST = 0.01
#: As many of the newest releases may vote.
MEMBERS = 24
#: Labelled rows that weights and calibration are taken from, and batches that the threshold is.
ROWS, THRESHOLD_BATCHES = 300, 4
#: How firmly the slope and the offset of a vote's calibration are held to 1 and 0, see ``calibrating.platt``.
BELIEF = (60.0, 6.0)
#: What a recipe's log-loss counts for a batch later: the record of a recipe is over the last 33 or so.
FADING = 0.97
#: Of how many of the newest releases, how sharply, and on how many rows it is asked which are still good.
REACH, REACH_SHARPNESS, REACH_ROWS = 16, 20.0, 1300
#: Batches that all this looks back on.
LOOK_BACK = 10

#: The two recipes whose records are compared: the vote, and its newest member alone.
RECIPES = ("vote", "latest")


@dataclass(frozen=True, slots=True)
class Voter:
    """A release that may vote: its id, and the order of the newest batch it was trained on."""

    release: str
    through: int


@dataclass(frozen=True, slots=True)
class Form:
    """How members answer together: weights that sum to 1, the calibration of their mean, the threshold."""

    members: tuple[str, ...]
    weights: tuple[float, ...]
    calibration: dict[str, Any] | None
    threshold: float | None


def may_vote(voters: Sequence[Voter], *, after: int) -> list[Voter]:
    """Return those of some releases that may vote after the batch of order ``after``, oldest first."""
    return [voter for voter in voters if voter.through <= after][-MEMBERS:]


def form(recent: Recent, voters: Sequence[Voter], metric: str, *, after: int, recipe: str) -> Form:
    """Put the form together that answers after the batch of order ``after``, from what was known by then."""
    known = may_vote(voters, after=after)
    newest = recent.newest(ROWS, before=after + 1)
    members = known[-1:] if recipe == "latest" else known
    weights = _weights(recent, members, newest, after)
    chosen = [(voter.release, weight) for voter, weight in zip(members, weights, strict=True) if weight > 0]
    bare = Form(tuple(r for r, _ in chosen), tuple(w for _, w in chosen), None, None)
    probability, truth = _open(recent, bare, newest)
    learnt = recent.calibration(probability, truth, belief=BELIEF)
    threshold = None
    if recent.classes == 2:
        wide, _ = _open(recent, bare, [o for o in recent.orders if o <= after][-THRESHOLD_BATCHES:])
        threshold = threshold_ahead(calibrated(wide, learnt)[:, 1], metric)
    return Form(bare.members, bare.weights, learnt, threshold)


@dataclass(frozen=True, slots=True)
class Record:
    """How a recipe, made before a batch, did on it: its tally, and its log-loss summed over the open rows."""

    tally: Tally
    loss: float


def record(recent: Recent, voters: Sequence[Voter], metric: Metric, order: int) -> dict[str, Record]:
    """Return how each recipe, made before a batch, did on it; nothing while there is no batch before."""
    before = [known for known in recent.orders if known < order]
    if not before or not any(voter.through <= before[-1] for voter in voters):
        return {}
    found = {}
    truth, rows = recent.truth(order), np.flatnonzero(recent.open(order))
    for recipe in RECIPES:
        made = form(recent, voters, metric.name, after=before[-1], recipe=recipe)
        said = calibrated(_mean(recent, made, order), made.calibration)
        answers = decide(said, made.threshold)
        heard: Any = answers.probability if metric.of == "probability" else answers.outcome
        tally = metric.tally(truth, heard, classes=recent.classes, clip=None)
        found[recipe] = Record(tally, float(log_losses(said[rows, truth[rows]]).sum()))
    return found


def losses(before: Mapping[str, float], records: Mapping[str, Record]) -> dict[str, float]:
    """Return the log-loss of each recipe so far, the newest batch counting most."""
    return {recipe: FADING * before.get(recipe, 0.0) + one.loss for recipe, one in records.items()}


def still_good(recent: Recent, voters: Sequence[Voter], *, after: int) -> tuple[float, int]:
    """Return how many past releases are still good, and of how many: all of them when nothing changes.

    It is 1/Σw², the effective number of votes (Kish).
    """
    known = may_vote(voters, after=after)[-REACH:]
    if not known:
        return 1.0, 0
    losses = np.array([recent.loss(v.release, recent.newest(REACH_ROWS, before=after + 1)) for v in known])
    weights = np.exp(-REACH_SHARPNESS * (losses - losses.min()))
    return float(weights.sum() ** 2 / (weights**2).sum()), len(known)


def log_growth(
    recent: Recent, release: str, order: int, *, since: int, trained: int, flaw: float
) -> Floats | None:
    """Return what calibrating a release anew would have won on a batch; None when too little came before.

    ``since`` is the order of the first batch that the release met, ``trained`` how many rows it was
    trained on, ``flaw`` what its model type lacks times these rows, in nats.
    """
    rows = max(1, int(freshness.SHARE * trained))
    before = [known for known in recent.within(rows, before=order) if known >= since]
    if not before or not len(recent.truth(order)):
        return None
    alone = Form((release,), (1.0,), None, None)
    learnt = recent.calibration(*_open(recent, alone, before))
    if learnt is None:
        return None
    old = recent.probability(release, order)
    return freshness.growth(old, calibrated(old, learnt), recent.truth(order), charge=flaw / max(trained, 1))


def _weights(recent: Recent, members: Sequence[Voter], orders: Sequence[int], after: int) -> Floats:
    """Return the weights of members, those too small to matter at 0."""
    losses = np.array([recent.loss_at_best(v.release, orders) + AGE * (after - v.through) for v in members])
    weights: Floats = np.exp(-SHARPNESS * (losses - losses.min()))
    weights[weights < LEAST] = 0.0
    shares: Floats = weights / weights.sum()
    return shares


def _mean(recent: Recent, made: Form, order: int) -> Floats:
    """Return the members' mean probabilities (n, K) on one batch."""
    each = [
        w * recent.probability(release, order) for release, w in zip(made.members, made.weights, strict=True)
    ]
    mean: Floats = np.sum(each, axis=0)
    return mean


def _open(recent: Recent, made: Form, orders: Sequence[int]) -> tuple[Floats, Any]:
    """Return mean probabilities and labels of the open rows of some batches."""
    found = [_mean(recent, made, order)[recent.open(order)] for order in orders]
    return np.concatenate(found), np.concatenate([recent.truth(o)[recent.open(o)] for o in orders])
