"""One suite over every chart."""

import copy
import json
import random
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.documents.cases import CASES, answers
from vigil import charts
from vigil.charts import paper, svg
from vigil.charts.marks import WIDE, Drawing
from vigil.charts.saving import to_png

NAMES = charts.names()

DRAWN = {
    "calibration": "steady", "confusion": "steady", "delays": "waiting", "drift": "broken_feed",
    "evidence": "steady", "missing": "steady", "precisionrecall": "steady", "residuals": "regression",
    "roc": "steady", "scores": "steady", "timings": "steady", "traffic": "steady",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_draws_where_there_is_data(name: str) -> None:
    """Each chart draws marks from answers that hold its data, says what they show, and has a table."""
    drawing = drawn(name)
    assert drawing.marks
    assert drawing.summary.endswith(".")
    assert drawing.rows
    assert all(len(row) == len(drawing.heads) == len(drawing.sides) for row in drawing.rows)


@pytest.mark.parametrize("name", NAMES)
def test_is_kept_and_placed_as_it_was(name: str) -> None:
    """What is kept as JSON is the same drawing when it is placed, with the same words."""
    kept = json.loads(json.dumps(charts.drawn(given(name), [name])))
    drawing, words = charts.placed(name, {"charts": kept})
    assert drawing == drawn(name)
    assert words == drawn(name).summary


@pytest.mark.parametrize("name", NAMES)
def test_stays_on_its_sheet(name: str) -> None:
    """Every mark lies on the sheet, and both writers know every tone."""
    drawing = drawn(name)
    assert drawing.width <= WIDE
    places = [place for mark in drawing.marks for place in mark.at]
    assert all(-1 <= x <= drawing.width + 1 and -1 <= y <= drawing.height + 1 for x, y in places)
    tones = {mark.tone for mark in drawing.marks} | {tone for tone, _ in drawing.key}
    assert tones <= paper.LOOKS.keys()
    look = (Path(charts.__path__[0]) / "look.css").read_text()
    assert all(f".{tone}" in look for tone in tones - {"ink"})


@pytest.mark.parametrize("name", NAMES)
def test_is_written_for_a_page_without_style(name: str) -> None:
    """The page's drawing is well-formed, the same each time, and breaks no policy of a page."""
    written = svg.svg(drawn(name), name)
    assert written == svg.svg(drawn(name), name)
    assert ET.fromstring(written).get("role") == "img"
    assert "style=" not in written
    assert "<script" not in written
    assert len(written) < 100_000


def given(name: str) -> dict[str, Any]:
    """Return answers that hold a chart's data; what the service answered is known to the service alone."""
    route = {"route": "/prediction", "requests": 120, "errors": 1, "median": 2.5, "p99": 25.0}
    return answers(DRAWN[name]) | {"traffic": [route, {**route, "route": "<i>", "p99": None}]}


def drawn(name: str) -> Drawing:
    """Return a chart from answers that hold its data."""
    found = charts.draw(name, given(name))
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_draws_nothing_where_there_is_none(name: str) -> None:
    """Without data there is no figure, and one sentence says why."""
    for returns in (answers("bare"), {}):
        assert charts.draw(name, returns) is None
        assert charts.describe(name, returns).endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_answers_alone(name: str) -> None:
    """Drawing and describing change nothing in the answers."""
    returns = given(name)
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
    """Values of any other kind anywhere in the answers leave a chart whole, or out."""
    rng = random.Random(name)
    for _ in range(5):
        returns = _damaged(given(name), rng)
        assert "\n" not in charts.describe(name, returns)
        found = charts.draw(name, returns)
        if found is not None:
            drawing = ET.fromstring(svg.svg(found, name))
            places = [value for mark in drawing.iter() for value in mark.attrib.values()]
            assert not {"nan", "inf", "-inf"} & {
                word for place in places for word in re.split("[ ,ML]", place)
            }
            assert to_png(paper.figure(found), 30).startswith(b"\x89PNG")


def _damaged(value: Any, rng: random.Random) -> Any:
    """Return the answers with about one part in twelve replaced."""
    if isinstance(value, dict):
        return {key: _damaged(part, rng) for key, part in value.items()}
    if isinstance(value, list):
        return [_damaged(part, rng) for part in value]
    strange = [None, -1.0, 0, 1e300, "", "<b>&$", [], {}, True, float("nan"), float("inf"), -7e-300]
    return rng.choice(strange) if rng.random() < 0.08 else value
