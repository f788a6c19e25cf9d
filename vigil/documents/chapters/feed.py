"""What is broken in the feed: each fault by its name, what it did, and what a person types."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import rows
from vigil.documents.content import Block, Table, chapter, more

_MOST = 8


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the faults, the open ones first; nothing when there are none."""
    found = rows(returns, "diagnostics", "faults")
    if not found:
        return []
    found.sort(key=lambda fault: fault.get("state") != "open")
    shown = found[:_MOST]
    heads = ("File", "Fault", "Sure", "What happened", "What to do")
    return [
        chapter("Faults in the feed"),
        Table(heads, [_line(fault) for fault in shown], (15, 13, 8, 32, 32), "llrll"),
        *more(len(shown), len(found), "faults; the service's /diagnostics lists them"),
    ]


def _line(fault: dict[str, Any]) -> list[str]:
    """Return one fault's line."""
    state = str(fault.get("state") or "")
    name = wording.shorten(fault.get("fault") or "", 40).replace("_", " ")
    typed = fault.get("command")
    told = wording.shorten(fault.get("what_to_do") or "", 120)
    return [
        wording.shorten(fault.get("name") or "", 40),
        name if state == "open" else f"{name} ({wording.shorten(state, 20)})",
        wording.percent(fault.get("confidence")),
        wording.shorten(fault.get("what") or "", 200),
        f"{told} Type: {wording.shorten(typed, 100)}" if typed and state == "open" else told,
    ]
