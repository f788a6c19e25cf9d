"""Waitress around the application: bounded, shedding load, and speaking JSON even when it refuses."""

from __future__ import annotations

import json
import socket
import time
from functools import cache
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from vigil.errors import ServiceError
from vigil.web import admission, errors, security
from vigil.web.admission import Admission, Work
from vigil.web.direct import Direct, missing
from vigil.web.punctual import refusal
from vigil.web.shortcut import takes
from vigil.web.traffic import Traffic

#: Open connections; further ones wait in the system's queue.
CONNECTIONS = 500

#: Seconds for which nothing is read from a connection that was turned away, at first and at most: twice as
#: long each time that it asks again too soon. What it says meanwhile is turned away at their end, so that no
#: flood of those who do not wait keeps the reading loop busy.
FIRST_HOLD, HOLD = 0.05, 0.5

#: Bytes read at a time, and those of a body that are kept in memory; a larger one goes to a file.
RECEIVED, KEPT = 2**18, 2**20

#: Bytes of a block that is given back before any request comes: from then on the C library keeps twice as
#: many of those that are freed (see "dynamic mmap threshold" in mallopt(3)). Else it would hand a large
#: request's memory back to the system each time, and get it again page by page.
SPARE = 2**22

#: Connections that are taken from the system's queue at a time.
ACCEPTED = 64

#: Seconds after which a connection that says nothing is closed.
SILENCE = 30


