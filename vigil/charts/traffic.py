"""How fast the service answers: for each route the time within which 99 of 100 answers came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vigil.charts import bars, wording
from vigil.charts.marks import Drawing
from vigil.charts.reading import number, rows

_MOST = 10


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when nothing was answered yet."""
    found = [one for one in _routes(returns) if number(one.get("p99")) is not None]
    if not found:
        return None
    told: list[bars.Bar] = [
        (str(one.get("route")), number(one.get("p99")) or 0.0, number(one.get("median")))
        for one in found[:_MOST]
    ]
    heads = ("Route", "99 % within", "Half within")
    key = ("99 % within", "half within")
    drawn = bars.drawing("Time to an answer", "the busiest routes first", told, _milliseconds, heads, key)
    return replace(
        drawn, heads=("Route", "Requests", "Faults", *key), rows=tuple(map(_line, found)), sides="lrrrr"
    )


def describe(returns: dict[str, Any]) -> str:
    """Say what the service answered, and how fast it predicts."""
    found = _routes(returns)
    total, faults = (sum(number(one.get(key)) or 0 for one in found) for key in ("requests", "errors"))
    if not total:
        return "No request has been answered since the service started."
    bad = wording.count(faults)
    told = f"{wording.plural(total, 'request')} since the service started, {bad} of them ended in a fault."
    asked = next((one for one in found if one.get("route") == "/prediction"), None)
    if asked is None or number(asked.get("p99")) is None:
        return f"{told} No prediction was asked for."
    half, most = (
        _milliseconds(number(asked.get("median")) or 0.0),
        _milliseconds(number(asked.get("p99")) or 0.0),
    )
    asked_for = wording.plural(asked.get("requests"), "prediction")
    return f"{told} Of {asked_for} half took at most {half}, 99 % at most {most}."


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    """Return what is known of one route."""
    times = (number(one.get(name)) for name in ("p99", "median"))
    written = (wording.NOTHING if value is None else _milliseconds(value) for value in times)
    return (
        str(one.get("route")),
        *(wording.count(one.get(name)) for name in ("requests", "errors")),
        *written,
    )


def _routes(returns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is known of each route, the busiest first, but for the pages' own files."""
    return [one for one in rows(returns, "traffic") if not str(one.get("route")).startswith("/static/")]


def _milliseconds(value: float) -> str:
    return f"{wording.figure(value)} ms"
