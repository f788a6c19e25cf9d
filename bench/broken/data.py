"""The data sets in batches: the attrition example's generator, and real ones from the folder VIGIL_DATA."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vigil import contract as contracts
from vigil.intake import csv as reader
from vigil.records import Contract

ROOT = Path(__file__).resolve().parents[2]
#: Months of the sample that are drawn, and how often telco's rows are dealt into batches.
MONTHS, DEALS = 100, 12
NAMES = ("sample", "telco", "electricity", "weather")


@dataclass(frozen=True)
class Data:
    """One data set in batches; ``orders`` has its rows dealt into batches anew, when they have no order."""

    name: str
    contract: Contract
    batches: list[pa.Table]
    orders: tuple[list[pa.Table], ...] = ()


def taken_in(name: str, text: Path, size: int, **how: Any) -> Data:
    """Read a file as Vigil would, and cut it into batches."""
    raw = reader.read(text)
    contract, _ = contracts.infer(raw, **how)
    rows = contracts.check(contract, raw).table
    return Data(name, contract, cut(rows, size))


def cut(rows: pa.Table, size: int) -> list[pa.Table]:
    """Cut rows into whole batches."""
    return [rows.slice(at, size) for at in range(0, rows.num_rows - size + 1, size)]


def dealt(data: Data, times: int) -> Data:
    """Deal the rows of a data set that has no order of time into batches anew, so often."""
    whole, size = pa.concat_tables(data.batches), data.batches[0].num_rows
    orders = [np.random.default_rng([11, seed]).permutation(whole.num_rows) for seed in range(times)]
    return replace(data, orders=tuple(cut(whole.take(pa.array(order)), size) for order in orders))


def sample(folder: Path) -> Data:
    """Draw months of the attrition example, with a plan, a region and a moment."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "examples/attrition/generate.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(ROOT)
    made = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = made
    spec.loader.exec_module(made)
    market = made._market(  # noqa: SLF001 — the example's own parts
        np.random.default_rng(made.SEED)
    )
    random = np.random.default_rng(5)
    lines = ["corporation,lastmonth_activity,lastyear_activity,number_of_employees,plan,region,seen,exited"]
    for place in range(1, MONTHS + 1):
        text = made._text(made.Month("", 800), market, place)  # noqa: SLF001
        for line in text.splitlines()[1:]:
            *cells, exited = line.split(",")
            staff = int(cells[3] or 80)
            plan = ["Basic", "Standard yearly", "Premium plus", "Enterprise"][
                min(3, int(random.integers(0, 2) + staff // 90))
            ]
            region = random.choice(
                ["North America", "Northern Europe", "Southern Europe", "Asia Pacific"],
                p=[0.4, 0.3, 0.2, 0.1],
            )
            hour = float(np.clip(random.normal(11, 2.5), 0, 23.9))
            moment = np.datetime64("2024-01-01T00:00:00") + np.timedelta64(
                place * 30 + int(random.integers(0, 28)), "D"
            )
            moment += np.timedelta64(int(hour * 3600), "s")
            lines.append(",".join([*cells, plan, str(region), f"{moment}Z", exited]))
    path = folder / "sample.csv"
    path.write_text("\n".join(lines) + "\n")
    return taken_in("sample", path, 800, target="exited", key=["corporation"], time="seen", positive="1")


def load(name: str, folder: Path) -> Data | None:
    """Return a data set by its name; None, with a line, for a real one when VIGIL_DATA is not set."""
    if name == "sample":
        return sample(folder)
    source = os.environ.get("VIGIL_DATA")
    if not source:
        print(f"VIGIL_DATA is not set: {name} is left out.")
        return None
    return {"telco": telco, "electricity": electricity, "weather": weather}[name](Path(source), folder)


def telco(source: Path, _: Path) -> Data:
    """Read customers, 500 at a time."""
    path = source / "telco_churn.csv"
    return dealt(taken_in("telco", path, 500, target="Churn", key=["customerID"], positive="Yes"), DEALS)


def electricity(source: Path, folder: Path) -> Data:
    """Read weeks of half hours, with the moments that the rows stand for."""
    lines = (source / "electricity.csv").read_text().splitlines()
    start = np.datetime64("1996-05-07T00:00:00")
    stamped = [f"{start + np.timedelta64(30 * at, 'm')}Z,{line}" for at, line in enumerate(lines[1:])]
    path = folder / "electricity.csv"
    path.write_text("\n".join([f"moment,{lines[0]}", *stamped]) + "\n")
    return taken_in("electricity", path, 336, target="class", time="moment", positive="1")


def weather(source: Path, _: Path) -> Data:
    """Read half-years of days."""
    return taken_in("weather", source / "weather.csv", 180, target="target", positive="1")
