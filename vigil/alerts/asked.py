"""What ``python alerting.py`` answers besides its work: a test, the list, acknowledging, trying again."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from vigil.alerts.office import Office
from vigil.console import person

#: Alerts that the list shows.
LISTED = 50

Say = Callable[[str], None]


def answer(office: Office, options: argparse.Namespace, say: Say) -> int:
    """Do what the options ask for; return the exit code."""
    if options.test is not None:
        return test(office, options.test, say)
    if options.ack:
        return acknowledge(office, options.ack, say)
    if options.retry:
        say(f"{office.retry()} messages that were set aside are tried again.")
    else:
        show(office, say)
    return 0


def test(office: Office, names: list[str], say: Say) -> int:
    """Send a test message, and say for each channel what came of it."""
    rows = office.test(names)
    for row in rows:
        say(f"{row['channel']}: {row['state']}. {row['error']}".rstrip())
    return int(any(row["state"] != "delivered" for row in rows))


def acknowledge(office: Office, alert: str, say: Say) -> int:
    """Mark an alert as known."""
    count = office.ledger.alerts.acknowledge(alert, by=person())
    say("acknowledged: it is not repeated." if count else f"there is no open alert {alert}; see --list.")
    return int(not count)


def show(office: Office, say: Say) -> None:
    """List the newest alerts, and what could not be delivered."""
    rows = office.ledger.alerts.newest(LISTED)
    for row in rows:
        say(f"{row['id']}  {row['state']:<12}  {row['severity']:<8}  {row['raised'][:16]}Z  {row['title']}")
    if not rows:
        say("There are no alerts yet.")
    for row in office.ledger.messages.newest(500):
        if row["state"] == "failed":
            say(f"not delivered to {row['channel']}: {row['body']['title']} {row['error']}")
