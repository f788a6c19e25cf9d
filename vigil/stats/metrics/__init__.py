"""The scores a model can be judged by: one file each, found by its name.

A file ``<name>.py`` here holds one object, ``METRIC``, that satisfies ``Metric``. A score of classes
is a few lines on ``_cells.CellMetric``; files whose names begin with an underscore are not metrics.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Literal, Protocol

import numpy.typing as npt

from vigil import plugins
from vigil.errors import VigilError
from vigil.records import Task
from vigil.stats.betting import Floats

#: What is true of rows, or was answered, shape (n,); probabilities of several classes (n, K).
Rows = npt.NDArray[Any]

#: An additive summary of rows, in plain JSON values.
Tally = dict[str, Any]

#: All that the alarm needs to bet, in plain JSON values. "value" is the level in metric units.
Level = dict[str, Any]


class Metric(Protocol):
    """A score with its alarm. Arrays have length n: class codes 0…K−1 (1 = positive), or floats.

    ``of`` says what ``prediction`` is: a row's answer (a class code or a value), or the probability of the
    positive class, for more than two classes an array (n, K). ``relative`` says that tolerance, margin and
    ``max_drop`` are shares of the reference value and not amounts in metric units. ``processes`` that an
    alarm averages are fixed by the classes.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    higher_is_better: bool
    relative: bool
    of: Literal["answer", "probability"]

    def tally(self, truth: Rows, prediction: Rows, *, classes: int, clip: float | None) -> Tally:
        """Summarise rows. ``clip`` is the loss at which a row counts in full (regression)."""

    def add(self, a: Tally, b: Tally) -> Tally:
        """Return the tally of both sets of rows."""

    def value(self, tally: Tally) -> float | None:
        """Return the score, or None when it is undefined on these rows."""

    def counts(self, tally: Tally) -> tuple[float, float]:
        """Return hits and misses, for the change point."""

    def enough(self, tally: Tally) -> bool:
        """Say whether the rows suffice for a reference."""

    def interval(self, tally: Tally, confidence: float) -> tuple[float, float] | None:
        """Return the score's two-sided interval, or None when it is undefined."""

    def processes(self, classes: int) -> int:
        """Return how many processes the alarm averages: ``Evidence.fresh(processes)``."""

    def level(self, tally: Tally, *, delta: float, tolerance: float, choices: int = 1) -> Level | None:
        """Return the level of the alarm from held-out rows, or None when they do not give one.

        The level is wrong with probability at most ``delta``, also when these rows have chosen the
        release among ``choices`` candidates (a union bound).
        """

    def log_l(self, truth: Rows, prediction: Rows, level: Level, *, classes: int) -> Floats:
        """Return the log growth of each bet on these rows, shape (processes, 8)."""

    def log_l_of(self, tally: Tally, level: Level) -> Floats:
        """Return what ``log_l`` returns, or a little less, from a batch's tally alone."""

    def moved(self, truth: Rows, prediction: Rows, *, classes: int, about: Tally | None = None) -> Floats:
        """Return by how much each row moves the score, times n, shape (rows,), with mean 0.

        With ``about``, the tally of these rows and many more, the mean is 0 over all of those.
        """

    def detectable(
        self, level: Level, since: Tally, reference: float, *, log_threshold: float, log_weight: float
    ) -> float | None:
        """Return the smallest worsening of ``reference`` that would have been found, or None.

        With 80 % power, for a change that began with the rows of ``since``; ``log_threshold`` is
        ln(1/α), ``log_weight`` the log of that batch's restart weight.
        """


@cache
def get(name: str) -> Metric:
    """Return a metric. Raises VigilError for an unknown name, with the one that was probably meant."""
    there = plugins.names(__path__)
    if name not in there:
        raise VigilError(f"{name!r} is not a metric.", where="metric", hint=plugins.hint(name, there))
    metric: Metric = importlib.import_module(f"{__name__}.{name}").METRIC
    return metric


def names(task: Task) -> tuple[str, ...]:
    """Return the names of the metrics that fit a task, in alphabetical order."""
    return tuple(name for name in plugins.names(__path__) if task in get(name).tasks)


def default(task: Task) -> Metric:
    """Return the metric that a task is judged by unless the config names another."""
    return get({"binary": "f1", "multiclass": "macro_f1", "regression": "mae"}[task])


def quantile(metric: Metric) -> float | None:
    """Return the quantile that a metric judges answers as, None where it is not about one."""
    found: float | None = getattr(metric, "quantile", None)
    return found
