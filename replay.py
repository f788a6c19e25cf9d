"""The same tick over history, under other policies: what each would have scored, and what it would cost.

This step decides what is compared, and how: every batch is scored by the release that was live before it
(prequential), and the whole policy is judged, not its parts. The project itself is only read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import fullprocess
from vigil import policies
from vigil.command import parser, perform
from vigil.errors import VigilError
from vigil.project import Project
from vigil.replaying import history, outcome, running, scratch
from vigil.replaying.artist import Artist

#: How the results are called in the folder ``--out``.
TABLE, SCORES, OVER_TIME, AGAINST_FITS = "replay.csv", "scores.csv", "scores.png", "fits.png"
PAGE = "replay.pdf"


#: A replay's ticks look at nothing that no decision rests on.
STEPS = tuple(step for step in fullprocess.STEPS if step not in ("diagnostics", "reporting"))


def tick(project: Project, **how: Any) -> dict[str, Any]:
    """Run the tick itself, without the steps that only inform people."""
    return fullprocess.tick(project, steps=STEPS, **how)


def run(project: Project, options: argparse.Namespace) -> list[outcome.Outcome]:
    """Replay the project's history, or another file, under each policy; return what came of each."""
    named = {text: setting_of(text) for text in options.policy or policies.names()}
    out = Path(options.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    data = Path(options.data) if options.data else project.output
    with Artist() as artist:
        with scratch.room(out, scratch.size_of(data) * len(named)) as folder:
            plan = planned(project, options, folder)
            found = running.replay(tick, plan, named, folder, jobs=options.jobs, console=project.console)
        write(project, found, out, artist)
    return found


def planned(project: Project, options: argparse.Namespace, folder: Path) -> running.Plan:
    """Cut the rows into files, and choose the settings that they are replayed under."""
    sizes = {"first": options.first_rows or 0, "size": options.batch_rows or 0}
    if bool(sizes["first"]) != bool(sizes["size"]) or (options.data and not sizes["size"]):
        hint = "Without both, the project's own batches are replayed as they came; a file has none."
        raise VigilError("--first-rows and --batch-rows go together.", where="replay", hint=hint)
    changes: dict[str, Any] = {"model": options.model} if options.model else {}
    if options.target:
        # Another target is another data set, of whose columns the config says nothing.
        changes |= {"target": options.target}
    settings = scratch.settings(project, **changes)
    if options.target:
        settings = {key: value for key, value in settings.items() if key not in scratch.OF_COLUMNS}
    if options.data:
        batches = history.of_file(Path(options.data), target=settings["target"], **sizes)
    else:
        batches = history.of_project(project, **sizes)
    contract = None if options.data or options.target else project.contract()
    return running.Plan(history.write(batches, folder / "files"), settings, contract)


def setting_of(text: str) -> str | dict[str, Any]:
    """Read a policy as the command line has it: ``window`` or ``window:batches=16``, more after commas."""
    name, _, rest = text.partition(":")
    if not rest:
        return name
    pairs = [part.partition("=") for part in rest.split(",")]
    return {"name": name} | {key.strip(): number(value) for key, _, value in pairs}


def number(text: str) -> float | int | str:
    """Return a number where there is one; the policies say what is wrong with anything else."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def write(project: Project, found: list[outcome.Outcome], out: Path, artist: Artist) -> None:
    """Write the table, every batch's score, the two pictures, and all of it on paper."""
    from vigil.storage import durable

    scores = [
        {"policy": one.policy, "batch": order, one.metric: value, "promoted": order in one.promoted}
        for one in found
        for order, value in one.scores
    ]
    durable.write_atomic(out / TABLE, outcome.as_csv([one.figures() for one in found]))
    if scores:
        durable.write_atomic(out / SCORES, outcome.as_csv(scores))
        drawn = artist.draw(found, project.name, project.clock().strftime("%d %B %Y"))
        durable.write_atomic(out / OVER_TIME, drawn.over_time)
        durable.write_atomic(out / AGAINST_FITS, drawn.against_fits)
        durable.write_atomic(out / PAGE, drawn.page)


def command(project: Project, options: argparse.Namespace) -> None:
    """Replay, and print the table."""
    found = run(project, options)
    for line in outcome.as_lines([one.figures() for one in found]):
        project.console.say(line)
    if not any(one.batches for one in found):
        project.console.say(
            "No batch was scored: the first rows gave no model better than a constant answer."
        )
    project.console.say(f"written: {Path(options.out).absolute()}")


def command_line() -> argparse.ArgumentParser:
    """Return the options of ``python replay.py``."""
    made = parser(__doc__.splitlines()[0])
    made.add_argument("--data", metavar="FILE", help="replay this file instead of what was ingested")
    made.add_argument("--target", metavar="COLUMN", help="predict this column; the config's are left aside")
    made.add_argument("--first-rows", type=int, metavar="M", help="rows of the first batch, trained on")
    made.add_argument("--batch-rows", type=int, metavar="N", help="rows of every later batch")
    made.add_argument(
        "--policy", action="append", metavar="NAME", help="one policy, as window:batches=16; all by default"
    )
    made.add_argument("--model", metavar="NAME", help="train this model type instead of the config's")
    made.add_argument("--jobs", type=int, default=2, metavar="N", help="policies replayed at once (2)")
    made.add_argument("--out", default="replay", metavar="FOLDER", help="where the results go (replay)")
    return made


if __name__ == "__main__":
    sys.exit(perform(command, command_line().parse_args()))
