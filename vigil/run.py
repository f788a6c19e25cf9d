"""One run of the cycle or of a single step: its number, its steps' seconds, its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from vigil import figures
from vigil.errors import VigilError
from vigil.ledger import glance
from vigil.project import Project
from vigil.storage import durable

T = TypeVar("T")

#: Clocks of two machines may differ by so much without a word.
_WORTH_SAYING = timedelta(minutes=1)


class Run:
    """A run that has begun. ``news`` is set by whoever finds something worth a report."""

    def __init__(self, number: int, wanted: Collection[str] | None = None) -> None:
        self.number = number
        self._wanted = wanted
        self.news = False
        self.summary = ""
        self.steps: list[dict[str, Any]] = []

    def wants(self, name: str) -> bool:
        """Tell whether a step is among those that were asked for."""
        return self._wanted is None or name in self._wanted

    def take(self, name: str, act: Callable[[], T]) -> T | None:
        """Take one timed step, and return what came of it; None where it was not asked for."""
        if not self.wants(name):
            return None
        with self.step(name):
            return act()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step; a step that is taken for several batches adds up."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - begun
            row = next((row for row in self.steps if row["step"] == name), None)
            if row is None:
                row = {"step": name, "seconds": 0.0}
                self.steps.append(row)
            row["seconds"] = round(row["seconds"] + seconds, 6)


def _keep_in_order(project: Project) -> None:
    """Let this run's times come after the last one's, whatever the machine's clock says, and say so."""
    for newest in project.ledger.runs.latest(limit=1):
        behind = project.ledger.clock.not_before(newest["finished"] or newest["started"])
        if behind >= _WORTH_SAYING:
            written = figures.moment(newest["finished"] or newest["started"])
            project.console.say(
                f"The clock of this machine is behind the last run, of {written}: times go on from there. "
                "Set the clock right."
            )


@contextmanager
def begun(project: Project, trigger: str, wanted: Collection[str] | None = None) -> Iterator[Run]:
    """Open a run; it ends as ``done``, or as ``failed`` when an error leaves it.

    What a person asked for and was refused, before any step was taken, ends as ``refused``: nothing is
    left over from it, and nobody need be told.

    The caller holds the project's lock, so that runs still open, and files still written aside, can only
    be of runs that were cut off.
    """
    durable.sweep(project.written_to)
    runs = project.ledger.runs
    _keep_in_order(project)
    project.ledger.facts.set(**{glance.IDLE: "no"})
    runs.abandon()
    ended = runs.ended()
    run = Run(runs.start(trigger), wanted)
    # What a run did before it was cut off has no report yet.
    run.news = ended == "failed"
    status = "failed"
    try:
        with project.ledger.remembering():
            yield run
        status = "done"
    except BaseException as error:
        run.summary = _why(error)
        if type(error) is VigilError and not run.steps:  # its kinds say that something broke
            status, run.summary = "refused", error.what
        raise
    finally:
        runs.finish(run.number, status=status, news=run.news, summary=run.summary, steps=run.steps)


def _why(error: BaseException) -> str:
    """Say why a run failed, for whoever asks later; the error itself goes on to the command line."""
    if isinstance(error, KeyboardInterrupt):
        return "It was interrupted."
    return str(error) if isinstance(error, VigilError) else f"{type(error).__name__}: {error}"
