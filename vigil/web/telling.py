"""What each chart of the first page shows, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vigil.web.drawing.canvas import short
from vigil.web.drawing.curve import Curve
from vigil.web.drawing.heat import Heat


def score(curve: Curve | None, title: str) -> str:
    """Say how the score went over the batches that are drawn."""
    if curve is None:
        return ""
    newest, values = curve.rows[-1], [row["value"] for row in curve.rows]
    said = f"{title} over {curve.count:,} batches: from {min(values):.4g} to {max(values):.4g}"
    said += f", {newest['value']:.4g} at the newest, {short(newest['name'])}"
    level = f"; alarm level {newest['level']:.4g}" if newest["level"] is not None else ""
    switches = f"; {_times(len(curve.switches), 'another release took over')}" if curve.switches else ""
    incidents = f"; {_times(len(curve.incidents), 'an incident was opened')}" if curve.incidents else ""
    thinned = (
        f" {len(curve.rows):,} of them are drawn, every low among them."
        if len(curve.rows) < curve.count
        else ""
    )
    return f"{said}{level}{switches}{incidents}.{thinned}"


def evidence(curve: Curve | None) -> str:
    """Say how the evidence went."""
    if curve is None:
        return ""
    most = max(curve.rows, key=lambda row: float(row["e_value"]))
    newest, alarm = curve.rows[-1]["e_value"], curve.rows[-1]["alarm_at"]
    peak = f"{weight(most['e_value'])}, at {short(most['name'])}"
    return f"Evidence {weight(newest)} of {alarm:.4g} at the newest batch; the most was {peak}."


def drift(drawn: Heat | None, columns: Sequence[Mapping[str, Any]]) -> str:
    """Say which columns drift in the newest batch."""
    if drawn is None:
        return ""
    found = [short(column["column"]) for column in columns if column["verdict"] == "drift"]
    lasting = [short(column["column"]) for column in columns if column.get("lasting")]
    if not drawn.cells:
        return f"No column drifted in the newest {drawn.batches} batches that were diagnosed."
    said = f"{len(found)} of {len(columns)} columns drift in {short(drawn.last)}"
    said += f": {_listed(found)}." if found else "."
    return said + (f" Established over many batches: {_listed(lasting)}." if lasting else "")


def delay(labels: Mapping[str, Any] | None) -> str:
    """Say how long labels take."""
    curve = (labels or {}).get("delays") or []
    half = next((one for one in curve if one["share"] >= 0.5), None)
    waiting = sum(one["rows"] - one["labelled"] for one in (labels or {}).get("waiting") or [])
    begun = (
        f"Half of the rows have their label after {half['days']:.3g} days"
        if half
        else "Most labels are still out"
    )
    return f"{begun}; {waiting:,} rows wait for theirs."


def traffic(routes: Sequence[Mapping[str, Any]]) -> str:
    """Say what the service answered, and how fast it predicts."""
    total, faults = (sum(row[key] for row in routes) for key in ("requests", "errors"))
    said = f"{total:,} requests since the service started, {faults:,} of them ended in a fault."
    asked = next((row for row in routes if row["route"] == "/prediction"), None)
    if asked is None or asked["p99"] is None:
        return f"{said} No prediction was asked for."
    half, most = f"{asked['median']:.3g} ms", f"{asked['p99']:.3g} ms"
    return f"{said} Of {asked['requests']:,} predictions half took at most {half}, 99 % at most {most}."


def weight(e_value: float | None) -> str:
    """Write evidence, which may be too large to mean more; a dash for none."""
    if e_value is None:
        return "–"
    return f"{e_value:,.3g}" if e_value < 1000 else f"{e_value:,.0f}" if e_value < 1e6 else "over 1,000,000"


def _times(count: int, what: str) -> str:
    return f"once {what}" if count == 1 else f"{count} times {what}"


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
