from __future__ import annotations

from typing import Any

import pytest

from vigil.errors import ServiceError
from vigil.web.security import HEADERS, PUBLIC, host_name
from vigil.web.service import is_loopback

TOKEN = "0123456789abcdef"
ROUTES = {
    "/": "GET",
    "/alerts": "GET",
    "/diagnostics": "GET",
    "/docs": "GET",
    "/healthz": "GET",
    "/metrics": "GET",
    "/models": "GET",
    "/openapi.json": "GET",
    "/prediction": "POST",
    "/readyz": "GET",
    "/runs": "GET",
    "/runs/<int:run>": "GET",
    "/scoring": "GET",
    "/static/<path:filename>": "GET",
    "/summarystats": "GET",
}


def path_of(rule: str) -> str:
    """Fill in a rule's variables."""
    return rule.replace("<int:run>", "1").replace("<path:filename>", "vigil.css")


def ask(client: Any, rule: str, **headers: str) -> Any:
    """Ask a route in its own method."""
    return client.open(path_of(rule), method=ROUTES[rule], headers=headers)


def test_every_route_is_listed_here(world: Any) -> None:
    """A new route has to be thought about: it is public, or it needs the token."""
    rules = {str(rule): rule.methods - {"HEAD", "OPTIONS"} for rule in world.app().url_map.iter_rules()}
    assert rules == {rule: {method} for rule, method in ROUTES.items()}


def test_every_route_but_the_public_ones_needs_the_token(world: Any) -> None:
    """Without it, with a wrong one, with another scheme: 401; with it: anything but 401."""
    app = world.app(VIGIL_TOKEN=TOKEN)
    client = app.test_client()
    endpoints = {str(rule): rule.endpoint for rule in app.url_map.iter_rules()}
    for rule, endpoint in endpoints.items():
        for given in ("", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer é"):
            answer = ask(client, rule, Authorization=given)
            assert (answer.status_code == 401) == (endpoint not in PUBLIC), (rule, given)
        assert ask(client, rule, Authorization=f"Bearer {TOKEN}").status_code != 401
    assert {endpoints["/healthz"], endpoints["/readyz"]} == PUBLIC


def test_unknown_addresses_and_other_methods_need_the_token_too(world: Any) -> None:
    """Nothing is to be learnt about what there is."""
    client = world.client(VIGIL_TOKEN=TOKEN)
    assert client.get("/nothing").status_code == 401
    assert client.delete("/runs").status_code == 401
    assert client.options("/runs").status_code == 401
    assert client.get("/runs").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", " ", "short", "x" * 15, " " * 30])
def test_short_tokens_are_refused_at_the_start(empty: Any, token: str) -> None:
    """A token that protects nothing stops the service, also on loopback."""
    with pytest.raises(ServiceError, match="VIGIL_TOKEN"):
        empty.app(VIGIL_TOKEN=token)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "10.0.0.1"])
def test_other_machines_are_let_in_with_a_token_only(empty: Any, host: str) -> None:
    """Beyond loopback there is no service without a token."""
    from app import create_app

    with pytest.raises(ServiceError, match="token"):
        create_app(empty.project, environ={}, host=host)
    create_app(empty.project, environ={"VIGIL_TOKEN": TOKEN}, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_loopback_needs_none(host: str) -> None:
    """Only this machine can reach these."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "0.0.0.0"]
)
def test_other_names_are_refused(client: Any, host: str) -> None:
    """A name that somebody points at this machine reads nothing."""
    answer = client.get("/scoring", headers={"Host": host})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "unknown-host")


def test_listed_names_are_answered(world: Any) -> None:
    """VIGIL_HOSTS adds names; ports and case do not matter."""
    client = world.client(VIGIL_HOSTS="vigil.example, other.example")
    for host in ("vigil.example", "Other.Example:8000", "localhost:1", "127.0.0.1:8000", "[::1]:8000"):
        assert client.get("/scoring", headers={"Host": host}).status_code == 200


def test_host_names_lose_port_and_brackets() -> None:
    """What is compared is the bare name."""
    assert [host_name(h) for h in ("A:1", "[::1]:8", "[::1]", "b")] == ["a", "::1", "::1", "b"]


def test_every_answer_carries_the_headers(world: Any) -> None:
    """Pages, data, files and errors alike; no cross-origin reading."""
    client = world.client(VIGIL_TOKEN=TOKEN)
    answers = [ask(client, rule, Authorization=f"Bearer {TOKEN}") for rule in ROUTES]
    answers += [client.get("/nothing"), client.get("/scoring", headers={"Host": "evil.example"})]
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items()
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["X-Request-Id"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
