"""What every metric owes: one suite over all files of the room."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vigil.errors import VigilError
from vigil.stats import betting, gate, metrics

TASKS = ("binary", "multiclass", "regression")
ALL = sorted({(name, task) for task in TASKS for name in metrics.names(task)})
CLASSES = {"binary": 2, "multiclass": 4, "regression": 0}


@pytest.fixture(params=ALL, ids=lambda pair: "-".join(pair))
def pair(request):
    """Return each metric with each of its tasks."""
    name, task = request.param
    return metrics.get(name), task


def rows(task: str, count: int, seed: int = 0, skill: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and prediction of a model with some skill."""
    random = np.random.default_rng(seed)
    if task == "regression":
        truth = random.normal(size=count)
        return truth, truth + (1 - skill) * random.standard_t(5, size=count)
    truth = random.integers(0, CLASSES[task], count)
    return truth, np.where(random.random(count) < skill, truth, random.integers(0, CLASSES[task], count))


def heard(metric, task: str, truth: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the metric listens to: answers as they are, or probabilities that lean to them."""
    if metric.of == "answer":
        return truth, guess
    if task == "multiclass":
        return truth, np.where(guess[:, None] == np.arange(CLASSES[task]), 0.7, 0.1)
    return truth, np.where(guess == 1, 0.8, 0.2)


def tally(metric, task: str, *arrays: np.ndarray) -> dict:
    """Tally rows as the contract says, with a clip for regression."""
    arrays = heard(metric, task, *arrays)
    return metric.tally(*arrays, classes=CLASSES[task], clip=0.5 if task == "regression" else None)


def test_describes_itself(pair) -> None:
    """Name, title, tasks and direction are there, and the name finds it."""
    metric, task = pair
    assert metrics.get(metric.name) is metric
    assert task in metric.tasks
    assert metric.title
    assert isinstance(metric.higher_is_better, bool)
    assert isinstance(metric.relative, bool)


def test_agrees_with_scikit_learn(pair) -> None:
    """The value is the one that scikit-learn computes."""
    from sklearn import metrics as peer

    metric, task = pair
    truth, guess = rows(task, 300)
    expected = {
        "f1": lambda: peer.f1_score(truth, guess),
        "accuracy": lambda: peer.accuracy_score(truth, guess),
        "precision": lambda: peer.precision_score(truth, guess),
        "recall": lambda: peer.recall_score(truth, guess),
        "macro_f1": lambda: peer.f1_score(truth, guess, average="macro"),
        "mae": lambda: peer.mean_absolute_error(truth, guess),
        "specificity": lambda: peer.recall_score(truth, guess, pos_label=0),
        "f2": lambda: peer.fbeta_score(truth, guess, beta=2),
        "f05": lambda: peer.fbeta_score(truth, guess, beta=0.5),
        "balanced_accuracy": lambda: peer.balanced_accuracy_score(truth, guess),
        "brier": lambda: peer.brier_score_loss(
            truth, heard(metric, task, truth, guess)[1], scale_by_half=True
        ),
        "auc": lambda: peer.roc_auc_score(truth, heard(metric, task, truth, guess)[1]),
        "pinball_10": lambda: peer.mean_pinball_loss(truth, guess, alpha=0.1),
        "pinball_90": lambda: peer.mean_pinball_loss(truth, guess, alpha=0.9),
        "mse": lambda: peer.mean_squared_error(truth, guess),
        "log_loss": lambda: peer.log_loss(truth, heard(metric, task, truth, guess)[1]),
    }
    value = metric.value(tally(metric, task, truth, guess))
    assert value == pytest.approx(expected[metric.name](), abs=1e-12)


def test_tallies_add(pair) -> None:
    """Two halves add up to the whole, in plain JSON."""
    metric, task = pair
    truth, guess = rows(task, 200)
    halves = [tally(metric, task, truth[part], guess[part]) for part in (slice(0, 90), slice(90, None))]
    halves = json.loads(json.dumps(halves, allow_nan=False))
    both, whole = metric.add(*halves), tally(metric, task, truth, guess)
    assert metric.value(both) == pytest.approx(metric.value(whole))
    assert metric.counts(both) == pytest.approx(metric.counts(whole))
    assert metric.add(halves[0], halves[1]).keys() == whole.keys()


def test_no_rows_have_no_score(pair) -> None:
    """Without rows there is no value, no interval, no level, and not enough."""
    metric, task = pair
    empty = tally(metric, task, *rows(task, 0))
    assert metric.value(empty) is None
    assert metric.interval(empty, 0.95) is None
    assert metric.level(empty, delta=0.02, tolerance=0.02) is None
    assert not metric.enough(empty)


def test_interval_holds_the_value(pair) -> None:
    """The interval surrounds the value and narrows with rows."""
    metric, task = pair
    widths = []
    for count in (100, 2000):
        found = tally(metric, task, *rows(task, count))
        low, high = metric.interval(found, 0.95)
        assert low <= metric.value(found) <= high
        widths.append(high - low)
    assert widths[1] < widths[0]


def test_level_lies_on_the_safe_side(pair) -> None:
    """The level is worse than the reference; more so for a smaller delta, more choices or tolerance."""
    metric, task = pair
    held = tally(metric, task, *rows(task, 2000))
    side = 1 if metric.higher_is_better else -1
    settings = [
        {"delta": 0.02, "tolerance": 0.0},
        {"delta": 0.001, "tolerance": 0.0},
        {"delta": 0.02, "tolerance": 0.0, "choices": 20},
        {"delta": 0.02, "tolerance": 0.05},
    ]
    room = [side * (metric.value(held) - metric.level(held, **chosen)["value"]) for chosen in settings]
    assert room[0] > 0
    assert all(other > room[0] for other in room[1:])
    assert room[1] == pytest.approx(room[2])


def test_level_is_plain_json_and_bets(pair) -> None:
    """A stored level bets as before: (processes, 8) finite numbers, more for worse batches."""
    metric, task = pair
    classes = CLASSES[task]
    held = tally(metric, task, *rows(task, 3000))
    level = json.loads(json.dumps(metric.level(held, delta=0.02, tolerance=0.02), allow_nan=False))
    e_values = []
    for skill in (0.8, 0.5):
        growth = metric.log_l(
            *heard(metric, task, *rows(task, 800, seed=9, skill=skill)), level, classes=classes
        )
        assert growth.shape == (metric.processes(classes), len(betting.BETS))
        assert np.isfinite(growth).all()
        evidence = betting.update(betting.Evidence.fresh(metric.processes(classes)), growth)
        e_values.append(float(betting.log_e_value(evidence)))
    assert e_values[0] < 0.7 < np.log(200) < e_values[1]


def test_an_empty_batch_says_nothing(pair) -> None:
    """No rows, no growth."""
    metric, task = pair
    level = metric.level(tally(metric, task, *rows(task, 3000)), delta=0.02, tolerance=0.02)
    growth = metric.log_l(*heard(metric, task, *rows(task, 0)), level, classes=CLASSES[task])
    assert (growth == 0).all()


def test_detectable_shrinks_with_rows(pair) -> None:
    """More rows find smaller drops; a handful finds none that matter."""
    metric, task = pair
    held = tally(metric, task, *rows(task, 5000))
    level = metric.level(held, delta=0.02, tolerance=0.02)
    options = {"log_threshold": np.log(200), "log_weight": np.log(0.25)}
    found = [
        metric.detectable(level, tally(metric, task, *rows(task, count)), metric.value(held), **options)
        for count in (3, 500, 20_000)
    ]
    assert found[0] is None or found[0] > found[1]
    assert found[1] > found[2] > 0


def test_rows_move_the_score_around_zero(pair) -> None:
    """Contributions of rows sum to nothing, and a batch of none has none."""
    metric, task = pair
    moved = metric.moved(*heard(metric, task, *rows(task, 300)), classes=CLASSES[task])
    assert moved.shape == (300,)
    assert moved.sum() == pytest.approx(0, abs=1e-6)
    assert moved.any()
    assert metric.moved(*heard(metric, task, *rows(task, 0)), classes=CLASSES[task]).shape == (0,)


def test_rows_move_the_score_around_that_of_many(pair) -> None:
    """About the tally of more rows, the contributions of all of these sum to nothing."""
    metric, task = pair
    two = [heard(metric, task, *rows(task, count)) for count in (300, 500)]
    tallies = [tally(metric, task, *rows(task, count)) for count in (300, 500)]
    about = metric.add(*tallies)
    moved = [metric.moved(*one, classes=CLASSES[task], about=about) for one in two]
    assert [len(one) for one in moved] == [300, 500]
    assert sum(one.sum() for one in moved) == pytest.approx(0, abs=1e-6)
    assert metric.moved(*two[0], classes=CLASSES[task], about=tallies[0]) == pytest.approx(
        metric.moved(*two[0], classes=CLASSES[task])
    )


def test_the_gate_takes_it(pair) -> None:
    """A clearly better challenger is promoted, a clearly worse one is not."""
    metric, task = pair
    truth, guess = rows(task, 1500, seed=3, skill=0.6)
    better = truth if task != "regression" else truth + 0.1 * (guess - truth)
    better = np.where(np.arange(1500) % 20 == 0, guess, better)
    guess, better = heard(metric, task, truth, guess)[1], heard(metric, task, truth, better)[1]
    options = {"classes": CLASSES[task], "clip": 0.5}
    assert gate.compare(metric, truth, guess, better, **options).outcome == "promote"
    worse = gate.compare(metric, truth, better, guess, **options)
    assert worse.outcome == "keep"
    assert worse.difference < 0


def test_every_task_has_a_default() -> None:
    """The default of a task is one of its metrics."""
    for task in TASKS:
        assert metrics.default(task).name in metrics.names(task)


def test_unknown_names_get_a_hint() -> None:
    """A slip of the pen is answered with the name that was meant, and with all names."""
    with pytest.raises(VigilError) as caught:
        metrics.get("macro-f1")
    assert "Did you mean 'macro_f1'?" in caught.value.hint
    assert "mae" in caught.value.hint
    with pytest.raises(VigilError):
        metrics.get("_cells")
