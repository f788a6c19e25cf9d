"""The charts of a project: drawn once, by the tick, and kept as documents for page and paper.

A run's report takes its charts from its own folder, the pages take theirs from ``reports/charts``: one
document for each stretch of history that a reader may choose, so that no page draws, and none grows with
the history. A document says of what state of the ledger it was drawn. Where the ledger has gone on since
(a person rolled back, a tick was cut off) the page draws from the same gathering by the same charts.
"""

from __future__ import annotations

import json
from typing import Any

from vigil import charts
from vigil.charts.drift import BATCHES as DRIFTED
from vigil.charts.history import DRAWN, MARKS
from vigil.charts.thinning import thinned
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.project import Project
from vigil.storage import durable

#: So many of the newest batches a reader may choose to look back on, and what is shown unless he does.
RANGES = (50, 200, 1000, 10_000)
USUAL = 200

#: How drawings are written: those of another version are drawn again.
FORMAT = "2"

#: The charts that look back; the others show the newest batch.
LOOKING_BACK = ("scores", "evidence")


def keep(project: Project, returns: dict[str, Any]) -> bool:
    """Draw the charts for the pages, unless they are drawn already; return whether they were.

    ``returns`` has what the service says of now: ``scoring`` and ``diagnostics``.
    """
    live, folder = returns["scoring"]["release"], project.reports / "charts"
    now = stamp(project.ledger, live)
    if all((read(project, last) or {}).get("stamp") == now for last in RANGES):
        return False
    whole = returns | {"trend": trend(project.ledger, USUAL, live)}
    usual = charts.drawn(whole)
    for last in RANGES:
        seen = whole if last == USUAL else returns | {"trend": trend(project.ledger, last, live)}
        back = usual if last == USUAL else charts.drawn(seen, LOOKING_BACK)
        text = json.dumps({"stamp": now, "charts": usual | back}, ensure_ascii=False, separators=(",", ":"))
        durable.write_atomic(folder / f"{last}.json", text.encode())
    return True


def read(project: Project, last: int) -> dict[str, Any] | None:
    """Return the document of the newest ``last`` batches; None where there is none that can be read."""
    try:
        found = json.loads((project.reports / "charts" / f"{last}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("charts"), dict) else None


def current(project: Project, last: int, live: str | None) -> dict[str, Any] | None:
    """Return the kept charts of the newest ``last`` batches, None when the ledger has gone on since."""
    found = read(project, last)
    is_current = found is not None and found.get("stamp") == stamp(project.ledger, live)
    return found["charts"] if found is not None and is_current else None


def stamp(ledger: Ledger, live: str | None) -> str:
    """Return words that change whenever a chart of the pages would be drawn or written another way."""
    score, incident = ledger.scores.touched(), ledger.incidents.latest()
    opened = incident["id"] if incident else "-"
    return " ".join(
        (FORMAT, *score, ledger.diagnoses.touched(), opened, live or "-", str(ledger.batches.last_order()))
    )


def trend(ledger: Ledger, last: int, live: str | None, run: int | None = None) -> dict[str, Any]:
    """Return the history that charts are drawn from, of many batches those that tell most.

    With ``run``, as it stood after that run.
    """
    found = [row for row in ledger.scores.drawn(last, through_run=run) if row["value"] is not None]
    kept = thinned([row["value"] for row in found], [row["verdict"] for row in found], DRAWN)
    drifts = ledger.diagnoses.drifts(DRIFTED, through_run=run)
    names = _names(ledger, [found[place]["order"] for place in kept] + [row["order"] for row in drifts])
    return {
        "live": live,
        "batches": len(found),
        "rows": [_row(found[place], place, names) for place in kept],
        "incidents": _opened(ledger, [found[place]["order"] for place in kept]),
        "drift": [
            {"name": names.get(row["batch"], row["batch"]), "columns": row["drift"]["columns"]}
            for row in drifts
        ],
    }


def _row(row: dict[str, Any], place: int, names: dict[str, str]) -> dict[str, Any]:
    """Return a score as the charts read it, with its place in the history."""
    named = {"name": names.get(row["batch"], row["batch"]), "score": row["value"], "place": place}
    return {key: value for key, value in row.items() if key not in ("value", "batch")} | named


def _names(ledger: Ledger, orders: list[int]) -> dict[str, str]:
    """Return the names of batches by their ids."""
    columns = [batches.c.id, batches.c.name]
    found = ledger.batches.find(batches.c.order.in_(sorted(set(orders))), columns=columns) if orders else []
    return {row["id"]: row["name"] for row in found}


def _opened(ledger: Ledger, orders: list[int]) -> list[dict[str, Any]]:
    """Return the newest incidents that were opened by one of the batches, oldest first."""
    found = ledger.incidents.newest(3 * MARKS)
    wanted = set(orders)
    return [{"order": row["order"], "id": row["id"]} for row in reversed(found) if row["order"] in wanted]
