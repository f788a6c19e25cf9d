"""Write the income example's files: a made-up census, with the real one's columns and its dirt.

    python examples/income/generate.py [--out FOLDER]

Every row is a person: age, schooling, work, family, and whether the salary is above 50K. Married,
schooled, experienced people who work long hours earn more; capital gains nearly decide it. As in the
real file, names and text cells begin with a space, ``?`` stands for missing, the numbers are whole,
and 24 rows repeat an earlier one. The first file is for practice; the other four arrive later, and
nothing changes between them: whoever raises an alarm here raises a false one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER = (
    "age",
    "workclass",
    "fnlgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "salary",
)
#: Each file and its share of the rows.
FILES = (
    ("practicedata/census-1.csv", 0.4),
    ("sourcedata/census-2.csv", 0.15),
    ("sourcedata/census-3.csv", 0.15),
    ("sourcedata/census-4.csv", 0.15),
    ("sourcedata/census-5.csv", 0.15),
)
ROWS = 24_000
REPEATED = 24
SEED = 7

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Levels = tuple[tuple[str, float], ...]

#: Levels in order of schooling; the number is the years' code of the real file.
EDUCATION: Levels = (
    ("Preschool", 0.002),
    ("1st-4th", 0.005),
    ("5th-6th", 0.010),
    ("7th-8th", 0.020),
    ("9th", 0.016),
    ("10th", 0.029),
    ("11th", 0.036),
    ("12th", 0.013),
    ("HS-grad", 0.323),
    ("Some-college", 0.224),
    ("Assoc-voc", 0.042),
    ("Assoc-acdm", 0.033),
    ("Bachelors", 0.164),
    ("Masters", 0.053),
    ("Prof-school", 0.018),
    ("Doctorate", 0.012),
)
WORKCLASS: Levels = (
    ("Private", 0.697),
    ("Self-emp-not-inc", 0.078),
    ("Local-gov", 0.064),
    ("?", 0.057),
    ("State-gov", 0.040),
    ("Self-emp-inc", 0.034),
    ("Federal-gov", 0.029),
    ("Without-pay", 0.001),
)
#: Occupations with their share and their effect on the salary.
OCCUPATION: tuple[tuple[str, float, float], ...] = (
    ("Prof-specialty", 0.135, 0.5),
    ("Craft-repair", 0.133, 0.1),
    ("Exec-managerial", 0.132, 0.8),
    ("Adm-clerical", 0.123, 0.0),
    ("Sales", 0.119, 0.3),
    ("Other-service", 0.107, -0.8),
    ("Machine-op-inspct", 0.065, -0.3),
    ("Transport-moving", 0.052, -0.1),
    ("Handlers-cleaners", 0.045, -0.7),
    ("Farming-fishing", 0.032, -0.9),
    ("Tech-support", 0.030, 0.6),
    ("Protective-serv", 0.021, 0.6),
    ("Priv-house-serv", 0.005, -1.5),
    ("Armed-Forces", 0.001, 0.0),
)
RACE: Levels = (
    ("White", 0.854),
    ("Black", 0.096),
    ("Asian-Pac-Islander", 0.032),
    ("Amer-Indian-Eskimo", 0.010),
    ("Other", 0.008),
)
COUNTRIES = (
    "Mexico", "Philippines", "Germany", "Canada", "Puerto-Rico", "El-Salvador", "India", "Cuba",
    "England", "Jamaica", "South", "China", "Italy", "Dominican-Republic", "Vietnam", "Guatemala",
    "Japan", "Poland", "Columbia", "Taiwan", "Haiti", "Iran", "Portugal", "Nicaragua", "Peru", "Greece",
    "France", "Ecuador", "Ireland", "Hong", "Cambodia", "Trinadad&Tobago", "Thailand", "Laos",
    "Yugoslavia", "Outlying-US(Guam-USVI-etc)", "Hungary", "Honduras", "Scotland", "Holand-Netherlands",
)  # fmt: skip


def generate(out: Path) -> list[Path]:
    """Write every file below `out`; return their paths in order of arrival."""
    random = np.random.default_rng(SEED)
    people = _people(ROWS - REPEATED, random)
    places = random.integers(0, len(people), REPEATED)
    rows = people + [people[place] for place in places]
    order = random.permutation(len(rows))
    return write_all(out, [rows[place] for place in order])


def write_all(out: Path, rows: Sequence[Sequence[str]]) -> list[Path]:
    """Part rows into the files' shares, in order, and write them; return the paths."""
    ends = np.rint(np.cumsum([0.0] + [share for _, share in FILES]) * len(rows)).astype(int)
    names = [name for name, _ in FILES]
    return [write(out / name, rows[a:b]) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)]


