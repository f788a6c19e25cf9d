"""Charts as drawings inside the page: text stays text; sentence and numbers stand below."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from vigil import charts
from vigil.charts import svg
from vigil.charts.marks import HALF, Drawing

#: Lines of the table behind a chart; the answers beside the page have all.
MOST = 60


def figure(name: str, returns: dict[str, Any]) -> str:
    """Return one chart with its sentence and its table; the sentence alone when there is nothing to draw."""
    found, words = charts.placed(name, returns)
    if found is None:
        return f'<p class="caption">{escape(words)}</p>'
    broad = ' class="broad"' if found.width > HALF else ""
    about = f" <span>{escape(found.subtitle)}</span>" if found.subtitle else ""
    head = f'<p class="heading"><b>{escape(found.title)}</b>{about}</p>'
    caption = f"<figcaption>{escape(words)}</figcaption>"
    return f"<figure{broad}>{head}{svg.svg(found, name)}{svg.key(found)}{caption}{_numbers(found)}</figure>"


def _numbers(drawing: Drawing) -> str:
    """Return the table behind a drawing, folded in."""
    shown, total = drawing.rows[:MOST], len(drawing.rows)
    if not shown:
        return ""
    heads = _row(drawing.heads, drawing.sides, 'th scope="col"')
    rows = "".join(_row(row, drawing.sides, "td") for row in shown)
    rest = f"<p>The first {len(shown)} of {total:,} lines.</p>" if len(shown) < total else ""
    table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>"
    return (
        "<details><summary>The numbers behind it</summary>"
        f'<div class="wide" tabindex="0">{table}</div>{rest}</details>'
    )


def _row(cells: Sequence[str], sides: str, tag: str) -> str:
    """Return a line of the table; numbers stand at the right."""
    looks = (' class="n"' if side == "r" else "" for side in sides)
    told = [f"<{tag}{look}>{escape(cell)}</{tag[:2]}>" for cell, look in zip(cells, looks, strict=True)]
    return f"<tr>{''.join(told)}</tr>"
