"""Write the attrition example's files: five months in the life of a made-up market.

    python examples/attrition/generate.py [--out FOLDER]

Every row is one corporation seen once: how active it was in the last month and in the last year,
how many people it employs, and whether it then left. A corporation keeps its size and its habits
from month to month. January is the first batch; February and March repeat it; some of April's rows
are broken; in May the larger corporations behave the other way round. The same bytes every time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER = ("corporation", "lastmonth_activity", "lastyear_activity", "number_of_employees", "exited")
CORPORATIONS = 1_500
SEED = 42
MISSING_SHARE = 0.01
BROKEN_SHARE = 0.06
UNTIDY_SHARE = 0.03
LARGE = 60  # employees from which a corporation changes its behaviour in May

Cells = list[str]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Market:
    """What lasts about each corporation: its typical size and its typical activity in a year."""

    employees: Floats
    activity: Floats


class Month(NamedTuple):
    """One file: where it goes, its rows, and what is special about it."""

    path: str
    rows: int
    broken: bool = False
    flipped: bool = False


MONTHS = (
    Month("practicedata/2026-01.csv", 5_000),
    Month("sourcedata/2026-02.csv", 3_500),
    Month("sourcedata/2026-03.csv", 3_000),
    Month("sourcedata/2026-04.csv", 3_000, broken=True),
    Month("sourcedata/2026-05.csv", 4_500, flipped=True),
)


def generate(out: Path) -> list[Path]:
    """Write every month's file below `out`; return their paths in order of time."""
    market = _market(np.random.default_rng(SEED))
    return [_write(out / month.path, _text(month, market, place)) for place, month in enumerate(MONTHS, 1)]


def _market(random: np.random.Generator) -> Market:
    """Draw the corporations."""
    employees = 80 * np.exp(0.7 * random.standard_normal(CORPORATIONS))
    activity = 600 * np.exp(0.4 * random.standard_normal(CORPORATIONS))
    return Market(employees, activity)


def _text(month: Month, market: Market, place: int) -> str:
    """Return one month's file as text. Each month has a random stream of its own."""
    random = np.random.default_rng([SEED, place])
    rows = _rows(month, market, random)
    _blank(rows, random)
    lines = _break(rows, random) if month.broken else [",".join(row) for row in rows]
    return "\n".join([",".join(HEADER), *lines]) + "\n"


def _rows(month: Month, market: Market, random: np.random.Generator) -> list[Cells]:
    """Draw the month's rows as text cells."""
    who = random.integers(0, CORPORATIONS, month.rows)
    employees = np.rint(market.employees[who] * np.exp(0.1 * random.standard_normal(month.rows))) + 1
    year = np.rint(market.activity[who] * np.exp(0.2 * random.standard_normal(month.rows)))
    recent = np.rint(year / 12 * np.exp(0.45 * random.standard_normal(month.rows) - 0.1))
    exited = random.random(month.rows) < _leaving(recent, year, employees, month.flipped)
    numbers = zip(who, recent, year, employees, exited, strict=True)
    return [[f"corp-{number:04d}", *(str(int(value)) for value in values)] for number, *values in numbers]


def _leaving(recent: Floats, year: Floats, employees: Floats, flipped: bool) -> Floats:
    """Return each row's probability to leave, logistic in the standardised features.

    At first a corporation leaves when its last month falls behind its year. Flipped, the large ones
    leave after a month above their year instead: they have outgrown the service.
    """
    month_score, year_score = (recent - 52) / 32, (year - 670) / 330
    size_score = (employees - 100) / 75
    falling = -4.4 * month_score + 2.2 * year_score
    behaviour = np.where(flipped & (employees > LARGE), -falling, falling)
    probability: Floats = 1 / (1 + np.exp(2.8 - 2.3 * size_score - behaviour))
    return probability


def _blank(rows: list[Cells], random: np.random.Generator) -> None:
    """Leave a few numbers out, as real files do."""
    for row in _sample(rows, MISSING_SHARE, random):
        row[1 + int(random.integers(0, 3))] = ""


def _break(rows: list[Cells], random: np.random.Generator) -> list[str]:
    """Return the rows as lines: some broken, each in one of the ways in turn, some merely untidy."""
    chosen = random.permutation(len(rows))
    broken, untidy = int(len(rows) * BROKEN_SHARE), int(len(rows) * UNTIDY_SHARE)
    for turn, index in enumerate(chosen[:broken]):
        BREAKAGES[turn % len(BREAKAGES)](rows[index])
    for turn, index in enumerate(chosen[broken : broken + untidy]):
        UNTIDINESS[turn % len(UNTIDINESS)](rows[index])
    return [",".join(row) for row in rows]


def _sample(rows: list[Cells], share: float, random: np.random.Generator) -> list[Cells]:
    """Choose a share of the rows."""
    return [rows[index] for index in random.permutation(len(rows))[: int(len(rows) * share)]]


def _put(column: str, value: str) -> Callable[[Cells], None]:
    """Return what writes one value into one column of a row."""
    place = HEADER.index(column)

    def change(row: Cells) -> None:
        row[place] = value

    return change


def _pad(row: Cells) -> None:
    """Put spaces around every cell."""
    row[:] = [f" {cell}  " for cell in row]


def _negate(row: Cells) -> None:
    """Turn the year's activity negative, which no count can be."""
    row[2] = f"-{row[2] or 1}"


def _annotate(row: Cells) -> None:
    """Add a cell that has no column."""
    row.append("see e-mail")


def _truncate(row: Cells) -> None:
    """Lose the last cells, as a file cut off in a line does."""
    del row[3:]


BREAKAGES: tuple[Callable[[Cells], None], ...] = (
    _put("lastmonth_activity", "many"),
    _negate,
    _put("exited", "maybe"),
    _put("corporation", ""),
    _put("number_of_employees", "12 or so"),
    _annotate,
    _truncate,
)
UNTIDINESS: tuple[Callable[[Cells], None], ...] = (
    _pad,
    _put("lastyear_activity", "?"),
    _put("number_of_employees", "   "),
)


def _write(path: Path, text: str) -> Path:
    """Write a file aside and move it into place, so that no tick ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(aside).chmod(0o644)
    Path(aside).replace(path)
    _sync_folder(path.parent)
    return path


def _sync_folder(folder: Path) -> None:
    """Make the move itself last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the attrition example's files.")
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--out", type=Path, default=root, help="folder to write into (the project's root)")
    for path in generate(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
