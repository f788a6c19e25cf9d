"""Write the rentals example's files from the real listings, as they are offered for download.

    python examples/rentals/load.py PATH [--out FOLDER]

PATH is a file with all listings, which is parted, or a folder that holds one of NAMES, or the pair
SAMPLES, of which the first is for practice and the second arrives later. Nothing is left out: what is
not as the contract says is the contract's affair. A listing in the wrong place, of a single file, comes
in the second part.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from generate import HEADER, LATITUDES, LONGITUDES, split, write_all

NAMES = ("rentals.csv", "AB_NYC_2019.csv", "listings.csv")
SAMPLES = ("sample1.csv", "sample2.csv")

Cells = list[str]


def load(path: Path) -> list[list[Cells]]:
    """Return the rows of each file to write."""
    if path.is_dir() and all((path / name).is_file() for name in SAMPLES):
        return [read(path / name) for name in SAMPLES]
    rows = read(find(path))
    placed, misplaced = [row for row in rows if inside(row)], [row for row in rows if not inside(row)]
    parts = split(placed)
    parts[1] += misplaced
    return parts


def read(source: Path) -> list[Cells]:
    """Return the rows of a file in the example's order."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file)
        absent = [name for name in HEADER if name not in (lines.fieldnames or ())]
        if absent:
            sys.exit(f"{source}: lacks the columns {', '.join(absent)}")
        return [[line[name] for name in HEADER] for line in lines]


def inside(row: Sequence[str]) -> bool:
    """Say whether a listing lies within the boundaries."""
    return within(row, "latitude", LATITUDES) and within(row, "longitude", LONGITUDES)


def within(row: Sequence[str], column: str, limits: tuple[float, float]) -> bool:
    """Say whether a cell is a number between two limits."""
    try:
        return limits[0] <= float(row[HEADER.index(column)]) <= limits[1]
    except ValueError:
        return False


def find(path: Path) -> Path:
    """Return the file itself, or the one of NAMES that a folder holds."""
    found = [path / name for name in NAMES if (path / name).is_file()] if path.is_dir() else [path]
    if not found or not found[0].is_file():
        sys.exit(f"{path}: holds none of {', '.join(NAMES)}, nor {' and '.join(SAMPLES)}")
    return found[0]


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the rentals example's files from the real listings.")
    parser.add_argument("path", type=Path, help="a file, or a folder with one")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, metavar="FOLDER")
    options = parser.parse_args()
    for path in write_all(options.out, load(options.path)):
        print(path)


if __name__ == "__main__":
    main()
