"""Predictions that take no time answered by the loop that reads them.

To hand one to a thread, and its connection back, takes twice as long as a compiled model's answer to one row,
and half as long as that to a thousand. Here it goes to the same application, by which it is checked, counted
and logged as any other.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask
from waitress.utilities import build_http_date

from vigil.web.admission import LARGE, Work

#: Seconds for which the loop answers by itself in one turn; the threads get what it reads then.
TURN = 0.002

#: Seconds that a large one may take, when nothing else is under way. One that took longer is the last for so
#: many seconds: its size alone does not tell what it holds.
LONG, WARNED = 0.004, 1.0

#: Heads whose meaning is remembered, and the bytes of the longest: who asks again mostly says the same.
REMEMBERED, LONGEST = 256, 2_048

#: What says where a request ends, and whether its connection stays.
_TELLING = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection|expect)[ \t]*:([^\r]*)", re.IGNORECASE
)

#: A length as everybody writes it.
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,17}")


class Direct:
    """Answers what is plainly a short prediction, while nothing has to be waited for. For one thread.

    ``takes`` tells by its environ whether a request is answered the short way, ``is_quick`` whether no file,
    ledger or other process is needed for it just now. ``work`` knows what a large one costs, and learns it.
    """

    def __init__(
        self, takes: Callable[[dict[str, Any]], bool], is_quick: Callable[[], bool], work: Work
    ) -> None:
        self._takes = takes
        self._is_quick = is_quick
        self._work = work
        self._known: dict[bytes, dict[str, Any]] = {}
        self._until: float | None = None
        self._warned = 0.0

    def begin_turn(self) -> None:
        """Begin a turn of the loop; its time runs from the first answer that is asked for."""
        self._until = None

    def answer(self, channel: Any, content: bytes) -> bytes | None:
        """Return the whole answer to what came on a connection, None for what is left to a thread."""
        end = content.find(b"\r\n\r\n", 0, LONGEST) + 4
        if end < 4 or not self._has_time(len(content) - end):
            return None
        environ = self._environ(channel, content[:end], content)
        if environ is None or len(content) - end != int(environ["CONTENT_LENGTH"]) or not self._is_quick():
            return None
        host, port = channel.addr[:2]
        asked = {**environ, "REMOTE_ADDR": host, "REMOTE_HOST": host, "REMOTE_PORT": str(port)}
        asked["wsgi.input"] = BytesIO(content[end:])
        begun = time.thread_time()
        answer = _answered(channel.server.application, asked)
        self._learn(len(content) - end, time.thread_time() - begun)
        return answer

    def _has_time(self, size: int) -> bool:
        """Tell whether a body of so many bytes may be answered in this turn."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + TURN
        is_short = size < LARGE or (now >= self._warned and self._work.fits(size, LONG))
        return now < self._until and is_short

    def _learn(self, size: int, seconds: float) -> None:
        self._work.learn(size, seconds)
        if size >= LARGE and seconds > LONG:
            self._warned = time.monotonic() + WARNED

    def _environ(self, channel: Any, head: bytes, content: bytes) -> dict[str, Any] | None:
        """Return what a head means to the server's parser, None when it is not plainly a prediction's."""
        found = self._known.get(head)
        if found is not None:
            return found
        if missing(content) is None:
            return None
        request = HTTPRequestParser(channel.adj)
        request.received(head)
        if request.error:
            return None
        found = dict(WSGITask(channel, request).get_environment())
        del found["waitress.client_disconnected"]  # which is about this connection
        if not self._takes(found) or "HTTP_CONTENT_ENCODING" in found:  # which may hide any size
            return None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[head] = found
        return found


def missing(content: bytes) -> int | None:
    """Return the bytes still to come when these begin one prediction's request and its connection stays.

    None for what is not plainly that: anything that another reader could understand otherwise.
    """
    end = content.find(b"\r\n\r\n")
    if end < 0 or not content.startswith(b"POST /prediction HTTP/1.1\r\n"):
        return None
    told = [(name.lower(), value.strip()) for name, value in _TELLING.findall(content, 0, end)]
    told = [each for each in told if each[0] != b"connection" or each[1].lower() != b"keep-alive"]
    if len(told) != 1 or told[0][0] != b"content-length" or not _LENGTH.fullmatch(told[0][1]):
        return None
    left = int(told[0][1]) - (len(content) - end - 4)
    return None if left < 0 else left


def _answered(application: Any, environ: dict[str, Any]) -> bytes:
    """Let the application answer; return head and body."""
    lines: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        lines.append(f"HTTP/1.1 {status}")
        lines.extend([f"{name}: {value}" for name, value in headers])

    body = b"".join(application(environ, start_response))
    lines.append(f"Date: {build_http_date(time.time())}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1") + body
