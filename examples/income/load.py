"""Write the income example's files from the real census: one that you have, or OpenML's.

    python examples/income/load.py [PATH] [--out FOLDER]

PATH is a file, or a folder that holds one of NAMES: with the usual header, spaces and all, or without
any. Without PATH the data set "adult" is fetched from OpenML, which needs a network.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from generate import HEADER, write_all

NAMES = ("income.csv", "census.csv", "adult.data", "adult.csv")
#: What OpenML calls some columns.
OTHER_NAMES = {"class": "salary", "income": "salary", "education.num": "education-num"}


def load(source: Path) -> list[list[str]]:
    """Return the rows of a file as cells in the example's order."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        lines = [[cell.strip() for cell in line] for line in csv.reader(file) if line]
    if "age" not in lines[0]:
        return ordered(HEADER, lines)
    return ordered(lines[0], lines[1:])


def fetch() -> list[list[str]]:
    """Return the rows of OpenML's data set."""
    from sklearn.datasets import fetch_openml

    frame = fetch_openml("adult", version=2, as_frame=True).frame
    cells = frame.astype(object).where(frame.notna(), "?").astype(str)
    return ordered(list(cells.columns), cells.to_numpy().tolist())


def ordered(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[list[str]]:
    """Put the cells into the example's order; stop when a column is missing."""
    names = [OTHER_NAMES.get(name, name) for name in header]
    absent = [name for name in HEADER if name not in names]
    if absent:
        sys.exit(f"the file lacks the columns {', '.join(absent)}")
    places = [names.index(name) for name in HEADER]
    # The test half of the real data ends its labels with a full stop.
    return [[line[place].rstrip(".") for place in places] for line in lines if len(line) == len(names)]


def find(path: Path) -> Path:
    """Return the file itself, or the one of NAMES that a folder holds."""
    found = [path / name for name in NAMES if (path / name).is_file()] if path.is_dir() else [path]
    if not found or not found[0].is_file():
        sys.exit(f"{path}: holds none of {', '.join(NAMES)}")
    return found[0]


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the income example's files from the real census.")
    parser.add_argument("path", type=Path, nargs="?", help="a file, or a folder with one (else OpenML)")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, metavar="FOLDER")
    options = parser.parse_args()
    for path in write_all(options.out, load(find(options.path)) if options.path else fetch()):
        print(path)


if __name__ == "__main__":
    main()
