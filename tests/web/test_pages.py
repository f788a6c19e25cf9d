from __future__ import annotations

import csv
import html
import io
import json
import re
import sys
from typing import Any

import pytest

from vigil.records import RowFault
from vigil.table import quarantine
from vigil.table.quarantine import Held

BROWSER = {"Accept": "text/html"}
FORMULA = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def held(world: Any) -> Any:
    """Give the project with 250 faulty cells of one batch on disk."""
    faults = tuple(RowFault(line, "activity", FORMULA, "not a number") for line in range(2, 252))
    row = {"corporation": "c", "activity": FORMULA, "segment": "north", "exited": "0"}
    cells = dict.fromkeys(range(2, 252), row)
    quarantine.write(
        world.project.output / "quarantine", "batch2", "2026-02.csv", Held(faults, cells, 1, ".")
    )
    return world


@pytest.fixture
def broken(world: Any) -> Any:
    """Give the project with a fault that holds the newest batch."""
    world.project.ledger.faults.add(
        "3-unit_change-1a2b",
        {
            "batch": "batch3", "order": 3, "since": 3, "fault": "unit_change", "columns": ["<b>spend</b>"],
            "confidence": 0.98, "holds": True, "rows": 100, "what": "The unit of <b>spend</b> has changed.",
            "act": "Look at the repair, then apply it.", "evidence": {"factor": 1000},
            "repair": {"factor": 0.001},
        },
        run=3,
    )  # fmt: skip
    return world


def test_the_quarantine_is_shown_a_page_at_a_time(held: Any) -> None:
    """A hundred cells at once, in the order of the file, and where it goes on."""
    client = held.client()
    listed = client.get("/quarantine").json
    assert [one["batch"] for one in listed["batches"]] == ["batch3", "batch2", "batch1"]
    assert listed["older"] is None
    first, third = client.get("/quarantine/batch2").json, client.get("/quarantine/batch2?page=3").json
    assert (len(first["faults"]), first["faults"][0]["line"], first["next"]) == (100, 2, 2)
    assert (len(third["faults"]), third["next"]) == (50, None)
    assert client.get("/quarantine/batch2?page=4").json["faults"] == []
    assert client.get("/quarantine/nothing").status_code == 404
    assert client.get("/quarantine/batch2", headers=BROWSER).text.count(">not a number<") == 100


