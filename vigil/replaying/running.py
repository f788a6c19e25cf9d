"""Several policies, each in its own scratch project: one after another, or some at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# First of all: skops, which stores models, asks every module that came before it for each of its functions.
import scipy.special  # noqa: F401

from vigil import policies
from vigil.console import Console
from vigil.records import Contract
from vigil.replaying import reading, scratch
from vigil.replaying.outcome import Outcome
from vigil.replaying.scratch import Tick

#: Steps that a bar shows at least where policies live at once: each life is cut into stretches for it. What
#: a life has opened and read is opened anew for its next stretch, so that there are few.
_STEPS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """What is replayed: the files in order, a project's settings, and its contract when it has one."""

    files: Sequence[Path]
    settings: Mapping[str, Any]
    contract: Contract | None


def replay(
    tick: Tick, plan: Plan, named: Mapping[str, str | Mapping[str, Any]], folder: Path, *, jobs: int,
    console: Console,
) -> list[Outcome]:  # fmt: skip
    """Run ``tick`` over the files under each policy; return what came of each, in the order given.

    ``named`` holds the policies by the names that the results carry. Raises ConfigError for an
    unknown policy or option, and whatever a tick raises.
    """
    for setting in named.values():
        # Here and not in a worker: a fault of the command line should be one message at once.
        policies.opened(setting)
    configs = [
        scratch.make(folder / str(place), {**plan.settings, "policy": setting}, plan.contract)
        for place, setting in enumerate(named.values())
    ]
    seconds = [0.0] * len(configs)
    alone = jobs == 1 or len(configs) == 1
    steps = _one_by_one(tick, plan.files, configs) if alone else _at_once(tick, plan.files, configs, jobs)
    total = len(configs) * len(plan.files if alone else _stretches(plan.files, len(configs)))
    for place, taken in console.progress(steps, "replaying", total):
        seconds[place] += taken
    return [reading.read(*one) for one in zip(configs, named, seconds, strict=True)]


def _one_by_one(tick: Tick, files: Sequence[Path], configs: Sequence[Path]) -> Iterator[tuple[int, float]]:
    """Yield which policy lived through a batch, and the seconds of its tick."""
    for place, config in enumerate(configs):
        for taken in scratch.live_through(tick, config, files):
            yield place, taken


def _at_once(
    tick: Tick, files: Sequence[Path], configs: Sequence[Path], jobs: int
) -> Iterator[tuple[int, float]]:
    """Yield which policy got through a stretch, and the seconds of its ticks, as they come."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=jobs, return_as="generator_unordered") as parallel:
        for first, stretch in _stretches(files, len(configs)):
            yield from parallel(
                delayed(_step)(tick, place, config, stretch, first) for place, config in enumerate(configs)
            )


def _step(tick: Tick, place: int, config: Path, files: Sequence[Path], first: int) -> tuple[int, float]:
    return place, sum(scratch.live_through(tick, config, files, first))


def _stretches(files: Sequence[Path], policies: int) -> list[tuple[int, Sequence[Path]]]:
    """Return stretches of files with the number of the first, from 1."""
    size = max(1, len(files) * policies // _STEPS)
    return [(start + 1, files[start : start + size]) for start in range(0, len(files), size)]
