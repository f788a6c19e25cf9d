"""Look for better settings of a model type, by out-of-fold score on the training rows alone.

The search is a tree-structured Parzen estimator (Bergstra et al. 2011, NeurIPS) of the library Optuna,
which is an extra. Calibration and threshold are learnt inside each trial, as in every fit.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vigil.errors import VigilError
from vigil.models import registry
from vigil.models.spaces import Settings, Space, filled, special
from vigil.stats import metrics

if TYPE_CHECKING:
    from vigil.models.fitting import Lesson

#: The library that a search stands on, and the extra that brings it.
NEEDS, EXTRA = "optuna", "tune"


@dataclass(frozen=True, slots=True)
class Search:
    """How long is searched: so many trials of each model type, and none begun after so many seconds."""

    trials: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    ``settings`` are those of the best trial where they differ from the usual ones, ``value`` its score
    out of fold, None where no trial had one; ``tried`` holds each trial's settings and score in turn.
    """

    settings: dict[str, float]
    value: float | None
    tried: tuple[tuple[dict[str, float], float | None], ...]

    def as_json(self) -> dict[str, Any]:
        """Return what is written down as evidence."""
        tried = [{"settings": settings, "value": value} for settings, value in self.tried]
        return {"settings": self.settings, "value": self.value, "trials": len(tried), "tried": tried}


def ask_for_library() -> None:
    """Raise VigilError where the extra is not installed; nothing is imported."""
    if importlib.util.find_spec(NEEDS) is None:
        hint = f"Install it: pip install '.[{EXTRA}]'"
        raise VigilError(f"a search needs {NEEDS}, which is not installed.", where="search", hint=hint)


def search(
    lesson: Lesson,
    first: Sequence[Settings],
    turns: Iterator[int],
    *,
    until: float,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Try settings, those of ``first`` and the usual ones before any other; return what came of it.

    There is one trial for each of ``turns`` (a bar may count them), and none begins when ``clock`` has
    passed ``until``, but for the very first. The same lesson and turns give the same trials.
    Raises VigilError where the extra is not installed.
    """
    ask_for_library()
    space, made = registry.get(lesson.kind).SPACE, lesson.plan
    sign = 1 if metrics.get(made.metric).higher_is_better else -1
    tried: list[tuple[dict[str, float], float | None]] = []
    with _study(made.seed) as study:
        for start in _distinct(space, [*first, {}]):
            study.enqueue_trial(start)
        for _ in turns:
            if tried and clock() >= until:
                break
            trial = study.ask()
            settings = special(space, _suggested(trial, space))
            value = lesson.out_of_fold(lesson.planned(settings)).score
            tried.append((settings, value))
            # A score that is undefined is no reason to look nearby.
            _tell(study, trial, None if value is None else sign * value)
    best = max((one for one in tried if one[1] is not None), key=lambda one: sign * one[1], default=tried[0])  # type: ignore[operator]
    return Found(best[0], best[1], tuple(tried))


def _distinct(space: Space, starts: Sequence[Settings]) -> list[dict[str, float]]:
    """Return settings in full, each once; a setting that is not of the space any more is left out."""
    found: list[dict[str, float]] = []
    for start in starts:
        known = {name: value for name, value in start.items() if name in space and space[name].holds(value)}
        full = filled(space, known)
        if full not in found:
            found.append(full)
    return found


def _suggested(trial: Any, space: Space) -> dict[str, float]:
    """Ask a trial for one value of each setting."""
    found = {}
    for name, one in space.items():
        ask = trial.suggest_int if one.whole else trial.suggest_float
        found[name] = ask(name, one.low, one.high, log=not one.linear)
    return found


def _tell(study: Any, trial: Any, merit: float | None) -> None:
    import optuna

    if merit is None:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(trial, merit)


@contextmanager
def _study(seed: int) -> Iterator[Any]:
    """Open a study in memory; the library writes a line for each trial otherwise."""
    import optuna

    loudness = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        sampler = optuna.samplers.TPESampler(seed=seed)
        yield optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(loudness)
