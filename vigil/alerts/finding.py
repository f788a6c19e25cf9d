"""Something that people should know, as whoever finds it says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that people should know.

    ``kind`` and ``subject`` say what it is about: while an alert of both stands, no second one is raised.
    ``since`` is the ledger's time. ``lasting`` is false for what happened at one moment; ``ended`` says
    how a lasting thing ended; ``parts`` are what it consists of: a new one is told.
    """

    kind: str
    subject: str
    severity: str
    title: str
    what: str
    since: str
    sure: str = ""
    do: str = ""
    page: str = "/"
    lasting: bool = True
    ended: str = ""
    parts: tuple[str, ...] = ()

    @property
    def about(self) -> tuple[str, str]:
        """What it is about."""
        return self.kind, self.subject
