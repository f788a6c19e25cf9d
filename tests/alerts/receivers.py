"""Real receivers on this machine: a web server and a mail server that do as a test tells them."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

LOOPBACK = ["127.0.0.0/8"]


@dataclass
class Web:
    """A web server: what it got, and what it answers (a status, or what a function of the request says)."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    status: Callable[[dict[str, Any]], int] = lambda _: 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def keys(self) -> list[str]:
        """The keys of what it took, in order."""
        return [each["headers"].get("Idempotency-Key", "") for each in self.got if each["status"] == 200]


@contextmanager
def web() -> Iterator[Web]:
    """Run a web server."""
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen: dict[str, Any] = {"headers": dict(self.headers), "body": body, "path": self.path}
            seen["status"] = state.status(seen)
            state.got.append(seen)
            self.send_response(seen["status"])
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing when a sender has gone before its answer: a test has killed it."""

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mail:
    """A mail server: the mails that it took, and what it answers at each step."""

    port: int = 0
    got: list[Any] = field(default_factory=list)
    on_recipient: str = ""
    on_data: str = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: N802
        """Take or refuse a receiver."""
        if self.on_recipient:
            return self.on_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take or refuse a mail."""
        if self.on_data:
            return self.on_data
        self.got.append(
            {"content": envelope.content, "to": envelope.rcpt_tos, "tls": session.ssl is not None}
        )
        return "250 taken"


@contextmanager
def mail(
    tls: ssl.SSLContext | None = None, *, wrapped: bool = False, password: str | None = None
) -> Iterator[Mail]:
    """Run a mail server that offers STARTTLS, or speaks TLS from the first byte, or neither."""
    state = Mail()

    class Server(Controller):
        def _trigger_server(self) -> None:
            # The library connects to its own port once, and has to know which one the system gave it.
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

        def factory(self) -> SMTP:
            more: dict[str, Any] = {}
            if password is not None:

                def check(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
                    return AuthResult(success=given.password == password.encode(), handled=False)

                more = {"authenticator": check, "auth_required": True}
            return SMTP(
                state, hostname="localhost", tls_context=None if wrapped else tls,
                require_starttls=tls is not None and not wrapped, **more,
            )  # fmt: skip

    controller = Server(state, hostname="127.0.0.1", port=0, ssl_context=tls if wrapped else None)
    controller.start()
    state.port = controller.port
    try:
        yield state
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for localhost; return what a server shows and what a client trusts."""
    key, made = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(made),
    ]
    subprocess.run(command, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made, key)
    return server, ssl.create_default_context(cafile=str(made))


def said(seen: dict[str, Any]) -> Any:
    """Return the JSON that a request carried."""
    return json.loads(seen["body"])
