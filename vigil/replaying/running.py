"""Several policies at once, each in its own scratch project, a stretch of batches at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vigil import policies
from vigil.console import Console
from vigil.records import Contract
from vigil.replaying import outcome, scratch
from vigil.replaying.outcome import Outcome
from vigil.replaying.scratch import Tick

#: Into how many stretches a replay is divided, so that a bar can show how far it is.
_STRETCHES = 20


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
    steps = _run(tick, plan.files, configs, jobs)
    total = len(configs) * len(_stretches(plan.files))
    for place, taken in console.progress(steps, "replaying", total):
        seconds[place] += taken
    return [outcome.read(*one) for one in zip(configs, named, seconds, strict=True)]


def _run(
    tick: Tick, files: Sequence[Path], configs: Sequence[Path], jobs: int
) -> Iterator[tuple[int, float]]:
    """Yield which policy got through a stretch, and the seconds of its ticks, as they come."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=jobs, return_as="generator_unordered") as parallel:
        for first, stretch in _stretches(files):
            yield from parallel(
                delayed(_step)(tick, place, config, stretch, first) for place, config in enumerate(configs)
            )


def _step(tick: Tick, place: int, config: Path, files: Sequence[Path], first: int) -> tuple[int, float]:
    return place, scratch.live_through(tick, config, files, first)


def _stretches(files: Sequence[Path]) -> list[tuple[int, Sequence[Path]]]:
    """Return stretches of files with the number of the first, from 1."""
    size = -(-len(files) // _STRETCHES)
    return [(start + 1, files[start : start + size]) for start in range(0, len(files), size)]
