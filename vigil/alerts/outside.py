"""Connections to the outside: to the address that was checked, within a time, with an answer of bounded size.

A name is resolved once, every address that it has is checked, and the connection goes to the first of them:
what a name server says a moment later changes nothing. Redirects are not followed, and proxies of the
environment are not used. The standard library alone, so that a tick with nothing new can ping a watcher.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vigil.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds for one step of a conversation, and for all of it.
STEP_SECONDS, WHOLE_SECONDS = 10.0, 20.0

#: Bytes of an answer that are read.
MOST_READ = 4096

#: Answers after which the same request may succeed later.
_PASSING = frozenset({408, 425, 429})

_EMBEDDED = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a connection may go: ``private`` lists networks (CIDR) beyond the public ones."""

    private: Sequence[str] = ()
    seconds: float = STEP_SECONDS
    whole: float = WHOLE_SECONDS
    trusted: ssl.SSLContext | None = field(default=None, compare=False)

    def context(self) -> ssl.SSLContext:
        """Return what a server's certificate is checked with."""
        return self.trusted or ssl.create_default_context()


def connect(host: str, port: int, reach: Reach) -> socket.socket:
    """Return a connection to a host. Raises TransportError when it may not or cannot be reached."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(f"{host} has no known address ({error}).", permanent=False) from None
    addresses = [str(row[4][0]) for row in found]
    for address in addresses:
        if not is_allowed(address, reach.private):
            named = host if host == address else f"{host} ({address})"
            what = f"{named} is not a public address."
            hint = "If that is meant, list its network in alerts.private."
            raise TransportError(what, permanent=True, hint=hint)
    try:
        return socket.create_connection((addresses[0], port), timeout=reach.seconds)
    except OSError as error:
        what = f"{host}, port {port}, cannot be reached ({error.strerror or error})."
        raise TransportError(what, permanent=False) from None


def is_allowed(address: str, private: Sequence[str]) -> bool:
    """Say whether an address is public, or in one of the networks that are allowed besides."""
    bare = _bare(ipaddress.ip_address(address.partition("%")[0]))
    if bare.is_global and not bare.is_multicast:
        return True
    networks = [ipaddress.ip_network(network) for network in private]
    return any(bare.version == network.version and bare in network for network in networks)


def _bare(address: Address) -> Address:
    """Return the IPv4 address that stands in an IPv6 one, where one does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _EMBEDDED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def post(url: str, body: bytes, headers: Mapping[str, str], reach: Reach) -> str:
    """Send one request and return the answer's status line. Raises TransportError for anything but 2xx."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connect(host, port, reach)) as raw, limited(raw, reach.whole):
        try:
            link = reach.context().wrap_socket(raw, server_hostname=host) if secure else raw
            speaker = http.client.HTTPConnection(host, port, timeout=reach.seconds)
            speaker.sock = link
            speaker.request("POST", path, body, {**headers, "Host": parts.netloc.rpartition("@")[2]})
            answer = speaker.getresponse()
            said = answer.read(MOST_READ).decode("utf-8", "replace")
            link.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            what = f"{host} did not answer properly ({error or type(error).__name__})."
            raise TransportError(what, permanent=False) from None
    return _judged(host, answer, said)


def _judged(host: str, answer: http.client.HTTPResponse, said: str) -> str:
    """Return a good answer's status; say of another one whether it is worth trying again."""
    status, line = answer.status, f"{answer.status} {answer.reason}"
    if 200 <= status < 300:
        return line
    if 300 <= status < 400:
        what = f"{host} answered {line}: redirects are not followed."
        raise TransportError(what, permanent=True, hint="Configure the address that it leads to.")
    told = " ".join(said.split())[:200]
    wait = answer.headers.get("Retry-After", "")
    what = f"{host} answered {line}{f': {told}' if told else '.'}"
    passing = status in _PASSING or status >= 500
    seconds = float(min(int(wait), 86400)) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0.0
    raise TransportError(what, permanent=not passing, wait=seconds)


@contextmanager
def limited(link: socket.socket, seconds: float) -> Iterator[None]:
    """End a conversation that goes on for too long, however little its other side says at a time."""

    def end() -> None:
        try:
            link.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