def bind(app: Flask, host: str, port: int, threads: int, traffic: Traffic | None = None) -> Any:
    """Return a Waitress server that listens; ``effective_port`` is its port, ``run()`` serves.

    Raises ServiceError when the address cannot be used.
    """
    limit = app.config["MAX_CONTENT_LENGTH"]
    dispatcher = _Dispatcher(traffic)
    try:
        server = _Server(
            app,
            listen=_address(host, port),
            threads=threads,
            connection_limit=CONNECTIONS,
            channel_timeout=SILENCE,
            cleanup_interval=SILENCE,
            max_request_body_size=limit + 1,
            recv_bytes=RECEIVED,
            inbuf_overflow=KEPT,
            clear_untrusted_proxy_headers=not app.config.get("PROXY"),
            ident=None,
            dispatcher=dispatcher,
        )
    except OSError as error:
        what = f"cannot listen on {host}, port {port} ({error.strerror or error})."
        hint = "Choose another with --port, or 0 for a free one."
        raise ServiceError(what, where="service", hint=hint) from error
    server.direct = Direct(takes, app.extensions["vigil"].is_quick, dispatcher.work)
    dispatcher.set_thread_count(threads)
    return server


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Hands requests to threads; turns away those that would be answered too late.

    The loop that reads them does so as far as it can, since a thread would come to one only after all
    before it. A thread does so with what has waited longer than was to be expected.
    """

    def __init__(self, traffic: Traffic | None) -> None:
        super().__init__()
        self._traffic = traffic
        self.admission = Admission()
        self.work = Work()
        self.held_until = 0.0

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing waits, and was not too much just now: then nothing is measured."""
        return not self.queue and not self.admission.is_overloaded

    def add_task(self, task: _Channel) -> None:
        """Let a connection's next request wait for a thread, or refuse it; ``requests_lock`` is held."""
        if task.is_hasty or self.turns_away(task.waited, task.bound):
            task.refuse()
            return
        task.begin()
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()

    def turns_away(self, waited: float, bound: float) -> bool:
        """Tell whether there is no room for a newcomer that has waited, and may wait, for some seconds.

        There is none when many wait; and in an overload when it is late, or the next one's wait or the work
        before it shows that it would be.
        """
        ahead = self.work.ahead
        if len(self.queue) >= admission.WAITING:
            self.admission.note()
            return True
        try:
            first = self.queue[0].age
        except IndexError:
            first = 0.0
        if self.admission.turns_away(waited + max(ahead, first) / admission.FORESIGHT, bound):
            return True
        if ahead > admission.CROWDED:
            self.admission.note()
        return False

    def count(self) -> None:
        """Count a request that was turned away."""
        if self._traffic is not None:
            self._traffic.shed.inc()


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """A request that never reached the application, answered in the one shape."""

    def execute(self) -> None:
        error = self.request.error
        content = json.dumps(errors.body(*errors.words(error.code))).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([*security.OF_JSON, ("X-Request-Id", security.new_id())])
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection; ``waited`` are the seconds that its request lay unread, ``queued`` when it was read."""

    error_task_class = _JsonErrorTask
    requests: list[Any]
    last_activity: float
    close_when_flushed: bool

    waited = 0.0
    queued = 0.0

    #: What a prediction is expected to cost, and how many bytes its body has; 0 for anything else.
    cost = 0.0
    size = 0

    #: Until when nothing is read, as a request was turned away, else 0; for how long; whether one came
    #: meanwhile; and the bytes still to come of one that is turned away.
    hold = pause = 0.0
    is_hasty = False
    coming = 0

    #: What came of a prediction that is not whole yet, and the bytes of it that are still to come.
    begun: bytes | bytearray = b""
    left = 0

    @property
    def age(self) -> float:
        """The seconds that the request has waited so far, unread and for a thread."""
        return self.waited + time.monotonic() - self.queued

    @property
    def bound(self) -> float:
        """The seconds that it may have to wait."""
        request = self.requests[0]
        return admission.bound_of(_command(request), getattr(request, "path", ""))

    def readable(self) -> bool:
        return not (self.hold and time.monotonic() < self.hold) and bool(super().readable())

    def handle_read(self) -> None:
        """Read on, at once, as usual or in want of room."""
        if self.coming:
            self._skip()
        elif self.left:
            self._read_on()
        elif self.server.task_dispatcher.is_at_rest and not self.hold:
            self.waited = 0.0
            self._read_at_rest()
        elif self._has_room():
            super().handle_read()
        else:
            self._read_without_room()

    def _has_room(self) -> bool:
        """Note how long it lay unread; tell whether it is read as usual."""
        dispatcher, lay = self.server.task_dispatcher, admission.unread_for(self.socket)
        self.waited = lay if self.request is None else self.waited + lay
        if self.hold:
            # Who is always too soon is not refused for ever: after an overload the pause was enough.
            self.is_hasty, self.hold = lay > self.pause / 2 and dispatcher.admission.is_overloaded, 0.0
        if self.requests or self.request is not None:
            return True
        return not (self.is_hasty or dispatcher.turns_away(self.waited, admission.SOON))

    def _read_without_room(self) -> None:
        """Turn a plainly written request away without parsing it; any other is parsed before."""
        content = self.recv(RECEIVED)
        left = missing(content)
        self.size = len(content) + (left or 0)
        if left == 0:
            self._turn_away(stays=True, with_body=True)
        elif left and left <= self.adj.max_request_body_size:
            self.coming = left
        elif content:
            self.received(content)
        else:
            self.connected = False

    def _read_at_rest(self) -> None:
        """Read, and answer a short prediction at once; wait for the rest of one that is not whole."""
        if self.request is not None or self.requests:
            super().handle_read()
            return
        content = self._received(RECEIVED)
        if not content or self._is_answered(content):
            return
        self.left = missing(content) or 0
        if self.left and len(content) + self.left <= min(KEPT, self.adj.max_request_body_size):
            self.begun = bytearray(content)
        else:
            self.left = 0
            self.received(content)

    def _read_on(self) -> None:
        """Read on in a prediction; it is answered like one that came whole."""
        content = self._received(min(self.left, RECEIVED))
        self.begun += content
        self.left -= len(content)
        if self.left:
            return
        whole, self.begun = bytes(self.begun), b""
        if not (self.server.task_dispatcher.is_at_rest and self._is_answered(whole)):
            self.received(whole)

    def _received(self, most: int) -> bytes:
        """Take what came; nothing when the other side has hung up."""
        content: bytes = self.recv(most)
        if content:
            self.last_activity = time.time()
        else:
            self.connected = False
        return content

    def _is_answered(self, content: bytes) -> bool:
        """Answer what came if that can be done at once."""
        answer = self.server.direct.answer(self, content)
        if answer is not None:
            self._send(answer)
        return answer is not None

    def _send(self, content: bytes) -> None:
        """Send an answer; what the connection does not take yet waits for the loop."""
        sent = self.send(content)
        if sent < len(content) and self.connected:
            with self.outbuf_lock:
                self._keep(content[sent:])

    def _keep(self, content: bytes) -> None:
        """Keep what is to be sent; the caller holds ``outbuf_lock``."""
        self.outbufs[-1].append(content)
        self.current_outbuf_count += len(content)
        self.total_outbufs_len += len(content)

    def _skip(self) -> None:
        """Read on in a body that is turned away, keeping none of it; the answer comes after its end."""
        content = self._received(min(self.coming, RECEIVED))
        self.coming -= len(content)
        if content and not self.coming:
            self._turn_away(stays=True, with_body=True)

    def begin(self) -> None:
        """Count the next request among those that wait for a thread."""
        self.queued = time.monotonic()
        self.size = _size(self.requests[0]) if self.bound == admission.SOON else 0
        self.cost = self.server.task_dispatcher.work.begin(self.size)

    def service(self) -> None:
        """Answer a request that a thread has taken, in its turn, unless it has become too late."""
        with self.server.task_dispatcher.work.turn(self.size):
            self._serve()

    def _serve(self) -> None:
        dispatcher = self.server.task_dispatcher
        cost, size = self.cost, self.size
        if dispatcher.admission.turns_away(self.age, self.bound):
            dispatcher.work.end(cost)
            with self.requests_lock:
                self.refuse()
            self.server.pull_trigger()
            return
        self.waited = self.pause = 0.0
        begun = time.thread_time()
        try:
            super().service()
        finally:
            dispatcher.work.end(cost, size, time.thread_time() - begun)

    def refuse(self) -> None:
        """Say that there are too many requests; the caller holds ``requests_lock``."""
        request = self.requests[0]
        self.size = _size(request)
        kept = request.version == "1.1" and request.headers.get("CONNECTION", "").lower() != "close"
        stays = kept and not request.error and len(self.requests) == 1
        self._turn_away(stays=stays, with_body=_command(request) != "HEAD")
        for each in self.requests:
            each.close()
        self.requests = []  # only now: while there is one, the reading loop sends nothing without the lock

    def _turn_away(self, *, stays: bool, with_body: bool) -> None:
        dispatcher = self.server.task_dispatcher
        dispatcher.count()
        if self.is_hasty:
            dispatcher.admission.note_soon(dispatcher.work.cost(self.size))
        self.pause = min(max(2 * self.pause, FIRST_HOLD), HOLD)
        self.hold, self.is_hasty = time.monotonic() + self.pause, False
        dispatcher.held_until = max(dispatcher.held_until, self.hold)
        self.close_when_flushed = self.close_when_flushed or not stays
        content = _too_many(stays=stays, with_body=with_body)
        with self.outbuf_lock:
            self._keep(content)
            self._flush_exception(self._flush_some, do_close=False)


def _command(request: Any) -> str:
    """Return a request's method, nothing where it could not be read."""
    return str(getattr(request, "command", ""))