def write(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write a file as the real one is written, aside first, so that no tick ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    text = "".join(", ".join(row) + "\n" for row in [HEADER, *rows])
    aside.write_text(text, encoding="utf-8", newline="")
    aside.replace(path)
    return path


def _people(count: int, random: np.random.Generator) -> list[list[str]]:
    """Draw people as text cells."""
    age = np.clip(np.rint(17 + random.gamma(2.6, 8.4, count)), 17, 90)
    schooling = _codes(EDUCATION, count, random)
    man = random.random(count) < 0.67
    married = random.random(count) < _married(age, man)
    hours = np.clip(np.rint(random.normal(np.where(man, 42, 36.5), 11.5)), 1, 99)
    hours = np.where(random.random(count) < 0.45, 40, hours)
    workclass = _codes(WORKCLASS, count, random)
    occupation = _codes([(name, share) for name, share, _ in OCCUPATION], count, random)
    gain, loss = _capital(count, random)
    effect = np.array([found[2] for found in OCCUPATION])[occupation]
    chance = _earning(age, schooling + 1.0, married, hours, effect, gain, loss)
    rich = random.random(count) < chance
    columns = {
        "age": _whole(age),
        "workclass": _named(WORKCLASS, workclass),
        "fnlgt": _whole(np.exp(random.normal(12.0, 0.55, count))),
        "education": _named(EDUCATION, schooling),
        "education-num": _whole(schooling + 1.0),
        "marital-status": _marital(age, married, random),
        "occupation": _occupations(workclass, occupation),
        "relationship": _relationships(age, man, married, random),
        "race": _named(RACE, _codes(RACE, count, random)),
        "sex": np.where(man, "Male", "Female").tolist(),
        "capital-gain": _whole(gain),
        "capital-loss": _whole(loss),
        "hours-per-week": _whole(hours),
        "native-country": _countries(count, random),
        "salary": np.where(rich, ">50K", "<=50K").tolist(),
    }
    return [list(row) for row in zip(*(columns[name] for name in HEADER), strict=True)]


def _married(age: Floats, man: NDArray[np.bool_]) -> Floats:
    """Return the probability of being married: rising with age, lower among women in this census."""
    return np.where(man, 0.72, 0.3) / (1 + np.exp(-(age - 28) / 5))


def _capital(count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw gains and losses: nothing for most."""
    lot = random.random(count)
    gain = np.where(lot < 0.083, np.rint(np.exp(random.normal(8.6, 0.9, count))), 0.0)
    gain = np.where(lot < 0.005, 99_999.0, np.minimum(gain, 41_310))
    loss = np.where(lot > 0.953, np.rint(random.normal(1_870, 380, count)), 0.0)
    return gain, np.maximum(loss, 0.0)


def _earning(
    age: Floats,
    schooling: Floats,
    married: NDArray[np.bool_],
    hours: Floats,
    occupation: Floats,
    gain: Floats,
    loss: Floats,
) -> Floats:
    """Return each person's probability to earn above 50K."""
    experience = -((age - 48) ** 2) / 210
    logit = -3.35 + 3.6 * married + 0.55 * (schooling - 10) + experience + 0.05 * (hours - 40)
    logit = logit + 1.4 * occupation + np.where(gain > 5_100, 5.0, np.where(gain > 0, -1.5, 0.0))
    chance: Floats = 1 / (1 + np.exp(-(logit + np.where(loss > 1_800, 1.6, 0.0))))
    return chance


def _codes(levels: Sequence[tuple[str, float]], count: int, random: np.random.Generator) -> Codes:
    """Draw levels by their shares."""
    shares = np.array([share for _, share in levels])
    return random.choice(len(levels), count, p=shares / shares.sum())


def _named(levels: Levels, codes: Codes) -> list[str]:
    """Write codes as their levels."""
    return [levels[code][0] for code in codes]


def _whole(values: Floats) -> list[str]:
    """Write numbers as whole ones."""
    return [str(int(value)) for value in values]


def _marital(age: Floats, married: NDArray[np.bool_], random: np.random.Generator) -> list[str]:
    """Name the marital status of everyone."""
    lot = random.random(len(age))
    single = np.where(lot * 60 + 15 > age, "Never-married", np.where(lot < 0.2, "Separated", "Divorced"))
    single = np.where((age > 60) & (lot < 0.5), "Widowed", single)
    couple = np.where(
        lot < 0.97, "Married-civ-spouse", np.where(lot < 0.998, "Married-spouse-absent", "Married-AF-spouse")
    )
    found: list[str] = np.where(married, couple, single).tolist()
    return found


def _relationships(
    age: Floats, man: NDArray[np.bool_], married: NDArray[np.bool_], random: np.random.Generator
) -> list[str]:
    """Name everyone's place in the household."""
    young = np.where(age < 26, "Own-child", "Not-in-family")
    alone = np.where(random.random(len(age)) < 0.3, "Unmarried", young)
    found: list[str] = np.where(married, np.where(man, "Husband", "Wife"), alone).tolist()
    return found


def _occupations(workclass: Codes, occupation: Codes) -> list[str]:
    """Name the occupations; where the kind of work is missing, so is the occupation."""
    missing = [name for name, _ in WORKCLASS].index("?")
    return [
        "?" if work == missing else OCCUPATION[code][0]
        for work, code in zip(workclass, occupation, strict=True)
    ]


def _countries(count: int, random: np.random.Generator) -> list[str]:
    """Draw countries of birth: most the United States, some missing, some far away."""
    shares = 1 / np.arange(2, len(COUNTRIES) + 2)
    far = random.choice(COUNTRIES, count, p=shares / shares.sum())
    lot = random.random(count)
    found: list[str] = np.where(lot < 0.896, "United-States", np.where(lot < 0.914, "?", far)).tolist()
    return found


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the income example's files.")
    here = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=here, help="folder to write into (this one)")
    for path in generate(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
