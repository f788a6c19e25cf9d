"""A kept chart as a page shows it: its drawing as SVG, its key, its words and its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vigil.charts import svg
from vigil.charts.marks import Drawing


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart for a template; ``drawn`` and ``key`` are safe HTML, and empty when nothing is drawn."""

    words: str
    drawn: Markup
    key: Markup
    title: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sides: str

    @classmethod
    def of(cls, name: str, kept: dict[str, Any]) -> Picture:
        """Return a chart from its words and its drawing, as ``vigil.charts.drawn`` gives them."""
        if kept["drawing"] is None:
            return cls(kept["words"], Markup(""), Markup(""), "", "", (), (), "")
        drawing = Drawing.from_json(kept["drawing"])
        written, key = svg.svg(drawing, name), svg.key(drawing)
        # Both are written by ``vigil.charts.svg``, which escapes every name in them.
        return cls(
            kept["words"],
            Markup(written),  # noqa: S704
            Markup(key),  # noqa: S704
            drawing.title,
            drawing.subtitle,
            drawing.heads,
            drawing.rows,
            drawing.sides,
        )
