from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

import pytest

import app
from app import create_app
from vigil.access import keyring, tokens
from vigil.errors import ServiceError
from vigil.project import Project
from vigil.web.endpoints.actions import ACTIONS
from vigil.web.routes import need
from vigil.web.security import HEADERS, host_name
from vigil.web.service import is_loopback

TOKEN = "0123456789abcdef"
#: Every route: its method, and what it needs.
ROUTES = {
    ("GET", "/"): "read",
    ("POST", "/actions/acknowledge"): "admin",
    ("POST", "/actions/acknowledge-alert"): "admin",
    ("POST", "/actions/pause"): "admin",
    ("POST", "/actions/resume"): "admin",
    ("POST", "/actions/rollback"): "admin",
    ("POST", "/actions/run"): "admin",
    ("GET", "/alerts"): "read",
    ("GET", "/audit"): "admin",
    ("GET", "/diagnostics"): "read",
    ("GET", "/faults"): "read",
    ("POST", "/faults/<fault>/confirm"): "admin",
    ("POST", "/faults/<fault>/dismiss"): "admin",
    ("POST", "/faults/<fault>/repair"): "admin",
    ("POST", "/faults/<fault>/undo"): "admin",
    ("GET", "/docs"): "any",
    ("GET", "/healthz"): "public",
    ("GET", "/login"): "public",
    ("POST", "/login"): "public",
    ("POST", "/logout"): "any",
    ("GET", "/metrics"): "read",
    ("GET", "/models"): "read",
    ("GET", "/models/compare"): "read",
    ("GET", "/models/<release>/card"): "read",
    ("GET", "/openapi.json"): "any",
    ("POST", "/outcomes"): "predict",
    ("POST", "/prediction"): "predict",
    ("GET", "/quarantine"): "read",
    ("GET", "/quarantine/<batch>"): "read",
    ("GET", "/quarantine/<batch>/rows.csv"): "admin",
    ("GET", "/readyz"): "public",
    ("GET", "/runs"): "read",
    ("GET", "/runs/<int:run>"): "read",
    ("GET", "/runs/<int:run>/documents/<name>"): "admin",
    ("GET", "/scores.csv"): "admin",
    ("GET", "/scoring"): "read",
    ("GET", "/status"): "read",
    ("GET", "/static/<path:filename>"): "public",
    ("GET", "/summarystats"): "read",
}
ALLOWED = {
    "public": {None, "read", "predict", "admin"},
    "any": {"read", "predict", "admin"},
    "read": {"read", "admin"},
    "predict": {"predict", "admin"},
    "admin": {"admin"},
}


def path_of(rule: str) -> str:
    """Fill in a rule's variables."""
    return rule.replace("<int:run>", "1").replace("<path:filename>", "vigil.css")


@pytest.fixture
def locked(world: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[str, str]]:
    """Give a client of a service with a token of each role, and the tokens; actions start nothing."""
    monkeypatch.setattr(app, "commands", lambda _: {name: [sys.executable, "-c", ""] for name in ACTIONS})
    made = {role: make(world, role) for role in ("read", "predict", "admin")}
    return world.client(), made


