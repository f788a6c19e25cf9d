"""What a message says: what, since when, how sure, what to do, and where to look."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from vigil.alerts.timing import zone_of

SEVERITIES = ("info", "warning", "critical")

#: How a message begins, by what happened to its alert.
OPENINGS = {
    "raised": "",
    "changed": "More: ",
    "repeated": "Still: ",
    "resolved": "Resolved: ",
    "acknowledged": "Known: ",
    "digest": "",
    "test": "Test: ",
}

#: Characters of one part; names of files and columns come from outside and may be of any length.
MOST = 1500

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one channel. ``key`` is the same however often it is sent; ``thread`` is its alert."""

    key: str
    thread: str
    event: str
    kind: str
    severity: str
    project: str
    title: str
    what: str
    since: str
    sure: str
    do: str
    link: str
    at: str

    @property
    def subject(self) -> str:
        """Return the message in one line."""
        return f"[{self.project}] {OPENINGS.get(self.event, '')}{self.title}"

    @property
    def text(self) -> str:
        """Return the message as plain text, the most important first."""
        parts = [
            ("", self.what),
            ("Since: ", self.since),
            ("How sure: ", self.sure),
            ("What to do: ", self.do),
            ("Look: ", self.link),
        ]
        return "\n".join(f"{head}{said}" for head, said in parts if said)

    def as_json(self) -> dict[str, str]:
        """Return every part, for programs."""
        return asdict(self)


def compose(values: dict[str, Any], *, key: str, zone: str, base_url: str) -> Message:
    """Make a message of an alert's parts: times in a zone, no control characters, and the page.

    Without a ``base_url`` that is its path in the service alone.
    """
    said = {name: plain(str(values[name])) for name in ("title", "sure", "do")}
    # Only a digest has lines of its own: elsewhere they could come from a file's name.
    lines = str(values["what"]).split("\n") if values["event"] == "digest" else [str(values["what"])]
    said["what"] = "\n".join(plain(line) for line in lines)
    return Message(
        key=key,
        **{name: str(values[name]) for name in ("thread", "event", "kind", "severity", "project", "at")},
        since=local(str(values["since"]), zone) if values["since"] else "",
        link=f"{base_url.rstrip('/')}{values['page']}",
        **said,
    )


def plain(text: str) -> str:
    """Return text that can do no harm where it is shown: no control characters, no turned direction."""
    return _CONTROL.sub(" ", text)[:MOST]


def local(moment: str, zone: str) -> str:
    """Write a time of the ledger as people in a time zone read it."""
    there = datetime.fromisoformat(moment).astimezone(zone_of(zone))
    return there.strftime("%Y-%m-%d %H:%M %Z")
