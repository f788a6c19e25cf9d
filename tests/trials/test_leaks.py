"""Features that give the target away."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from vigil.records import Column, Contract
from vigil.trials import leaks

ROWS = 600


def contract(task: str, *names: str, category: tuple[str, ...] = ()) -> Contract:
    """Return a contract whose features are numbers, but for some."""
    columns = [Column(name, "category" if name in category else "number") for name in names]
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    kind = "number" if task == "regression" else "category"
    target = Column("y", kind, role="target")  # type: ignore[arg-type]
    return Contract(1, task, (*columns, target), classes, "yes" if task == "binary" else "")  # type: ignore[arg-type]


@pytest.fixture
def drawn() -> dict[str, np.ndarray]:
    """A label, a column that is nearly it, one that only goes with it, and codes that name its class."""
    random = np.random.default_rng(3)
    y = (np.arange(ROWS) % 3 == 0).astype(np.int64)
    return {
        "y": y,
        "answer": np.where(y == 1, random.uniform(0.5, 1, ROWS), random.uniform(0, 0.5, ROWS)),
        "hint": y + random.normal(0, 0.5, ROWS),
        "code": np.array([f"{label}{place % 5}" for place, label in enumerate(y)], dtype=object),
        "apart": np.where(y == 1, 0.0, random.choice([-1.0, 1.0], ROWS)),
    }


def test_a_column_that_knows_the_label_is_named_with_its_figure(drawn: dict[str, np.ndarray]) -> None:
    """Numbers either way up, levels and an order that is none give away; a good feature does not."""
    drawn["turned"] = -drawn["answer"]
    names = ("answer", "turned", "hint", "code", "apart")
    table = pa.table({name: drawn[name] for name in names})
    found = leaks.found(table, contract("binary", *names, category=("code",)), drawn["y"])
    assert [leak.column for leak in found] == ["answer", "turned", "code", "apart"]
    assert found[0].words == "answer tells the target by itself (AUC 1.0000)"


def test_a_column_that_later_files_lack_is_judged_where_it_is(drawn: dict[str, np.ndarray]) -> None:
    """Missing cells hide no leak; too few known cells say nothing."""
    for known, expected in ((300, ["answer"]), (150, [])):
        cells = drawn["answer"].copy()
        cells[known:] = np.nan
        table = pa.table({"answer": pa.array(cells, from_pandas=True)})
        found = leaks.found(table, contract("binary", "answer"), drawn["y"])
        assert [leak.column for leak in found] == expected


def test_the_classes_of_many_and_values_are_judged_too() -> None:
    """For three classes the worst told one counts; for a regression R²."""
    random = np.random.default_rng(4)
    y = np.arange(ROWS) % 3
    table = pa.table(
        {"all": y * 10 + random.uniform(0, 1, ROWS), "one": (y == 2) + random.uniform(0, 0.5, ROWS)}
    )
    assert [leak.column for leak in leaks.found(table, contract("multiclass", "all", "one"), y)] == ["all"]
    values = random.gamma(2.0, 50.0, ROWS)
    table = pa.table({"cents": values * 100, "near": values + random.normal(0, 20, ROWS)})
    found = leaks.found(table, contract("regression", "cents", "near"), values)
    assert [(leak.column, leak.measure) for leak in found] == [("cents", "R²")]


def test_the_order_of_a_file_gives_nothing_away() -> None:
    """A file sorted by its labels makes no leak of a column that says nothing, or nearly nothing."""
    y = np.repeat([0, 1], ROWS // 2)
    random = np.random.default_rng(5)
    cells = {"same": np.ones(ROWS), "few": random.integers(0, 9, ROWS), "many": random.normal(0, 1, ROWS)}
    table = pa.table({name: values.astype(float) for name, values in cells.items()})
    assert leaks.found(table, contract("binary", *cells), y) == []


def test_what_is_allowed_is_trained_on() -> None:
    """The config's word is the last; and where nothing else is left, the target is simply easy to tell."""
    given_away = [leaks.Leak("answer", "AUC", 1.0)]
    two = contract("binary", "answer", "hint")
    assert leaks.left_out(two, given_away, []) == {"answer": given_away[0].words}
    assert leaks.left_out(two, given_away, ["answer"]) == {}
    assert leaks.left_out(contract("binary", "answer"), given_away, []) == {}
    assert leaks.told({"facts": {"left_out": {}}}) == leaks.told({"facts": {}}) == leaks.told(None) == ""
