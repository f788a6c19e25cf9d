"""An open load: requests begin when their time has come, however slow the answers are.

    python -m bench._flood PORT BODY --rate 8000 [--seconds 5] [--connections 400] [--fresh 0.05]

A tool that asks again only when it was answered slows down with the server, and sees no overload. Here a
request that finds no idle connection opens another, up to the number given; beyond it is counted as not
sent. A latency runs from the time a request is sent to the last byte of its answer. ``--fresh`` is the
share of requests that come on a connection of their own, as new clients do. One JSON object is printed:
seconds by status, and counts of what was not sent, or broke.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import selectors
import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"connection: *close", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """One connection: what it still has to send, when it began to, what came back."""

    socket: socket.socket
    is_fresh: bool
    begun: float = 0.0
    left: memoryview = field(default_factory=lambda: memoryview(b""))
    content: bytes = b""


@dataclass
class Flood:
    """The load of one port with one request over and over."""

    port: int
    request: bytes
    connections: int
    fresh: float
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unsent: int = 0
    broken: int = 0

    def __post_init__(self) -> None:
        self._watch = selectors.DefaultSelector()
        self._idle: list[Line] = []
        self._open = 0
        self._random = random.Random(0)

    def run(self, rate: float, seconds: float) -> None:
        """Ask ``rate`` times a second by chance (a Poisson process), then wait for what is under way."""
        begun = time.perf_counter()
        due, end = begun, begun + seconds
        while due < end:
            now = time.perf_counter()
            while due <= now and due < end:
                self._begin()
                due += self._random.expovariate(rate)
            self._turn(min(0.001, max(0.0, due - now)))
        limit = end + 10
        while self._open > len(self._idle) and time.perf_counter() < limit:
            self._turn(0.05)
        self.broken += self._open - len(self._idle)

    def _begin(self) -> None:
        """Send a request on an idle connection, or on a new one."""
        is_fresh = self._random.random() < self.fresh
        if self._idle and not is_fresh:
            place = self._random.randrange(len(self._idle))
            self._idle[place], self._idle[-1] = self._idle[-1], self._idle[place]
            line = self._idle.pop()
        elif self._open < self.connections or is_fresh:
            line = self._opened(is_fresh)
        else:
            self.unsent += 1
            return
        line.begun, line.left, line.content = time.perf_counter(), memoryview(self.request), b""
        self._send(line)

    def _opened(self, is_fresh: bool) -> Line:
        line = Line(socket.socket(), is_fresh)
        line.socket.setblocking(False)
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.socket.connect_ex(("127.0.0.1", self.port))  # what is sent before it is open goes then
        self._watch.register(line.socket, selectors.EVENT_READ, line)
        self._open += 1
        return line

    def _send(self, line: Line) -> None:
        """Send as much as goes; what is left goes when there is room."""
        try:
            line.left = line.left[line.socket.send(line.left) :]
        except BlockingIOError:
            pass
        except OSError:
            self._close(line, broken=True)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.left else 0)
        if self._watch.get_key(line.socket).events != wanted:
            self._watch.modify(line.socket, wanted, line)

    def _turn(self, seconds: float) -> None:
        for key, events in self._watch.select(seconds):
            line: Line = key.data
            if events & selectors.EVENT_WRITE and line.left:
                self._send(line)
            if events & selectors.EVENT_READ and line.socket.fileno() >= 0:
                self._receive(line)

    def _receive(self, line: Line) -> None:
        try:
            part = line.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self._close(line, broken=bool(line.begun))
            return
        if not line.begun:
            self._close(line, broken=True)  # nobody had asked
            return
        line.content += part
        head, gap, rest = line.content.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if gap and length and len(rest) >= int(length.group(1)):
            self.broken += len(rest) > int(length.group(1))
            self.seconds[head[9:12].decode()].append(time.perf_counter() - line.begun)
            line.begun = 0.0
            if line.is_fresh or _CLOSES.search(head):
                self._close(line, broken=False)
            else:
                self._idle.append(line)

    def _close(self, line: Line, *, broken: bool) -> None:
        self.broken += broken
        if not line.begun and line in self._idle:
            self._idle.remove(line)
        self._watch.unregister(line.socket)
        line.socket.close()
        self._open -= 1


def main() -> None:
    """Load a port and print what came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("body", type=Path, help="the file with the body to send")
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--fresh", type=float, default=0.05, help="share on a connection of their own")
    given = parser.parse_args()
    body = given.body.read_bytes()
    head = (
        f"POST /prediction HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    flood = Flood(given.port, head.encode() + body, given.connections, given.fresh)
    flood.run(given.rate, given.seconds)
    print(json.dumps({"seconds": flood.seconds, "unsent": flood.unsent, "broken": flood.broken}))


if __name__ == "__main__":
    main()
