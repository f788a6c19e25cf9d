"""The outbox is emptied: at least once, in order, with a key; failures wait or are set aside."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from vigil.alerts import timing
from vigil.alerts.channels import World
from vigil.alerts.message import Message
from vigil.alerts.settings import Alerts, Opened
from vigil.errors import TransportError
from vigil.ledger import glance
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row, timestamp

#: Messages that one pass looks at, and the seconds after which it begins no other.
AT_ONCE, PATIENCE = 500, 60.0

#: Seconds that one process waits for another one that is sending.
HELD = 2 * PATIENCE


@contextmanager
def alone(lock: Path, patience: float = HELD) -> Iterator[bool]:
    """Let one process at a time write and send messages; yield whether this one may.

    The system frees the lock with its process, so that a kill leaves nothing behind.
    """
    held = FileLock(lock)
    try:
        held.acquire(timeout=patience)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        held.release()


def deliver(ledger: Ledger, opened: Opened, world: World) -> Counter[str]:
    """Send what is due; return how many were delivered, delayed and failed. The caller is alone.

    A kill between a message's arrival and its mark has it sent again, with the same key. A channel that
    does not answer is left alone for the rest of the pass.
    """
    told: Counter[str] = Counter()
    until, resting = time.monotonic() + PATIENCE, set[str]()
    for row in ledger.messages.due(timestamp(ledger.clock()), AT_ONCE):
        if time.monotonic() > until:
            break
        if row["channel"] not in resting:
            told[_send(ledger, opened, world, row, resting)] += 1
    return told


def _send(ledger: Ledger, opened: Opened, world: World, row: Row, resting: set[str]) -> str:
    """Send one message and write down what came of it."""
    found = opened.channels.get(row["channel"])
    if found is None:
        ledger.messages.failed(row["id"], f"the config has no channel {row['channel']!r} any more.")
        return "failed"
    try:
        channel, settings = found
        channel.send(settings, Message(**row["body"]), world)
    except TransportError as error:
        return _failed(ledger, opened.general, row, error, resting)
    except Exception as error:  # a channel is a plug-in: its own fault is written down, and stops no tick
        fault = TransportError(f"{type(error).__name__}: {error}", permanent=False)
        return _failed(ledger, opened.general, row, fault, resting)
    ledger.messages.delivered(row["id"])
    return "delivered"


def _failed(ledger: Ledger, general: Alerts, row: Row, error: TransportError, resting: set[str]) -> str:
    """Let a message wait, or set it aside when trying again would not help, or has not helped."""
    tries = row["attempts"] + 1
    if error.permanent or tries >= general.attempts:
        given_up = "" if error.permanent else f" Given up after {tries} tries."
        ledger.messages.failed(row["id"], f"{error}{given_up}")
        return "failed"
    resting.add(row["channel"])
    until = ledger.clock() + timing.retry(tries, error.wait)
    ledger.messages.delayed(row["id"], row["channel"], str(error), until=timestamp(until))
    return "delayed"


def next_due(ledger: Ledger, general: Alerts, later: list[datetime]) -> str:
    """Return when somebody has to look next: a message, a repeat, or one of the times given; else ``""``.

    In seconds since 1970, as :data:`vigil.ledger.glance.ALERTS_DUE` keeps it.
    """
    times = list(later)
    if message := ledger.messages.next_due():
        times.append(datetime.fromisoformat(message))
    if general.repeat_hours:
        step = timedelta(hours=general.repeat_hours)
        open_ones = (row for row in ledger.alerts.standing() if row["state"] == "open")
        times += [datetime.fromisoformat(row["told"]) + step for row in open_ones]
    return str(min(times).timestamp()) if times else ""


def remember(ledger: Ledger, general: Alerts, later: list[datetime]) -> None:
    """Write down when a tick with nothing new has to look at the outbox."""
    ledger.facts.set(**{glance.ALERTS_DUE: next_due(ledger, general, later)})
