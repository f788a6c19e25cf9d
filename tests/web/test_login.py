from __future__ import annotations

import re
import sys
from typing import Any

import pytest

import app
from vigil.access import keyring, tokens
from vigil.web import sessions
from vigil.web.endpoints.actions import ACTIONS

HTML = {"Accept": "text/html"}


@pytest.fixture
def token(world: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give an admin's token; actions start nothing."""
    monkeypatch.setattr(app, "commands", lambda _: {name: [sys.executable, "-c", ""] for name in ACTIONS})
    monkeypatch.setattr(keyring, "FRESH", 0.0)
    ledger = world.project.ledger
    return tokens.add(ledger.tokens, "anna", "admin", days=None, clock=world.project.clock)[1]


def word_of(page: str) -> str:
    """Return the word that a page's forms carry."""
    found = re.search(r'name="form_word" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def logged_in(world: Any, token: str) -> tuple[Any, str]:
    """Log in as a browser does; give the client and the form word of its session."""
    client = world.client()
    form = {"token": token, "form_word": word_of(client.get("/login", headers=HTML).text)}
    answer = client.post("/login", data=form, headers={"Origin": "http://localhost", **HTML})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/"), answer.text
    return client, word_of(client.get("/", headers=HTML).text)


@pytest.mark.usefixtures("token")
def test_a_person_is_led_to_the_login_page(world: Any) -> None:
    """A browser that asks for a page; a program gets 401 in the one shape."""
    client = world.client()
    answer = client.get("/runs", headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert client.get("/runs").status_code == 401


def test_a_session_shows_pages_and_acts(world: Any, token: str) -> None:
    """The cookie alone reads; with a form of the session it acts; the audit log says who."""
    client, word = logged_in(world, token)
    assert "anna" in client.get("/runs", headers=HTML).text
    answer = client.post("/actions/pause", data={"form_word": word}, headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    acts = [(act["who"].split(" (")[0], act["what"]) for act in client.get("/audit").json["audit"]]
    assert acts == [("anna", "pause"), ("anna", "login")]


@pytest.mark.parametrize("word", [None, "", "0" * 64, "é"])
def test_a_form_of_another_site_does_nothing(world: Any, token: str, word: str | None) -> None:
    """Without the session's own word the cookie is not enough, with or without a browser's headers."""
    client, _ = logged_in(world, token)
    form = {} if word is None else {"form_word": word}
    for headers in ({}, {"Origin": "http://localhost"}):
        answer = client.post("/actions/run", data=form, headers=headers)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "foreign-form")


def test_a_word_of_another_session_does_nothing(world: Any, token: str) -> None:
    """Words are bound to the session that they were made for."""
    _, foreign = logged_in(world, token)
    client, _ = logged_in(world, token)
    assert client.post("/actions/run", data={"form_word": foreign}).status_code == 403


@pytest.mark.usefixtures("token")
def test_the_cookie_is_out_of_reach(world: Any) -> None:
    """Of scripts, of other sites; and behind TLS, of plain connections."""
    client = world.client()
    cookie = client.get("/login", headers=HTML).headers["Set-Cookie"]
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert attribute in cookie
    assert "Secure" not in cookie
    secure = world.client().get("/login", headers=HTML, base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]
    assert secure.headers["Strict-Transport-Security"]


@pytest.mark.usefixtures("token")
def test_a_wrong_token_is_said_and_written_down(world: Any) -> None:
    """As a page for people, and never with the token itself."""
    client = world.client()
    form = {"token": "a wrong one", "form_word": word_of(client.get("/login", headers=HTML).text)}
    answer = client.post("/login", data=form, headers={"Origin": "http://localhost", **HTML})
    assert answer.status_code == 401
    assert "no valid token" in answer.text
    acts = world.project.ledger.audits.newest(5)
    assert [(act["what"], act["outcome"]) for act in acts] == [("login", "refused")]
    assert "wrong one" not in str(acts)


def test_a_session_ends_with_its_token(world: Any, token: str) -> None:
    """Revoked or logged out, and a cookie that was tampered with never begins."""
    client, word = logged_in(world, token)
    other, _ = logged_in(world, token)
    assert client.post("/logout", data={"form_word": word}).status_code == 303
    assert client.get("/runs").status_code == 401
    assert other.get("/runs").status_code == 200
    tokens.revoke(world.project.ledger.tokens, "anna", world.project.clock)
    assert other.get("/runs").status_code == 401
    other.set_cookie(sessions.COOKIE, "WyJhIiwiYiJd.aaaaaa.forged")
    assert other.get("/runs").status_code == 401


def test_sessions_survive_a_restart(world: Any, token: str) -> None:
    """The secret is a file that only the service's account can read."""
    client, _ = logged_in(world, token)
    cookie = client.get_cookie(sessions.COOKIE)
    again = world.client()
    again.set_cookie(sessions.COOKIE, cookie.value)
    assert again.get("/runs").status_code == 200
    assert (world.project.root / ".attrition.secret").stat().st_mode & 0o777 == 0o600
