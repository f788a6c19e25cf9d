"""Write the churn example's files: made-up holders of a credit card, some of whom leave.

    python examples/churn/generate.py [--out FOLDER]

Every row is one customer, as in the real file: a leading row number without a name, "Unknown" for
what nobody asked, and in the first file two more columns that another model has left behind and
that give the answer away. Who leaves uses the card less, and less than a quarter before. In the
last file another kind leaves: customers who use their card as ever and carry no balance.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER = (
    "",
    "CLIENTNUM",
    "Attrition_Flag",
    "Customer_Age",
    "Gender",
    "Dependent_count",
    "Education_Level",
    "Marital_Status",
    "Income_Category",
    "Card_Category",
    "Months_on_book",
    "Total_Relationship_Count",
    "Months_Inactive_12_mon",
    "Contacts_Count_12_mon",
    "Credit_Limit",
    "Total_Revolving_Bal",
    "Avg_Open_To_Buy",
    "Total_Amt_Chng_Q4_Q1",
    "Total_Trans_Amt",
    "Total_Trans_Ct",
    "Total_Ct_Chng_Q4_Q1",
    "Avg_Utilization_Ratio",
)
_LEFT_BEHIND = (
    "Naive_Bayes_Classifier_Attrition_Flag_Card_Category_Contacts_Count_12_mon_"
    "Dependent_count_Education_Level_Months_Inactive_12_mon_"
)
LEAKS = (f"{_LEFT_BEHIND}1", f"{_LEFT_BEHIND}2")
#: Each file and its share of the rows.
FILES = (
    ("practicedata/customers-1.csv", 0.4),
    ("sourcedata/customers-2.csv", 0.2),
    ("sourcedata/customers-3.csv", 0.2),
    ("sourcedata/customers-4.csv", 0.2),
)
ROWS = 10_000
LEAVING = 0.16
STAYED, LEFT = "Existing Customer", "Attrited Customer"
SEED = 11

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Levels = tuple[tuple[str, float], ...]

EDUCATION: Levels = (
    ("Graduate", 0.309),
    ("High School", 0.199),
    ("Unknown", 0.150),
    ("Uneducated", 0.147),
    ("College", 0.100),
    ("Post-Graduate", 0.051),
    ("Doctorate", 0.044),
)
MARITAL: Levels = (("Married", 0.463), ("Single", 0.389), ("Unknown", 0.074), ("Divorced", 0.074))
INCOME: Levels = (
    ("Less than $40K", 0.352),
    ("$40K - $60K", 0.177),
    ("$80K - $120K", 0.152),
    ("$60K - $80K", 0.138),
    ("Unknown", 0.110),
    ("$120K +", 0.072),
)
CARD: Levels = (("Blue", 0.932), ("Silver", 0.055), ("Gold", 0.011), ("Platinum", 0.002))


def generate(out: Path) -> list[Path]:
    """Write every file below `out`; return their paths in order of arrival.

    The columns that give the answer away come with the first file only, as they came by accident.
    """
    random = np.random.default_rng(SEED)
    first, changed = (int(np.rint(share * ROWS)) for share in (FILES[0][1], FILES[-1][1]))
    rows = _customers(ROWS - changed, random, changed=False) + _customers(changed, random, changed=True)
    rows[:first] = [row | _leak(row, random) for row in rows[:first]]
    return write_all(out, rows)


def write_all(out: Path, rows: Sequence[Mapping[str, str]]) -> list[Path]:
    """Part rows into the files' shares, in order, and write them; return the paths."""
    ends = np.rint(np.cumsum([0.0] + [share for _, share in FILES]) * len(rows)).astype(int)
    names = [name for name, _ in FILES]
    return [write(out / name, rows[a:b]) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)]


def write(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write a file aside and move it into place, so that no tick ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    header = [*HEADER, *(name for name in LEAKS if name in rows[0])]
    with aside.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(header)
        lines.writerows([str(number), *(row[name] for name in header[1:])] for number, row in enumerate(rows))
    aside.replace(path)
    return path


def _customers(count: int, random: np.random.Generator, *, changed: bool) -> list[dict[str, str]]:
    """Draw customers as text cells; `changed` says that another kind of customer leaves."""
    leaves = random.random(count) < LEAVING
    columns = _persons(count, random) | _relations(leaves, random) | _money(leaves, random, changed=changed)
    columns["Attrition_Flag"] = np.where(leaves, LEFT, STAYED).tolist()
    names = HEADER[1:]
    return [
        dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)
    ]


