from __future__ import annotations

import re
from typing import Any


def test_an_empty_project_is_told_where_to_begin(empty: Any) -> None:
    """The first page of a new project names the folder and the command."""
    page = empty.client().get("/").text
    assert "No model is deployed yet." in page
    assert "python fullprocess.py" in page
    assert "sourcedata" in page


def test_the_verdict_and_its_reason_come_first(client: Any, world: Any, batch: Any, score: Any) -> None:
    """The sentence stands above every table, with score, level and evidence below it."""
    april = batch(world.project, 3, 4, "2026-04.csv")
    score(world.project, 3, world.ids["second"], april, 0.41, "degraded", 300.0)
    page = client.get("/").text
    assert page.index("The model has become worse.") < page.index("F1 is 0.41.") < page.index("<table")
    assert "0.410" in page
    assert "<svg" in page


def test_advice_of_the_tick_is_shown(client: Any, world: Any) -> None:
    """What to do next is what the last tick advised."""
    world.project.ledger.facts.set(
        advice='[{"severity": "act", "what": "x.csv was refused.", "do": "Correct it."}]'
    )
    page = client.get("/").text
    assert "x.csv was refused." in page
    assert "Correct it." in page


def test_hostile_names_are_shown_as_text(client: Any) -> None:
    """A file named like a script is escaped on every page."""
    for path in ("/", "/runs", "/runs/2", "/models", "/alerts"):
        page = client.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "<script>" not in page.text
    assert "&lt;script&gt;" in client.get("/").text


def test_nothing_comes_from_elsewhere(client: Any) -> None:
    """No page names an outside resource, an inline script or an inline style."""
    for path in ("/", "/runs/2", "/models"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
        assert not re.search(
            r"""<script(?! src="/static/vigil.js" defer></script>)|\sstyle=|\son\w+=""", page
        )
    css = client.get("/static/vigil.css").text
    assert "url(" not in css
    assert "@import" not in css
