"""The score by group: configured slices, the places where it is worse, and how sensitive groups fare."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, rows
from vigil.documents.content import Block, Table, section, text

#: Columns whose groups are printed.
_MOST_COLUMNS = 6


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the score by group, the slices that are worse than the rest, and the fairness measures."""
    worst = rows(returns, "diagnostics", "slices", "worst")
    by_column = rows(returns, "diagnostics", "slices", "by_column")
    fair = rows(returns, "diagnostics", "slices", "fairness")
    found = [*_worst_slices(returns, worst)]
    for column in by_column[:_MOST_COLUMNS]:
        found += _groups(returns, column)
    for column in fair[:_MOST_COLUMNS]:
        found += _fairness(column)
    return found


def _worst_slices(returns: dict[str, Any], worst: list[dict[str, Any]]) -> list[Block]:
    """Return the slices in which the model fails more often than elsewhere."""
    if not worst:
        return []
    metric = wording.sentence(wording.metric(at(returns, "diagnostics", "slices", "metric")))
    lines = [
        [
            _where(one.get("where")),
            wording.count(one.get("rows")),
            wording.score(one.get("score")),
            wording.percent(one.get("failures")),
            wording.percent(one.get("failures_elsewhere")),
        ]
        for one in worst
    ]
    note = (
        "Found on one half of the newest batch and confirmed on the other, which the numbers are of; "
        "a slice that is no worse than the rest is named with probability 0.05 at most."
    )
    heads = ("Slice", "Rows", metric, "Failures", "Elsewhere")
    shown = Table(heads, lines, (52, 10, 12, 13, 13), "lrrrr")
    return [section("Where it is worse than elsewhere"), shown, text(note, "note")]


def _groups(returns: dict[str, Any], column: dict[str, Any]) -> list[Block]:
    """Return one column's groups with their scores."""
    metric = wording.sentence(wording.metric(at(returns, "diagnostics", "slices", "metric")))
    groups = rows(column, "groups")
    lines = [
        [
            wording.shorten(group.get("group") or "", 40),
            wording.count(group.get("rows")),
            wording.score(group.get("score")),
            wording.interval([group.get("low"), group.get("high")]) if group.get("low") is not None else "",
        ]
        for group in groups
    ]
    title = section(f"By {wording.shorten(column.get('column') or '', 40)}")
    shown = Table(("Group", "Rows", metric, "95 % interval"), lines, (40, 15, 15, 30), "lrrl")
    return [title, shown, text("All batches that the release has met.", "note")]


def _fairness(column: dict[str, Any]) -> list[Block]:
    """Return how a sensitive column's groups fare."""
    keys = ("positive", "found")
    lines = [
        [
            wording.shorten(group.get("group") or "", 40),
            wording.count(group.get("rows")),
            *(wording.percent(group.get(key)) for key in keys),
        ]
        for group in rows(column, "groups")
    ]
    name = wording.shorten(column.get("column") or "", 40)
    said = (
        f"Demographic parity: positive answers differ by {wording.percent(column.get('parity'))}. "
        f"Equal opportunity: true positives found differ by {wording.percent(column.get('opportunity'))}. "
        f"Disparate impact: {wording.score(column.get('impact'))} (below 0.8 fails the four-fifths rule)."
    )
    heads = ("Group", "Rows", "Positive answers", "True positives found")
    shown = Table(heads, lines, (40, 16, 20, 24), "lrrr")
    return [section(f"Fairness by {name}"), shown, text(said)]


def _where(places: Any) -> str:
    """Write a slice's groups."""
    pairs = places if isinstance(places, list) else []
    named = [f"{wording.shorten(pair[0], 30)}: {wording.shorten(pair[1], 30)}" for pair in pairs]
    return " and ".join(named)
