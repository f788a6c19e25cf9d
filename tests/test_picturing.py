"""The charts that a tick draws and keeps, as the pages find them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from bench._history import keep_charts, project
from vigil import charts, picturing
from vigil.project import Project


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Give a project with a history of some length, whose charts are drawn."""
    made = project(tmp_path_factory.mktemp("lived"), batches=620)
    yield made
    made.close()


def page(made: Project, path: str = "/") -> str:
    """Return a page of the project's service."""
    text: str = create_app(made, environ={}).test_client().get(path, headers={"Accept": "text/html"}).text
    return text


def drawings(text: str) -> list[str]:
    """Return the drawings on a page, but for traffic, which each look changes."""
    found = [part.partition("</svg>")[0] for part in text.split("<svg ")[1:]]
    return [one for one in found if "traffic" not in one[:40]]


def test_each_range_is_one_document_of_bounded_size(lived: Project) -> None:
    """Every stretch that a reader may choose is kept, with every chart in it, and none is large."""
    for last in picturing.RANGES:
        kept = picturing.read(lived, last)
        assert kept is not None
        assert kept["charts"].keys() == set(charts.names())
        assert len(json.dumps(kept)) < 400_000
    assert "over 50 batches" in picturing.read(lived, 50)["charts"]["scores"]["words"]


def test_what_is_drawn_is_not_drawn_again(lived: Project) -> None:
    """A tick after which the ledger stands as before leaves the documents alone."""
    scoring = create_app(lived, environ={}).test_client().get("/scoring").json
    assert picturing.keep(lived, {"scoring": scoring, "diagnostics": {}}) is False


def test_the_page_places_what_the_tick_has_drawn(lived: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the ledger stands as it was drawn, no look at the page draws a chart that looks back."""
    asked: list[Any] = []
    true = charts.drawn
    monkeypatch.setattr(charts, "drawn", lambda *given: asked.append(given[1:]) or true(*given))
    page(lived)
    assert asked == [(("delays", "traffic"),)]


def test_where_the_ledger_has_gone_on_the_same_is_drawn(lived: Project) -> None:
    """Without the documents, or with those of another state, the page shows the same drawings."""
    before = drawings(page(lived))
    assert len(before) >= 4
    place = lived.reports / "charts" / "200.json"
    kept = place.read_bytes()
    place.write_text(json.dumps(json.loads(kept) | {"stamp": "of another state", "charts": {}}))
    assert drawings(page(lived)) == before
    place.write_text("cut off{")
    assert len(drawings(page(lived))) >= 4
    place.write_bytes(kept)


def test_what_happened_since_shows_at_once(tmp_path: Path) -> None:
    """An incident that was opened after the tick drew is on the page before the next one draws."""
    made = project(tmp_path, batches=30)
    live = create_app(made, environ={}).test_client().get("/scoring").json["release"]
    assert "incident opened" not in page(made)
    assert picturing.current(made, 200, live) is not None
    assert picturing.current(made, 200, "another") is None
    made.ledger.incidents.open(live, made.ledger.batches.all()[-1], since=1)
    assert picturing.current(made, 200, live) is None
    assert "incident opened" in page(made)
    keep_charts(made)
    assert "incident opened" in page(made)
    made.close()


def test_a_history_stands_as_it_was_after_a_run(lived: Project) -> None:
    """A report of an old run is drawn of what was known then."""
    trend = picturing.trend(lived.ledger, 200, None, run=300)
    assert trend["batches"] == 200
    assert trend["rows"][-1]["order"] == 300
    assert len(trend["drift"]) == 40
