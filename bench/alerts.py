"""Alarms through a channel that fails at random, while the sender is killed again and again: none is lost.

    python -m bench.alerts [--alarms N] [--kills N] [--failing SHARE]

A real process finds alarms, writes them into the outbox of a SQLite ledger and posts them to a real web
server on this machine, which answers a share of requests with 503. Half of the kills (SIGKILL) come at random
times, the other half at the worst moment: when the server has a message and its sender does not know it yet.
The sender's clock runs fast, so that its minutes of rest are short. Beside it, in the same run, the floor:
each alarm posted once when it is found, with nothing written down but how far the sender is.

Prints how many alarms never arrived, how many arrived more than once, and whether those had the same key;
fails when an alarm was lost, a key differs, or there were more duplicates than kills.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.alerts import receivers  # noqa: E402  (found by the path above)

#: Seconds of the sender's clock to one of ours.
FAST = 3600.0

#: Alarms that a pass finds besides those before.
AT_ONCE = 10


def main() -> int:
    """Run both senders, print what arrived, and say whether the promise was kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--alarms", type=int, default=1000, help="alarms to post (1,000)")
    parser.add_argument("--kills", type=int, default=50, help="kills of the sender (50)")
    parser.add_argument("--failing", type=float, default=0.3, help="share of requests answered with 503")
    parser.add_argument("--child", nargs=3, metavar=("HOW", "FOLDER", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        how, folder, url = options.child
        {"outbox": through_the_outbox, "floor": straight}[how](Path(folder), url, options.alarms)
        return 0
    print(f"{options.alarms} alarms, {options.failing:.0%} of requests fail, {options.kills} kills")
    kept = [told(how, options) for how in ("floor", "outbox")]
    return int(not kept[-1])


def told(how: str, options: argparse.Namespace) -> bool:
    """Let one kind of sender do all its work through failures and kills; print and judge what arrived."""
    begun = time.monotonic()
    with receivers.web() as server, tempfile.TemporaryDirectory(prefix="vigil-alerts-") as folder:
        killer = Killer(options.kills, options.failing)
        server.status = killer.answer
        command = [sys.executable, "-m", "bench.alerts", "--child", how, folder, server.url]
        killer.watch([*command, "--alarms", str(options.alarms)])
        taken = [each for each in server.got if each["status"] == 200]
    keys: dict[str, set[str]] = {}
    for each in taken:
        keys.setdefault(receivers.said(each)["title"], set()).add(each["headers"]["Idempotency-Key"])
    lost, again = options.alarms - len(keys), len(taken) - len(keys)
    renamed = sum(len(names) > 1 for names in keys.values())
    print(
        f"{how:>6}: lost {lost}, arrived more than once {again} ({killer.done} kills), "
        f"with another key {renamed}; {len(server.got)} requests, {time.monotonic() - begun:.0f} s"
    )
    return lost == 0 and renamed == 0 and again <= killer.done


class Killer:
    """Starts a sender until it ends by itself, and kills it so many times on the way."""

    def __init__(self, kills: int, failing: float) -> None:
        self._dice = random.Random(7)
        self._failing = failing
        self._at_random, self._at_worst = kills // 2, kills - kills // 2
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.done = 0

    def answer(self, _: dict[str, Any]) -> int:
        """Fail a share of the requests; kill some senders that were just about to hear of their success."""
        with self._lock:
            if self._dice.random() < self._failing:
                return 503
            if self._at_worst and self._dice.random() < 0.05 and self._kill():
                self._at_worst -= 1
            return 200

    def watch(self, command: list[str]) -> None:
        """Start the sender until it has done all its work."""
        while True:
            self._child = subprocess.Popen(command, cwd=ROOT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                patience = self._dice.uniform(1.0, 3.0) if self._at_random else None
                self._child.wait(patience)
            with self._lock:
                if self._child.poll() is None and self._kill():
                    self._at_random -= 1
            if self._child.wait() == 0:
                return

    def _kill(self) -> bool:
        if self._child is None or self._child.poll() is not None:
            return False
        os.kill(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self.done += 1
        return True


def through_the_outbox(folder: Path, url: str, alarms: int) -> None:
    """Find, write down and deliver, pass after pass, until nothing waits."""
    from vigil.alerts.finding import Finding
    from vigil.alerts.office import Office
    from vigil.ledger.ledger import Ledger

    ledger = Ledger("sqlite:///l.db", root=folder, project="bench", clock=fast(folder))
    hook = {"kind": "webhook", "url": url}
    raw = {"private": receivers.LOOPBACK, "attempts": 100, "channels": {"hook": hook}}
    office = Office(ledger, raw, project="bench", root=folder)
    count = len(ledger.alerts.subjects("incident"))
    while True:
        count = min(alarms, count + AT_ONCE)
        since = ledger.facts.now()
        found = [
            Finding("incident", str(each), "critical", str(each), "An alarm.", since, lasting=False)
            for each in range(count)
        ]
        office.tell(found, ())
        if count == alarms and ledger.messages.next_due() is None:
            return
        time.sleep(0.005)


def fast(folder: Path) -> Callable[[], datetime]:
    """Return a clock that runs fast from the first process on, the same in every one."""
    place = folder / "begun"
    if not place.exists():
        place.touch()
    begin = place.stat().st_mtime
    return lambda: datetime.fromtimestamp(begin, UTC) + timedelta(seconds=(time.time() - begin) * FAST)


def straight(folder: Path, url: str, alarms: int) -> None:
    """Post each alarm once when it is found."""
    from vigil.alerts.outside import Reach, post
    from vigil.errors import TransportError

    place = folder / "place"
    count = Counter(done=int(place.read_text() or 0) if place.exists() else 0)
    while count["done"] < alarms:
        number = count["done"]
        body = f'{{"title": "{number}"}}'.encode()
        with contextlib.suppress(TransportError):
            post(url, body, {"Idempotency-Key": str(number)}, Reach(receivers.LOOPBACK))
        count["done"] += 1
        place.write_text(str(count["done"]))
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
