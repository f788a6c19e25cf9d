"""What arrived: every file of the run, what became of it, and why."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import number, rows
from vigil.documents.content import Block, Table, chapter, more, section, text

_MOST = 30
_MOST_FAULTS = 12


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the table of files and the first faults."""
    batches = rows(returns, "run_detail", "batches")
    if not batches:
        return [chapter("What arrived"), text("No new file arrived in this run.")]
    batches = sorted(batches, key=lambda batch: batch.get("status") == "ingested")
    shown = batches[:_MOST]
    heads = ("File", "Outcome", "Rows", "Accepted", "Quarantined", "Duplicates", "Labelled")
    return [
        chapter("What arrived"),
        text(_sentence(batches)),
        Table(heads, [_line(batch) for batch in shown], (32, 14, 11, 12, 14, 13, 11), "llrrrrr"),
        *more(len(shown), len(batches), "files; the ledger has them all"),
        *_reasons(shown),
        *_faults(shown),
    ]


def _sentence(batches: list[dict[str, Any]]) -> str:
    """Say in words what became of the files."""
    counts = {
        status: sum(batch.get("status") == status for batch in batches)
        for status in ("ingested", "refused", "duplicate")
    }
    accepted = sum(number(batch.get("accepted")) or 0 for batch in batches)
    parts = [f"{wording.plural(counts['ingested'], 'file')} ingested with {wording.plural(accepted, 'row')}"]
    if counts["refused"]:
        parts.append(f"{counts['refused']} refused as a whole")
    if counts["duplicate"]:
        parts.append(f"{counts['duplicate']} seen before")
    held = sum(
        number(batch.get("quarantined")) or 0 for batch in batches if batch.get("status") == "ingested"
    )
    if held:
        parts.append(f"{wording.plural(held, 'row')} held in quarantine")
    return "; ".join(parts) + "."


def _line(batch: dict[str, Any]) -> list[str]:
    """Return one file's line."""
    amounts = [
        wording.count(batch.get(key)) for key in ("rows", "accepted", "quarantined", "duplicates", "labelled")
    ]
    return [wording.shorten(batch.get("name") or "", 44), str(batch.get("status") or ""), *amounts]


def _reasons(batches: list[dict[str, Any]]) -> list[Block]:
    """Say why files were not taken in."""
    told = [batch for batch in batches if batch.get("reason")][:_MOST_FAULTS]
    return [
        text(f"{wording.shorten(batch.get('name') or '', 44)}: {wording.shorten(batch['reason'], 240)}")
        for batch in told
    ]


def _faults(batches: list[dict[str, Any]]) -> list[Block]:
    """Return the first faults of the files, where they stand and which rule they break."""
    found = [(batch, fault) for batch in batches for fault in rows(batch, "faults")]
    if not found:
        return []
    lines = [
        [
            wording.shorten(batch.get("name") or "", 30),
            wording.count(fault.get("line")),
            wording.shorten(fault.get("column") or "", 26),
            wording.shorten(fault.get("value") or "", 30),
            wording.shorten(fault.get("rule") or "", 40),
            wording.count(fault.get("count") or 1),
        ]
        for batch, fault in found[:_MOST_FAULTS]
    ]
    return [
        section("First faults"),
        Table(("File", "Line", "Column", "Value", "Rule", "Rows"), lines, (20, 6, 22, 20, 25, 7), "lrlllr"),
        *more(len(lines), len(found), "faults"),
    ]
