"""Retraining policies on real streams: pooled F1, pooled accuracy, and what they cost in fits.

Run from the project's folder: VIGIL_DATA=folder python -m bench.replay_policies [--quick] [--jobs 2]
[--seeds 5] [--model logistic] [--stream electricity] [--policy vigil], the last three as often as wanted.
With --keep FILE --minutes 4 it goes on, a few policies at a time, where the last run stopped.

Electricity is cut into weeks (336 rows) after 8 of them, weather into half-years (180 rows) after 6. The
yardsticks are the costly ones: a new model after every batch. Each row is a mean over the seeds, and also
says what the best yardstick has more (in score), the share of its fits, and how the default policy does at
equal fits: the best score of its paces (``every`` 2, 4, 8, 16) that took no more fits than the row did.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import replay
from bench import _resumed as resumed
from vigil.command import guarded
from vigil.project import Project
from vigil.replaying import outcome

#: Target, rows of the first batch, rows of every later one.
STREAMS = {"electricity": ("class", 2688, 336), "weather": ("target", 1080, 180)}

#: Every one of them trains after every batch; what is measured is held against the best.
YARDSTICKS = ("every_batch", "window:batches=8", "window:batches=16", "window:batches=32")
#: The default policy at its own pace and at others: its front of score against fits.
PACES = ("vigil:every=2", "vigil", "vigil:every=8", "vigil:every=16")
MEASURED = (
    "never", "naive", "volume", "window:batches=8,every=4",
    "adwin", "ddm", "hddm", "page_hinkley", "kswin",
)  # fmt: skip

MODELS = ("logistic", "boosting")

#: Batches of each stream with ``--quick``.
QUICK = 10

#: The streams are replayed whole: equal rows are different moments.
SETTINGS = {
    "input_folder_path": "a", "output_folder_path": "b", "output_model_path": "c",
    "prod_deployment_path": "d", "positive": "1", "duplicates": "keep",
}  # fmt: skip


def life(
    data: Path, stream: str, settings: dict[str, Any], options: argparse.Namespace, kept: resumed.Kept
) -> list[dict[str, Any]]:
    """Return the figures of each policy on one stream, as far as the time given reaches."""
    chosen, found = options.policy or [*YARDSTICKS, *PACES, *MEASURED], []
    for start in range(0, len(chosen), options.jobs):
        some = chosen[start : start + options.jobs]
        name = (stream, *settings.values(), "quick" if options.quick else "whole", *some)
        found += kept.get(name, lambda some=some: replayed(data, stream, settings, options, some)) or []
    return found


def replayed(
    data: Path, stream: str, settings: dict[str, Any], options: argparse.Namespace, chosen: Sequence[str]
) -> list[dict[str, Any]]:
    """Replay one stream, or its first batches, under some policies at once."""
    with tempfile.TemporaryDirectory() as folder:
        lived = replayed_in(Path(folder) / "site", data, stream, settings, options, chosen)
    return [one.figures() for one in lived]


def replayed_in(
    folder: Path,
    data: Path,
    stream: str,
    settings: dict[str, Any],
    options: argparse.Namespace,
    chosen: Sequence[str],
) -> list[outcome.Outcome]:
    """Replay in a folder of their own."""
    target, first, size = STREAMS[stream]
    folder.mkdir()
    config = folder / "config.json"
    config.write_text(json.dumps({**SETTINGS, **settings, "name": stream, "target": target}))
    lines = (data / f"{stream}.csv").read_text().splitlines(keepends=True)
    part = folder / f"{stream}.csv"
    part.write_text("".join(lines[: 1 + first + QUICK * size] if options.quick else lines))
    arguments = ["--data", str(part), "--first-rows", str(first), "--batch-rows", str(size)]
    arguments += ["--out", str(folder / "out"), "--jobs", str(options.jobs)]
    arguments += [word for policy in chosen for word in ("--policy", policy)]
    return replay.run(Project(config), replay.command_line().parse_args(arguments))


def table(lives: Sequence[Sequence[dict[str, Any]]]) -> list[str]:
    """Return the figures, means over lives with other seeds, beside the best yardstick and at equal fits.

    A policy that some lives have not reached yet is a mean over the others.
    """
    lived: dict[str, list[dict[str, Any]]] = {}
    for one in (row for rows in lives for row in rows):
        lived.setdefault(one["policy"], []).append(one)
    rows = [mean(same) | {"lives": len(same)} for same in lived.values()]
    if not rows:
        return ["nothing was reached in the time given"]
    score = next(name for name in rows[0] if name.startswith("pooled"))
    yardsticks = [row for row in rows if row["policy"] in YARDSTICKS]
    best = max(yardsticks, key=lambda row: row[score], default=None)
    for row in rows:
        row["behind_best"] = best[score] - row[score] if best else None
        row["of_its_fits"] = row["fits"] / best["fits"] if best else None
        paces = [one[score] for one in rows if one["policy"] in PACES and one["fits"] <= row["fits"]]
        row["vigil_at_equal_fits"] = max(paces, default=None)
    return outcome.as_lines(rows)


def mean(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of each number; words are the same in all."""
    return {
        key: value if isinstance(value, str) else sum(one[key] or 0 for one in figures) / len(figures)
        for key, value in figures[0].items()
    }


def run(options: argparse.Namespace) -> None:
    """Print one table for each stream and model type."""
    data, kept = Path(os.environ["VIGIL_DATA"]), resumed.Kept(options.keep, options.minutes)
    for stream in options.stream or STREAMS:
        for model in options.model or MODELS:
            lives = [
                life(data, stream, {"model": model, "seed": seed}, options, kept)
                for seed in range(options.seeds)
            ]
            print(f"\n{stream}, {model}, {options.seeds} seeds")
            print("\n".join(table(lives)), flush=True)


def main() -> int:
    """Print the tables, or say why not."""
    parser = argparse.ArgumentParser(description="Replay retraining policies on real streams.")
    parser.add_argument("--quick", action="store_true", help="ten batches of each, some minutes")
    parser.add_argument("--jobs", type=int, default=2, help="policies at once")
    parser.add_argument("--seeds", type=int, default=1, help="lives with other seeds; means are told")
    parser.add_argument("--model", action="append", help=f"model types; without it {' and '.join(MODELS)}")
    parser.add_argument("--stream", action="append", choices=list(STREAMS), help="without it, all")
    parser.add_argument("--policy", action="append", help="policies; without it, all of this bench")
    resumed.add_options(parser)
    options = parser.parse_args()
    if "VIGIL_DATA" not in os.environ:
        print("skipped: set VIGIL_DATA to the folder of electricity.csv and weather.csv")
        return 0
    return guarded(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
