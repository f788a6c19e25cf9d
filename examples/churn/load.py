"""Write the churn example's files from the real customers, as they are offered for download.

    python examples/churn/load.py PATH [--out FOLDER]

PATH is a file, or a folder that holds one of NAMES. The leading row number and the two columns that
another model has left behind may be there or not; what is there is passed on.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from generate import HEADER, LEAKS, write_all

NAMES = ("churn.csv", "BankChurners.csv", "bank_data.csv")


def load(source: Path) -> list[dict[str, str]]:
    """Return the rows of a file, each by column; stop when one is missing."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file, skipinitialspace=True)
        names = [*HEADER[1:], *(name for name in LEAKS if name in (lines.fieldnames or ()))]
        absent = [name for name in HEADER[1:] if name not in (lines.fieldnames or ())]
        if absent:
            sys.exit(f"{source}: lacks the columns {', '.join(absent)}")
        return [{name: line[name] for name in names} for line in lines]


def find(path: Path) -> Path:
    """Return the file itself, or the one of NAMES that a folder holds."""
    found = [path / name for name in NAMES if (path / name).is_file()] if path.is_dir() else [path]
    if not found or not found[0].is_file():
        sys.exit(f"{path}: holds none of {', '.join(NAMES)}")
    return found[0]


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the churn example's files from the real customers.")
    parser.add_argument("path", type=Path, help="a file, or a folder with one")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, metavar="FOLDER")
    options = parser.parse_args()
    for path in write_all(options.out, load(find(options.path))):
        print(path)


if __name__ == "__main__":
    main()
