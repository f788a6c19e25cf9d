"""One suite over every chart."""

import copy
import random
from typing import Any

import pytest
from matplotlib.figure import Figure

from tests.documents.cases import CASES, answers
from vigil import charts
from vigil.charts.saving import to_png

NAMES = charts.names()

DRAWN = {
    "calibration": "steady", "confusion": "steady", "evidence": "steady", "missing": "steady",
    "precisionrecall": "steady", "residuals": "regression", "roc": "steady", "scores": "steady",
    "timings": "steady",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_draws_where_there_is_data(name: str) -> None:
    """Each chart draws a figure from answers that hold its data, and says something about it."""
    returns = answers(DRAWN[name])
    assert isinstance(charts.draw(name, returns), Figure)
    assert charts.describe(name, returns).endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_draws_nothing_where_there_is_none(name: str) -> None:
    """Without data there is no figure, and one sentence says why."""
    for returns in (answers("bare"), {}):
        assert charts.draw(name, returns) is None
        assert charts.describe(name, returns).endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_answers_alone(name: str) -> None:
    """Drawing and describing change nothing in the answers."""
    returns = answers(DRAWN[name])
    before = copy.deepcopy(returns)
    charts.draw(name, returns)
    charts.describe(name, returns)
    assert returns == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", sorted(set(CASES) - {"busy", "long", "watch"}))
def test_describes_every_situation(name: str, case: str) -> None:
    """In every situation the sentence is one line without a trace of a missing value."""
    words = charts.describe(name, answers(case))
    assert "\n" not in words
    assert "None" not in words
    assert "nan" not in words


@pytest.mark.parametrize("name", NAMES)
def test_survives_damaged_answers(name: str) -> None:
    """Values of any other kind anywhere in the answers never stop a chart."""
    rng = random.Random(name)
    for _ in range(5):
        returns = _damaged(answers(DRAWN[name]), rng)
        charts.describe(name, returns)
        figure = charts.draw(name, returns)
        if figure is not None:
            to_png(figure, 30)


def _damaged(value: Any, rng: random.Random) -> Any:
    """Return the answers with about one part in twelve replaced."""
    if isinstance(value, dict):
        return {key: _damaged(part, rng) for key, part in value.items()}
    if isinstance(value, list):
        return [_damaged(part, rng) for part in value]
    strange = [None, -1.0, 0, 1e300, "", "<b>&$", [], {}, True, float("nan"), float("inf"), -7e-300]
    return rng.choice(strange) if rng.random() < 0.08 else value
