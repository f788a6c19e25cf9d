"""The data itself: what changed, what is missing, and what each column holds."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, number, rows
from vigil.documents.content import Block, Table, chapter, charts, more, section, text

_MOST = 40
_MOST_DRIFT = 12


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the chart of missing cells and the summary statistics."""
    columns = rows(returns, "summarystats", "columns")
    if not columns:
        return [chapter("Data quality"), text("There are no rows to summarise yet.")]
    shown = columns[:_MOST]
    known = [column for column in shown if number(column.get("mean")) is not None]
    dated = [column for column in known if column.get("kind") == "date"]
    measured = [column for column in known if column not in dated]
    named = [column for column in shown if column not in known]
    return [
        chapter("Data quality"),
        *_drift(returns),
        text(_scope(returns, len(columns)), "lead"),
        charts("missing"),
        *_measured(measured),
        *_dated(dated),
        *_named(named),
        *more(len(shown), len(columns), "columns; the service's /summarystats lists them all"),
    ]


def _drift(returns: dict[str, Any]) -> list[Block]:
    """Return what changed since the release was trained: one line a column, what drifted first."""
    found = rows(returns, "diagnostics", "drift")
    if not found:
        return []
    shown, batch = found[:_MOST_DRIFT], at(returns, "diagnostics", "drift_of", "name")
    heads = ("Column", "Was → is", "Effect", "Matters from", "p", "Verdict")
    lines = [
        [
            wording.shorten(column.get("column") or "", 40),
            _without_name(column),
            *(_decimals(column.get(key)) for key in ("effect", "floor")),
            _chance(column.get("p_value")),
            _drift_verdict(column, batch),
        ]
        for column in shown
    ]
    return [
        text(_drift_lead(returns, found), "lead"),
        charts("drift"),
        Table(heads, lines, (22, 38, 9, 11, 11, 14), "llrrrl"),
        *more(len(shown), len(found), "columns; the service's /diagnostics lists them all"),
    ]


def _drift_lead(returns: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """Say in a sentence whether the batch is like the rows that the release was trained on."""
    batch = wording.shorten(at(returns, "diagnostics", "drift_of", "name") or "the newest batch", 40)
    changed = sum(column.get("verdict") == "drift" or bool(column.get("lasting")) for column in found)
    against = "what its release was trained on"
    if at(returns, "diagnostics", "drift_of", "verdict") == "too little data":
        return f"{batch} has too few rows to be compared with {against}."
    also = _small(sum(_is_small(column) for column in found))
    if not changed:
        return f"{batch} is like {against}: no column differs by enough to matter.{also}"
    return f"{batch} differs from {against} in {changed} of {wording.plural(len(found), 'column')}.{also}"


def _small(count: int) -> str:
    """Say how many columns differ by more than chance, and by too little to matter."""
    if not count:
        return ""
    differ = "differ" if count > 1 else "differs"
    return f" {wording.plural(count, 'column')} {differ} by more than chance, and too little to matter."


def _is_small(column: dict[str, Any]) -> bool:
    """Say whether a column differs by more than chance, and does not drift."""
    return column.get("verdict") == "none" and bool(column.get("significant")) and not column.get("lasting")


def _drift_verdict(column: dict[str, Any], batch: Any) -> str:
    """Return the verdict in words; what one batch has established is no matter of many."""
    if column.get("lasting"):
        since = column.get("since")
        is_old = since and since != batch
        return f"drift that lasts, since {wording.shorten(since, 30)}" if is_old else "drift, beyond doubt"
    if column.get("verdict") == "none":
        return "differs too little to matter" if _is_small(column) else "as before"
    return wording.shorten(column.get("verdict") or "", 20)


def _decimals(value: Any) -> str:
    """Write an effect with three decimals, and less than that as such."""
    found = number(value)
    if found is None:
        return wording.NOTHING
    return "< 0.001" if 0 < found < 0.001 else f"{found:.3f}"


def _chance(value: Any) -> str:
    """Write a p-value with three decimals; one that is too small for a number is not zero."""
    return "< 0.001" if number(value) == 0 else _decimals(value)


def _without_name(column: dict[str, Any]) -> str:
    """Return what was and what is, without the column's name in front."""
    words, name = str(column.get("words") or ""), f"{column.get('column')}: "
    return words.removeprefix(name)


def _scope(returns: dict[str, Any], columns: int) -> str:
    """Say which rows are summarised."""
    what = "one batch" if at(returns, "summarystats", "scope") == "batch" else "the whole table"
    amount = wording.plural(at(returns, "summarystats", "rows"), "row")
    return f"Summary of {what}: {amount} in {wording.plural(columns, 'column')}."


def _measured(columns: list[dict[str, Any]]) -> list[Block]:
    """Return the table of the columns that hold numbers."""
    keys = ("mean", "std", "minimum", "median", "maximum")
    lines = [[*_common(column), *(wording.figure(column.get(key)) for key in keys)] for column in columns]
    heads = ("Column", "Cells", "Missing", "Mean", "Std", "Min", "Median", "Max")
    found = Table(heads, lines, (26, 10, 10, 13, 13, 13, 13, 14), "lrrrrrrr")
    return [section("Numbers"), found] if lines else []


def _dated(columns: list[dict[str, Any]]) -> list[Block]:
    """Return the table of the columns that hold dates."""
    keys = ("minimum", "median", "maximum")
    lines = [[*_common(column), *(wording.day_of(column.get(key)) for key in keys)] for column in columns]
    heads = ("Column", "Cells", "Missing", "Earliest", "Median", "Latest")
    found = Table(heads, lines, (26, 10, 10, 18, 18, 18), "lrrrrr")
    return [section("Dates"), found] if lines else []


def _named(columns: list[dict[str, Any]]) -> list[Block]:
    """Return the table of the columns that hold words, or nothing yet."""
    lines = [
        [*_common(column), wording.count(column.get("distinct")), _frequent(column)] for column in columns
    ]
    heads = ("Column", "Cells", "Missing", "Distinct", "Most frequent")
    found = Table(heads, lines, (26, 10, 10, 10, 52), "lrrrl")
    return [section("Categories and texts"), found] if lines else []


def _common(column: dict[str, Any]) -> list[str]:
    """Return what every column has: its name, its cells, its missing share."""
    name = wording.shorten(column.get("name") or "", 40) or "(no name)"
    role = column.get("role")
    name += f" ({role})" if role in {"target", "key", "time"} else ""
    return [name, wording.count(column.get("count")), wording.percent(column.get("missing_share"))]


def _frequent(column: dict[str, Any]) -> str:
    """Return the most frequent levels with their counts."""
    found = column.get("most_frequent")
    pairs = (
        [pair for pair in found if isinstance(pair, list) and len(pair) == 2]
        if isinstance(found, list)
        else []
    )
    written = ", ".join(
        f"{wording.shorten(level, 22)} ({wording.count(times)})" for level, times in pairs[:3]
    )
    return written or wording.often(column) or _most_of(column)


def _most_of(column: dict[str, Any]) -> str:
    """Say how frequent a level can be at most, where there are too many to be named."""
    found, whole = column.get("most_frequent_rows"), number(column.get("count"))
    most = number(found[1]) if isinstance(found, list) and len(found) == 2 else None
    if most is None or not whole or column.get("most_frequent") is not None:
        return wording.NOTHING
    return f"none has more than {wording.percent(most / whole)}"
