"""The files in ops, in the real programs that they are for."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vigil.access import tokens

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"


def free_port() -> int:
    """Return a port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(happens: Callable[[], Any], seconds: float = 40) -> Any:
    """Wait for something true; return it."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = happens()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def needs(*programs: str) -> Any:
    """Skip where a program is not installed."""
    return pytest.mark.skipif(
        any(shutil.which(program) is None for program in programs), reason=f"needs {', '.join(programs)}"
    )


@pytest.fixture
def running(site: Any) -> Iterator[tuple[Any, str, str]]:
    """Give a site with a release, the address of its service, and a token for reading."""
    site.configure(server={"proxy": "127.0.0.1"})
    site.leavers("w-1.csv")
    site.tick()
    ledger = site.project().ledger
    token = tokens.add(ledger.tokens, "prometheus", "read", days=None, clock=site.clock)[1]
    command = [sys.executable, "app.py", "--config", str(site.config), "--port", "0"]
    environ = {**os.environ, "VIGIL_HOSTS": "vigil.example"}
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as child:
        assert child.stdout is not None
        yield site, child.stdout.readline().split()[-1], token
        child.terminate()


@needs("prometheus", "promtool")
def test_prometheus_scrapes_the_service_and_evaluates_every_rule(running: Any, tmp_path: Path) -> None:
    """With a token, all rules healthy, each over numbers that the service has; what holds fires.

    Every query of the dashboard is one that Prometheus takes, and has an answer.
    """
    site, url, token = running
    site.leavers("w-2.csv", seed=2)
    site.tick()
    for name in ("alerts.yml", "prometheus.yml"):
        text = (OPS / name).read_text().replace("127.0.0.1:8000", url.removeprefix("http://"))
        text = text.replace("15s", "1s").replace("for: 5m", "for: 0s")
        (tmp_path / name).write_text(text)
    (tmp_path / "token").write_text(token)
    subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], check=True, capture_output=True
    )
    port = free_port()
    command = [
        "prometheus", f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip

    def asked(path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5) as answer:
            return json.loads(answer.read())["data"]

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            until(lambda: [found["value"][1] for found in asked("query?query=up")["result"]] == ["1"])
            rules = until(lambda: _evaluated(asked("rules")))
            assert len(rules) == 12
            assert {rule["health"] for rule in rules} == {"ok"}
            used = set(re.findall(r"\bvigil_\w+", (OPS / "alerts.yml").read_text()))
            until(lambda: used <= set(asked("label/__name__/values")))
            (project,) = asked("label/project/values")
            queries = _queries(project)
            until(lambda: _refused(url, token) and all(asked(f"query?{one}")["result"] for one in queries))
            firing = until(lambda: {r["name"] for r in asked("rules")["groups"][0]["rules"] if r["alerts"]})
            assert firing == {
                "TicksAreOverdue"
            }  # the site's clock stands in the past, and no tick has looked
        finally:
            child.terminate()


def _refused(url: str, token: str) -> bool:
    """Ask for a prediction with a token that may not: that is counted as any other request."""
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        urllib.request.urlopen(urllib.request.Request(f"{url}/prediction", b"{}", head), timeout=5)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 403
    return False


def _queries(project: str) -> list[str]:
    """Return what the dashboard's panels ask for one project, as parts of an address."""
    panels = json.loads((OPS / "grafana.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(asked) >= len(panels)
    named = [one.replace("$project", project).removesuffix(" == 1") for one in asked]  # a verdict, whichever
    return [urllib.parse.urlencode({"query": one}) for one in named]


def _evaluated(found: Any) -> list[Any]:
    """Return the rules once all were evaluated."""
    rules = [rule for group in found["groups"] for rule in group["rules"]]
    return rules if rules and all(rule["health"] != "unknown" for rule in rules) else []


def test_the_dashboard_asks_for_numbers_that_there_are(running: Any) -> None:
    """Every metric in the Grafana file and the rules is one that the service exposes."""
    _, url, token = running
    request = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})
    text = urllib.request.urlopen(request, timeout=10).read().decode()
    text += (ROOT / "vigil/web/standing.py").read_text()
    board = (OPS / "grafana.json").read_text()
    assert len(json.loads(board)["panels"]) >= 8
    used = set(re.findall(r"\bvigil_\w+", board + (OPS / "alerts.yml").read_text()))
    assert {name for name in used if name.removesuffix("_total").removesuffix("_bucket") not in text} == set()


@needs("nginx", "openssl")
def test_nginx_ends_tls_in_front_of_the_service(running: Any, tmp_path: Path) -> None:
    """The file as it stands but for paths and ports: secure cookies, foreign names refused."""
    site, url, token = running
    certificate, key, port = tmp_path / "vigil.crt", tmp_path / "vigil.key", free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
         "-days", "1", "-subj", "/CN=vigil.example", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    text = (OPS / "nginx.conf").read_text()
    changes = {
        "/etc/ssl/vigil.crt": str(certificate), "/etc/ssl/vigil.key": str(key),
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "http://127.0.0.1:8000": url,
    }  # fmt: skip
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}\n"
        f"http {{ access_log off; {folders} {text} }}"
    )
    trusting = ssl.create_default_context(cafile=str(certificate))

    def asked(path: str, host: str = f"vigil.example:{port}", **headers: str) -> Any:
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers={"Host": host, **headers})
        return urllib.request.urlopen(request, timeout=10, context=trusting)

    command = ["nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            until(lambda: asked("/healthz"))
            login = asked("/login")
            assert "; Secure" in login.headers["Set-Cookie"]
            assert login.headers["Strict-Transport-Security"]
            assert asked("/scoring", Authorization=f"Bearer {token}").status == 200
            for host, status in (("evil.example", 400), (f"vigil.example:{port}", 401)):
                with pytest.raises(urllib.error.HTTPError) as caught:
                    asked("/scoring", host)
                assert caught.value.code == status
            with pytest.raises(
                urllib.error.HTTPError
            ):  # a client's own word about its address is not believed
                asked("/scoring", **{"X-Forwarded-For": "10.9.8.7", "Authorization": "Bearer wrong"})
            assert b"10.9.8.7" not in site.config.with_name("ledger.db").read_bytes()
        finally:
            child.terminate()
