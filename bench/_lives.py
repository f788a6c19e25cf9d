"""Real streams replayed under a policy, several at once, each kept as soon as it has been lived through."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import replay
from bench import _resumed as resumed
from vigil.project import Project


@dataclass(frozen=True, slots=True)
class Stream:
    """A file's target, the rows of its first batch, and of every later one."""

    target: str
    first: int
    size: int


STREAMS = {"electricity": Stream("class", 2688, 336), "weather": Stream("target", 1080, 180)}

#: Batches of each stream with ``--quick``.
QUICK = 10

#: The streams are replayed whole: equal rows are different moments.
SETTINGS = {
    "input_folder_path": "a", "output_folder_path": "b", "output_model_path": "c",
    "prod_deployment_path": "d", "positive": "1", "duplicates": "keep",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Life:
    """What is replayed: a stream, or its rows in random order, under a policy.

    Another ``seed`` is another fit of models that draw, another order of shuffled rows, and another draw of
    the holdout: a row is dealt by a hash of its cells and their columns' names, and each seed but 0 names the
    columns otherwise, which changes nothing else.
    """

    stream: str
    model: str
    policy: str
    seed: int = 0
    shuffled: bool = False


def key_of(life: Life, *, quick: bool) -> tuple[Hashable, ...]:
    """Return the name that a life's figures are kept under."""
    return (*astuple(life), quick)


class Lives:
    """Replays of the streams in a folder; what was kept is not replayed again."""

    def __init__(self, data: Path, kept: resumed.Kept, *, jobs: int, quick: bool) -> None:
        self.data, self.kept, self.jobs, self.quick = data, kept, jobs, quick

    def figures(self, lives: Sequence[Life]) -> list[dict[str, Any] | None]:
        """Return each life's figures, in the order given; None where the time was over."""
        from joblib import Parallel, delayed

        wanted = (life for life in dict.fromkeys(lives) if self._known(life) is None and not self.kept.late)
        work = (delayed(lived)(self.data, life, quick=self.quick) for life in wanted)
        for life, found in Parallel(n_jobs=self.jobs, pre_dispatch="n_jobs", return_as="generator_unordered")(
            work
        ):
            self.kept.put(key_of(life, quick=self.quick), found)
        return [self._known(life) for life in lives]

    def _known(self, life: Life) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.kept.known(key_of(life, quick=self.quick))
        return found


def lived(data: Path, life: Life, *, quick: bool) -> tuple[Life, dict[str, Any]]:
    """Replay one life, or its first batches; return its figures.

    ``retrained`` counts the batches after the first that a model was fitted on, whatever became of it.
    """
    stream = STREAMS[life.stream]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = {**SETTINGS, "name": life.stream, "target": stream.target}
        (root / "config.json").write_text(json.dumps({**settings, "model": life.model, "seed": life.seed}))
        part = root / f"{life.stream}.csv"
        cut = lines(data / part.name, life, stream.target)
        part.write_text("".join(list(cut)[: 1 + stream.first + QUICK * stream.size if quick else None]))
        given = ["--data", str(part), "--policy", life.policy, "--jobs", "1", "--out", str(root / "out")]
        given += ["--first-rows", str(stream.first), "--batch-rows", str(stream.size)]
        project = Project(root / "config.json")
        (one,) = replay.run(project, replay.command_line().parse_args(given))
    return life, one.figures() | {"retrained": len(one.fitted) - 1}


def lines(file: Path, life: Life, target: str) -> Iterator[str]:
    """Yield the lines of a stream as a life has them."""
    head, *rows = file.read_text().splitlines(keepends=True)
    names = head.strip().split(",")
    if life.seed:
        names = [name if name == target else f"{name}_{life.seed}" for name in names]
    if life.shuffled:
        random.Random(life.seed).shuffle(rows)
    yield ",".join(names) + "\n"
    yield from rows