def _size(request: Any) -> int:
    """Return the bytes of a request's body."""
    return int(getattr(request, "content_length", 0) or 0)


class _Server(TcpWSGIServer):  # type: ignore[misc]
    """Waitress for one address, which takes up many connections in one turn of its loop."""

    channel_class = _Channel
    direct: Direct

    def handle_accept(self) -> None:
        for _ in range(ACCEPTED):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) in (before, self.adj.connection_limit):
                break

    def run(self) -> None:
        """Serve until told to stop; wake for those whose hold ends, and seldom otherwise."""
        bytearray(SPARE)
        try:
            while self._map:
                self.direct.begin_turn()
                is_held = self.task_dispatcher.held_until > time.monotonic()
                self.asyncore.poll2(FIRST_HOLD if is_held else HOLD, self._map)
        except (SystemExit, KeyboardInterrupt):
            self.task_dispatcher.shutdown()


def _too_many(*, stays: bool, with_body: bool) -> bytes:
    """Return the whole answer to a request that is turned away."""
    head, content = _refusal(stays=stays)
    named = b"%bX-Request-Id: %b\r\n\r\n" % (head, security.new_id().encode())
    return named + content if with_body else named


@cache
def _refusal(*, stays: bool) -> tuple[bytes, bytes]:
    """Return the beginning of the head, and the body, of each such answer."""
    content, headers = refusal()
    headers += [] if stays else [("Connection", "close")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 503 Service Unavailable\r\n{lines}".encode("ascii"), content


def _address(host: str, port: int) -> str:
    """Return one address to listen on; a name may stand for several, which would be several ports."""
    address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