def make(world: Any, role: str, **more: Any) -> str:
    """Make a token of a role."""
    ledger, clock = world.project.ledger, world.project.clock
    return tokens.add(ledger.tokens, f"{role} one", role, **{"days": None, **more}, clock=clock)[1]


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def test_every_route_is_listed_here(world: Any) -> None:
    """A new route has to be thought about: who may ask it."""
    app = world.app()
    known = {
        (method, str(rule)): "public"
        if rule.endpoint == "static"
        else need(app.view_functions[rule.endpoint], method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert known == ROUTES


@pytest.mark.parametrize("role", [None, "read", "predict", "admin"])
def test_each_role_does_what_it_may_and_nothing_else(locked: Any, role: str | None) -> None:
    """Roles by routes: 401 for strangers, 403 for the wrong role, and anything else for the right one."""
    client, made = locked
    headers = bearer(made[role]) if role else {}
    for (method, rule), needed in ROUTES.items():
        status = client.open(path_of(rule), method=method, headers=headers).status_code
        refused = 401 if role is None else 403
        if rule != "/login":
            assert (status == refused) == (role not in ALLOWED[needed]), (role, method, rule, status)


@pytest.mark.parametrize(
    ("role", "path", "needed"), [("read", "/scores.csv", "admin"), ("predict", "/scoring", "read")]
)
def test_who_is_refused_reads_which_role_it_takes_and_who_gives_it(
    locked: Any, role: str, path: str, needed: str
) -> None:
    """A program reads it as a problem, a person on a page; neither has to guess."""
    client, made = locked
    for accept in ("application/json", "text/html"):
        answer = client.get(path, headers={**bearer(made[role]), "Accept": accept})
        assert answer.status_code == 403
        assert f"This needs the role {needed}; the token {role} one has the role {role}." in answer.text
        assert (
            f"Whoever runs this service makes one that may: python app.py token add NAME --role {needed}"
            in answer.text
        )


def test_wrong_tokens_open_nothing(locked: Any) -> None:
    """A token with a letter more or less, another scheme, a digest, text that is no token."""
    client, made = locked
    good = made["admin"]
    wrong = ["", good, f"Bearer {good}x", f"Bearer {good[:-1]}", f"Basic {good}", "Bearer é", "Bearer "]
    for given in [*wrong, f"Bearer {tokens.digest_of(good)}"]:
        assert client.get("/runs", headers={"Authorization": given}).status_code == 401, given


def test_the_environments_token_is_an_admins(world: Any) -> None:
    """VIGIL_TOKEN goes on doing for everything."""
    client = world.client(VIGIL_TOKEN=TOKEN)
    assert client.get("/audit").status_code == 401
    assert client.get("/audit", headers=bearer(TOKEN)).status_code == 200


def test_without_any_token_this_machine_is_let_in(client: Any) -> None:
    """On loopback, and only until a token was given out."""
    assert client.get("/audit").status_code == 200


def test_the_first_token_closes_a_running_service(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And revoking it does not open it again."""
    monkeypatch.setattr(keyring, "FRESH", 0.0)
    client = world.client()
    token = make(world, "read")
    assert client.get("/runs").status_code == 401
    assert client.get("/runs", headers=bearer(token)).status_code == 200
    tokens.revoke(world.project.ledger.tokens, "read one", world.project.clock)
    assert client.get("/runs", headers=bearer(token)).status_code == 401
    assert client.get("/runs").status_code == 401


def test_an_expired_token_opens_nothing(world: Any) -> None:
    """From the moment that it ends, without asking the ledger again."""
    token = make(world, "read", days=1)
    client = world.client()
    assert client.get("/runs", headers=bearer(token)).status_code == 200
    world.project.clock.now += timedelta(days=1)
    assert client.get("/runs", headers=bearer(token)).status_code == 401


def test_guessing_is_slowed_down_and_locks_nobody_out(locked: Any) -> None:
    """After twenty wrong tokens comes 429 with a time; the right one is answered all the same."""
    client, made = locked
    seen = [client.get("/runs", headers=bearer(f"guess-{n}")).status_code for n in range(22)]
    assert seen[:20] == [401] * 20
    assert seen[20:] == [429] * 2
    assert client.get("/runs", headers=bearer("again")).headers["Retry-After"]
    assert client.get("/runs", headers=bearer(made["read"])).status_code == 200


def test_requests_are_limited_by_client(world: Any) -> None:
    """`server.requests_per_second`, twice as many at once; another token has its own."""
    settings = json.loads(world.project.config_path.read_text())
    settings["server"]["requests_per_second"] = 1
    world.project.config_path.write_text(json.dumps(settings))
    one, other = make(world, "read"), make(world, "admin")
    client = create_app(Project(world.project.config_path), environ={}).test_client()
    assert [client.get("/models", headers=bearer(one)).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/models", headers=bearer(other)).status_code == 200


def test_unknown_addresses_and_other_methods_need_a_token_too(world: Any) -> None:
    """Nothing is to be learnt about what there is."""
    client = world.client(VIGIL_TOKEN=TOKEN)
    assert client.get("/nothing").status_code == 401
    assert client.delete("/runs").status_code == 401
    assert client.options("/runs").status_code == 401
    assert client.get("/runs").headers["WWW-Authenticate"] == "Bearer"


def test_another_origins_page_changes_nothing(locked: Any) -> None:
    """Another site, another port, and a page without an origin, whatever they carry."""
    client, made = locked
    for origin in (
        "http://evil.example",
        "http://localhost:9999",
        "null",
        "https://localhost.evil.example",
        "http://[::1",
        "x",
    ):
        answer = client.post("/actions/run", headers={"Origin": origin, **bearer(made["admin"])})
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "foreign-origin"), origin
    ours = {"Origin": "http://localhost", **bearer(made["admin"])}
    assert client.post("/actions/run", headers=ours).status_code == 200


def test_a_browser_needs_a_form_of_ours_even_where_nothing_is_locked(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of any site could post to loopback; a program could not be made to by one."""
    monkeypatch.setattr(app, "commands", lambda _: {name: [sys.executable, "-c", ""] for name in ACTIONS})
    client = world.client()
    for headers in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/actions/run", headers=headers).status_code == 403
    assert client.post("/actions/run").status_code == 200


@pytest.mark.parametrize("token", ["", " ", "short", "x" * 15, " " * 30])
def test_short_tokens_are_refused_at_the_start(empty: Any, token: str) -> None:
    """A token that protects nothing stops the service, also on loopback."""
    with pytest.raises(ServiceError, match="VIGIL_TOKEN"):
        empty.app(VIGIL_TOKEN=token)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "10.0.0.1"])
def test_other_machines_are_let_in_with_a_token_only(empty: Any, host: str) -> None:
    """Beyond loopback there is no service without a token."""
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
    asked = [(path_of(rule), method) for method, rule in ROUTES if not rule.startswith("/actions")]
    answers = [client.open(path, method=method, headers=bearer(TOKEN)) for path, method in asked]
    answers += [client.get("/nothing"), client.get("/scoring", headers={"Host": "evil.example"})]
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items()
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["X-Request-Id"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
