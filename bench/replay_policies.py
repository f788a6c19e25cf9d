"""Retraining policies on real streams: pooled F1, pooled accuracy, and what they cost in fits.

Run from the project's folder: VIGIL_DATA=folder python -m bench.replay_policies [--quick] [--jobs 2]

Electricity is cut into weeks (336 rows) after 8 of them, weather into half-years (180 rows) after 6. The
yardsticks are the costly ones: a new model after every batch. Each row also says the share of the best
yardstick's score and of its fits.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import replay
from vigil.command import guarded
from vigil.project import Project
from vigil.replaying import outcome

#: Target, rows of the first batch, rows of every later one.
STREAMS = {"electricity": ("class", 2688, 336), "weather": ("target", 1080, 180)}

#: Every one of them trains after every batch; what is measured is held against the best.
YARDSTICKS = ("every_batch", "window:batches=8", "window:batches=16", "window:batches=32")
MEASURED = (
    "never", "naive", "vigil", "volume", "window:batches=8,every=4",
    "adwin", "ddm", "hddm", "page_hinkley", "kswin",
)  # fmt: skip

#: The streams are replayed whole: equal rows are different moments.
SETTINGS = {
    "input_folder_path": "a", "output_folder_path": "b", "output_model_path": "c",
    "prod_deployment_path": "d", "positive": "1", "model": "logistic", "duplicates": "keep",
}  # fmt: skip


def replayed(data: Path, stream: str, folder: Path, *, batches: int, jobs: int) -> list[outcome.Outcome]:
    """Replay one stream, or its first batches, under all policies."""
    target, first, size = STREAMS[stream]
    config = folder / f"{stream}.json"
    config.write_text(json.dumps({**SETTINGS, "name": stream, "target": target}))
    lines = (data / f"{stream}.csv").read_text().splitlines(keepends=True)
    part = folder / f"{stream}.csv"
    part.write_text("".join(lines[: 1 + first + batches * size] if batches else lines))
    arguments = ["--data", str(part), "--first-rows", str(first), "--batch-rows", str(size)]
    arguments += ["--out", str(folder / stream), "--jobs", str(jobs)]
    arguments += [word for policy in (*YARDSTICKS, *MEASURED) for word in ("--policy", policy)]
    return replay.run(Project(config), replay.command_line().parse_args(arguments))


def table(found: list[outcome.Outcome]) -> list[str]:
    """Return the figures with their ratios to the best yardstick."""
    best = max((one for one in found if one.policy in YARDSTICKS), key=lambda one: one.pooled or 0.0)
    rows = [
        {
            **one.figures(),
            "of_best_score": (one.pooled or 0.0) / (best.pooled or 1.0),
            "of_its_fits": one.fits / best.fits,
        }
        for one in found
    ]
    return outcome.as_lines(rows)


def run(*, quick: bool, jobs: int) -> None:
    """Print one table for each stream."""
    with tempfile.TemporaryDirectory() as folder:
        for stream in STREAMS:
            data = Path(os.environ["VIGIL_DATA"])
            found = replayed(data, stream, Path(folder), batches=10 if quick else 0, jobs=jobs)
            print(f"\n{stream}")
            print("\n".join(table(found)), flush=True)


def main() -> int:
    """Print the tables, or say why not."""
    parser = argparse.ArgumentParser(description="Replay retraining policies on real streams.")
    parser.add_argument("--quick", action="store_true", help="ten batches of each, about a minute")
    parser.add_argument("--jobs", type=int, default=2, help="policies at once")
    options = parser.parse_args()
    if "VIGIL_DATA" not in os.environ:
        print("skipped: set VIGIL_DATA to the folder of electricity.csv and weather.csv")
        return 0
    return guarded(lambda: run(quick=options.quick, jobs=options.jobs))


if __name__ == "__main__":
    raise SystemExit(main())