def _persons(count: int, random: np.random.Generator) -> dict[str, list[str]]:
    """Draw who the customers are."""
    return {
        "CLIENTNUM": _whole(
            708_000_000 + 100 * random.permutation(count * 10)[:count] + random.integers(0, 100)
        ),
        "Customer_Age": _whole(np.clip(random.normal(46.3, 8.0, count), 26, 73)),
        "Gender": random.choice(["F", "M"], count, p=[0.53, 0.47]).tolist(),
        "Dependent_count": _whole(random.binomial(5, 0.47, count)),
        "Education_Level": _drawn(EDUCATION, count, random),
        "Marital_Status": _drawn(MARITAL, count, random),
        "Income_Category": _drawn(INCOME, count, random),
        "Card_Category": _drawn(CARD, count, random),
    }


def _relations(leaves: Flags, random: np.random.Generator) -> dict[str, list[str]]:
    """Draw how close the customers are to the bank; who leaves was away longer, and called more often."""
    count = len(leaves)
    months = np.where(random.random(count) < 0.24, 36, np.clip(random.normal(35.9, 8.5, count), 13, 56))
    products = 1 + random.binomial(5, np.where(leaves, 0.44, 0.59))
    return {
        "Months_on_book": _whole(months),
        "Total_Relationship_Count": _whole(products),
        "Months_Inactive_12_mon": _whole(random.binomial(6, np.where(leaves, 0.46, 0.37))),
        "Contacts_Count_12_mon": _whole(random.binomial(6, np.where(leaves, 0.51, 0.38))),
    }


def _money(leaves: Flags, random: np.random.Generator, *, changed: bool) -> dict[str, list[str]]:
    """Draw what goes over the card."""
    count = len(leaves)
    quiet = leaves & (not changed)
    limit = np.clip(np.exp(random.normal(8.6, 0.9, count)), 1_438.3, 34_516)
    payer = random.random(count) < np.where(leaves & changed, 0.93, np.where(leaves, 0.7, 0.15))
    owed = np.where(payer, 0.0, np.minimum(np.clip(random.normal(1_460, 480, count), 132, 2_517), limit))
    uses = np.clip(random.normal(np.where(quiet, 40.0, 70.0), np.where(quiet, 9.0, 18.0)), 10, 139)
    spent = uses * np.exp(random.normal(np.where(quiet, 4.15, 4.08), 0.22))
    fewer = np.where(quiet, 0.47, 0.75)
    return {
        "Credit_Limit": _tenths(limit),
        "Total_Revolving_Bal": _whole(owed),
        "Avg_Open_To_Buy": _tenths(np.round(limit, 1) - np.rint(owed)),
        "Total_Amt_Chng_Q4_Q1": _thousandths(np.abs(random.normal(np.where(quiet, 0.69, 0.77), 0.2))),
        "Total_Trans_Amt": _whole(spent),
        "Total_Trans_Ct": _whole(uses),
        "Total_Ct_Chng_Q4_Q1": _thousandths(np.abs(random.normal(fewer, 0.2))),
        "Avg_Utilization_Ratio": _thousandths(owed / limit),
    }


def _leak(row: Mapping[str, str], random: np.random.Generator) -> dict[str, str]:
    """Return what a model that knew the answer has left behind."""
    low = float(np.exp(random.normal(-8.5, 0.8)))
    first = 1 - low if row["Attrition_Flag"] == LEFT else low
    return {LEAKS[0]: f"{first:.8g}", LEAKS[1]: f"{1 - first:.5f}"}


def _drawn(levels: Levels, count: int, random: np.random.Generator) -> list[str]:
    """Draw levels by their shares."""
    shares = np.array([share for _, share in levels])
    found: list[str] = random.choice([name for name, _ in levels], count, p=shares / shares.sum()).tolist()
    return found


def _whole(values: NDArray[np.number]) -> list[str]:
    return [str(int(value)) for value in np.rint(values)]


def _tenths(values: Floats) -> list[str]:
    return [f"{value:.1f}" for value in values]


def _thousandths(values: Floats) -> list[str]:
    return [f"{value:.3f}" for value in values]


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the churn example's files.")
    here = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=here, help="folder to write into (this one)")
    for path in generate(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
