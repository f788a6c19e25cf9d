"""Small sets of rows with every kind of column, for the tests of models and bundles."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vigil import models
from vigil.models.fitting import Fitted
from vigil.records import Column, Task

FEATURES = (
    Column("income", "number"),
    Column("age", "number"),
    Column("joined", "date"),
    Column("region", "category"),
    Column("town", "category"),
    Column("remark", "text"),
)
METRICS: dict[Task, str] = {"binary": "f1", "multiclass": "macro_f1", "regression": "mae"}
CLASSES: dict[Task, tuple[str, ...]] = {
    "binary": ("no", "yes"),
    "multiclass": ("high", "low", "middle"),
    "regression": (),
}


def rows(count: int, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return columns with missing cells, rare and many levels, and a number that depends on them."""
    draw = np.random.default_rng(seed)
    age = draw.normal(40, 12, count)
    income = draw.exponential(30_000, count)
    region = np.array(["north", "south", "east", None, "islet"], dtype=object)[
        draw.choice(5, count, p=[0.4, 0.3, 0.2, 0.08, 0.02])
    ]
    town = np.array([f"town {i:02}" for i in range(45)], dtype=object)[draw.integers(0, 45, count)]
    score = (age - 40) / 12 + np.log1p(income) / 2 + (region == "north") + draw.logistic(size=count) / 2
    columns = {
        "income": np.where(draw.random(count) < 0.1, np.nan, income),
        "age": age,
        "joined": draw.integers(1.5e9, 1.7e9, count).astype(np.float64),
        "region": region,
        "town": town,
        "remark": remarks(score, draw),
    }
    return columns, score


def remarks(score: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return texts, a tenth missing, in which one word tells of the score and the others do not."""
    said = np.where(score + draw.logistic(size=len(score)) > np.median(score), "Gladly paid", "paid late")
    texts = [f"{word}, {draw.choice(['by card', 'in cash', 'at Zürich'])}!" for word in said]
    return np.where(draw.random(len(score)) < 0.1, None, np.array(texts, dtype=object))


def target(score: np.ndarray, task: Task) -> np.ndarray:
    """Return codes or values of a task."""
    if task == "regression":
        return score
    cuts = [0.7] if task == "binary" else [0.4, 0.7]
    return np.digitize(score, np.quantile(score, cuts)).astype(np.int64)


def fit(kind: str, task: Task, columns: dict[str, np.ndarray], y: np.ndarray, **more: object) -> Fitted:
    """Fit with the usual settings."""
    settings = {"classes": CLASSES[task], "features": FEATURES, "metric": METRICS[task], "seed": 3} | more
    return models.fit(kind, columns, y, task=task, **settings)


@cache
def fitted(kind: str, task: Task, count: int = 160) -> Fitted:
    """Return a fitted model, the same one for every test that asks."""
    columns, score = rows(count)
    return fit(kind, task, columns, target(score, task))


def telco(count: int) -> tuple[dict[str, np.ndarray], np.ndarray, tuple[Column, ...]]:
    """Return the first telecom customers of VIGIL_DATA, or skip the test."""
    import pyarrow as pa
    from pyarrow import csv

    path = Path(os.environ.get("VIGIL_DATA", "absent")) / "telco_churn.csv"
    if not path.exists():
        pytest.skip("VIGIL_DATA names no folder with telco_churn.csv")
    numbers = {name: pa.float64() for name in ("tenure", "MonthlyCharges", "TotalCharges")}
    options = csv.ConvertOptions(
        column_types=numbers | {"SeniorCitizen": pa.string()}, null_values=["", " "], strings_can_be_null=True
    )
    table = csv.read_csv(path, convert_options=options).slice(0, count)
    names = [name for name in table.column_names if name not in {"customerID", "Churn"}]
    features = tuple(Column(name, "number" if name in numbers else "category") for name in names)
    columns = {
        f.name: table[f.name].to_numpy().astype(np.float64 if f.kind == "number" else object)
        for f in features
    }
    return columns, (table["Churn"].to_numpy() == "Yes").astype(np.int64), features