def test_a_spreadsheet_runs_nothing_that_is_downloaded(held: Any) -> None:
    """What looks like a formula has an apostrophe before it, and the file is named for saving."""
    answer = held.client().get("/quarantine/batch2/rows.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="quarantine-batch2.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 250
    assert {row["activity"] for row in rows} == {f"'{FORMULA}"}


def test_every_score_can_be_had_as_a_table(client: Any) -> None:
    """One line for each score, oldest first, with the batch's name."""
    rows = list(csv.DictReader(io.StringIO(client.get("/scores.csv").text)))
    assert [(row["order"], row["verdict"]) for row in rows] == [("2", "steady"), ("3", "degraded")]
    assert rows[1]["name"] == "2026-03.csv"


def test_a_fault_is_the_first_thing_that_is_said(broken: Any) -> None:
    """A broken feed heads the first page and names what to type; its own page says what else there is."""
    client = broken.client()
    found = client.get("/status").json
    assert (found["state"], found["command"]) == (
        "broken-feed",
        broken.project.runnable("python diagnostics.py --fix 3-unit_change-1a2b"),
    )
    page = client.get("/faults", headers=BROWSER).text
    assert "The unit of &lt;b&gt;spend&lt;/b&gt; has changed." in page
    assert "/faults/3-unit_change-1a2b/repair" in page
    assert client.get("/faults").json["faults"][0]["id"] == "3-unit_change-1a2b"


def test_a_button_settles_one_fault(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command gets the fault's id, and only one that is there."""
    shown = [sys.executable, "-c", "import sys; print(sys.argv[1])"]
    monkeypatch.setattr("app.commands", lambda _: dict.fromkeys(("repair", "dismiss", "undo"), shown))
    client = broken.client()
    answer = client.post("/faults/3-unit_change-1a2b/dismiss")
    assert answer.json == {"action": "dismiss", "status": "done", "said": ["3-unit_change-1a2b"]}
    assert client.post("/faults/--config/dismiss").status_code == 404
    assert broken.project.ledger.audits.newest(1)[0]["what"] == "dismiss"


def test_two_releases_stand_side_by_side(client: Any, world: Any) -> None:
    """By default the live one and the one before it, with how each did on what it met."""
    found = client.get("/models/compare").json
    assert (found["a"]["id"], found["b"]["id"]) == (world.ids["first"], world.ids["second"])
    assert found["a"]["verdicts"] == {"degraded": 1, "steady": 1}
    page = client.get("/models/compare", headers=BROWSER).text
    assert page.count("<option") == 4
    assert client.get("/models/compare?a=nothing").status_code == 404


def test_gate_numbers_stand_beside_each_release(client: Any, world: Any) -> None:
    """The decision that let a release in is shown with its numbers."""
    by_id = {release["id"]: release for release in client.get("/models").json["releases"]}
    assert by_id[world.ids["second"]]["gate"] == {"outcome": "promote", "reason": "Better."}


def test_a_run_hands_out_its_documents_and_nothing_else(client: Any, world: Any) -> None:
    """Only plain files of the run's own folder, saved and not shown."""
    folder = world.project.reports / "000002"
    folder.mkdir(parents=True)
    (folder / "report.pdf").write_bytes(b"%PDF-1.7")
    (folder / ".hidden.pdf").write_bytes(b"")
    assert client.get("/runs/2").json["documents"] == ["report.pdf"]
    answer = client.get("/runs/2/documents/report.pdf")
    assert (answer.data, answer.mimetype) == (b"%PDF-1.7", "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    for name in (".hidden.pdf", "..%2f..%2fconfig.json", "other.pdf"):
        assert client.get(f"/runs/2/documents/{name}").status_code == 404


def test_an_error_is_a_page_for_those_who_read_pages(client: Any) -> None:
    """A browser is told in words; a program gets the one shape."""
    page = client.get("/runs/99", headers=BROWSER)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is no run 99." in page.text
    assert client.get("/runs/99").mimetype == "application/json"


def test_a_reader_sees_no_buttons(world: Any) -> None:
    """Who may not act is shown no form that acts and no link to a download, and reads the same numbers."""
    from vigil.access import tokens

    ledger, clock = world.project.ledger, world.project.clock
    folder = world.project.reports / "000002"
    folder.mkdir(parents=True)
    (folder / "report.pdf").write_bytes(b"%PDF-1.7")
    for role, forms in (("read", 0), ("admin", 3)):
        token = tokens.add(ledger.tokens, role, role, days=None, clock=clock)[1]
        client = world.client()
        word = re.search(r'name="form_word" value="([^"]+)"', client.get("/login").text)
        assert word is not None
        client.post("/login", data={"token": token, "form_word": word[1]}, headers=BROWSER)
        page = client.get("/").text
        assert page.count('action="/actions/') >= forms if forms else 'action="/actions/' not in page
        assert "The numbers behind it" in page
        run = client.get("/runs/2", headers=BROWSER).text
        assert "report.pdf" in run
        for shown, link in ((page, "/scores.csv"), (run, "/runs/2/documents/report.pdf")):
            assert (f'href="{link}" download' in shown) == bool(forms)


def test_the_page_and_the_answer_tell_the_same(client: Any) -> None:
    """The sentence of the page is that of the answer for programs, and so is the stamp."""
    found, page = client.get("/status").json, client.get("/").text
    assert found["headline"] in page
    assert f'data-stamp="{found["stamp"]}"' in page


def test_the_spots_of_a_chart_are_safe_in_their_attribute(client: Any) -> None:
    """Names from files stay inside the attribute that a script reads."""
    spots = re.findall(r'data-spots="([^"]*)"', client.get("/").text)
    assert len(spots) == 2
    assert json.loads(html.unescape(spots[0]))[0][1].startswith("2026-02 <script>")
