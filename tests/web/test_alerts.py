from __future__ import annotations

import json
from typing import Any

from app import create_app
from vigil.project import Project


def test_alerts_and_their_messages_are_listed(client: Any) -> None:
    """What people were told, and whether it was delivered."""
    answer = client.get("/alerts").json
    (alert,), (message,) = answer["alerts"], answer["messages"]
    assert (alert["subject"], alert["severity"], alert["state"]) == ("i1", "critical", "open")
    assert (message["alert"], message["channel"], message["state"]) == (alert["id"], "log", "pending")
    assert alert["since"].endswith("Z")


def test_no_alerts_is_an_empty_list(empty: Any) -> None:
    """A quiet project has none."""
    assert empty.client().get("/alerts").json == {"alerts": [], "messages": []}


def test_acknowledging_is_done_once_and_written_down(client: Any, world: Any) -> None:
    """The alert says who knows of it, the audit log who said so, and a second time there is none."""
    (alert,) = client.get("/alerts").json["alerts"]
    answer = client.post("/actions/acknowledge-alert", query_string={"alert": alert["id"]})
    assert answer.json == {"alert": alert["id"], "state": "acknowledged"}
    (now,) = client.get("/alerts").json["alerts"]
    assert (now["state"], now["acknowledged_by"]) == ("acknowledged", "anyone")
    assert client.post("/actions/acknowledge-alert", data={"alert": alert["id"]}).status_code == 404
    acts = [(act["what"], act["outcome"]) for act in world.project.ledger.audits.newest(2)]
    assert sorted(acts) == [("acknowledge-alert", "done"), ("acknowledge-alert", "failed")]


def test_the_page_shows_what_to_do_and_a_form_with_its_word(client: Any) -> None:
    """A hostile name is text; the form leads back to the page."""
    page = client.get("/alerts", headers={"Accept": "text/html"}).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert 'action="/actions/acknowledge-alert"' in page
    word = page.partition('name="form_word" value="')[2].partition('"')[0]
    alert = page.partition('name="alert" value="')[2].partition('"')[0]
    browser = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    refused = client.post("/actions/acknowledge-alert", data={"alert": alert}, headers=browser)
    assert refused.status_code == 403
    form = {"alert": alert, "form_word": word}
    answer = client.post("/actions/acknowledge-alert", data=form, headers=browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/alerts")


def test_an_empty_page_says_what_to_do_first(empty: Any) -> None:
    """Without channels it says that nobody is told, with some that a test message should be sent."""
    browser = {"Accept": "text/html"}
    assert "the config names no channels" in empty.client().get("/alerts", headers=browser).text
    config = json.loads(empty.project.config_path.read_text())
    config["alerts"] = {"channels": {"log": {"kind": "file", "path": "told.jsonl"}}}
    empty.project.config_path.write_text(json.dumps(config))
    again = Project(empty.project.config_path)
    told = create_app(again, environ={}).test_client().get("/alerts", headers=browser).text
    again.close()
    assert "There are no alerts yet." in told
    assert again.runnable("python alerting.py --test") in told
