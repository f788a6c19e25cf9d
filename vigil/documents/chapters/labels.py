"""Labels that come late: which rows wait, how long labels take, which have counted."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import number, rows
from vigil.documents.content import Block, Table, chapter, charts, more, section, text

_MOST = 10


def story(returns: dict[str, Any]) -> list[Block]:
    """Return how labels stand; nothing when none come late."""
    waiting = rows(returns, "now", "labels", "waiting")
    counted = rows(returns, "now", "labels", "counted")
    if not waiting and not counted:
        return []
    return [
        chapter("Labels"),
        text(_delay(returns)),
        charts("delays"),
        *_rows("Rows that wait for labels", waiting),
        *_rows("Rows whose labels have counted", counted[::-1]),
    ]


def _delay(returns: dict[str, Any]) -> str:
    """Say how long labels take."""
    delays = sorted(
        (days, share)
        for row in rows(returns, "now", "labels", "delays")
        if (days := number(row.get("days"))) is not None and (share := number(row.get("share"))) is not None
    )
    if not delays:
        return "How long labels take is not known yet."
    most = [f"{wording.percent(share)} within {wording.plural(days, 'day')}" for days, share in delays[:4]]
    return f"So many labels have come: {', '.join(most)}."


def _rows(title: str, found: list[dict[str, Any]]) -> list[Block]:
    """Return one line for each day's or file's rows."""
    if not found:
        return []
    lines = [
        [
            wording.shorten(row.get("file") or row.get("id") or "", 40),
            wording.count(row.get("rows")),
            wording.count(row.get("labelled")),
            wording.percent(row.get("share")),
        ]
        for row in found[:_MOST]
    ]
    heads = ("From", "Rows", "Labelled", "Share")
    shown = Table(heads, lines, (52, 16, 16, 16), "lrrr")
    return [section(title), shown, *more(len(lines), len(found), "groups of rows")]
