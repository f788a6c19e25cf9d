"""Charts as drawings inside the page: their letters stay text, their sentence stands below."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from vigil import charts
from vigil.charts import style
from vigil.charts.saving import to_svg

_NAMED = re.compile(r' id="([^"]*)"')
_REFERRED = re.compile(r'(?:url\(#|href="#)([^")]+)')


def figure(name: str, returns: dict[str, Any], drawn: set[str]) -> str:
    """Return one chart with its sentence; the sentence alone when there is nothing to draw.

    ``drawn`` holds the names of the page's charts so far: each drawing's inner names begin with its own.
    """
    sentence = escape(charts.describe(name, returns))
    found = charts.draw(name, returns)
    if found is None:
        return f'<p class="caption">{sentence}</p>'
    prefix = f"{name}{len(drawn)}"
    drawn.add(prefix)
    broad = ' class="broad"' if found.get_size_inches()[0] > style.HALF else ""
    drawing = _inner(to_svg(found, letters="text").decode(), prefix, sentence)
    return f"<figure{broad}>{drawing}<figcaption>{sentence}</figcaption></figure>"


def _inner(svg: str, prefix: str, sentence: str) -> str:
    """Return a drawing as it may stand in a page: no preamble, no name twice, a sentence for its readers."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    used = set(_REFERRED.findall(svg))
    svg = _NAMED.sub(lambda name: f' id="{prefix}-{name[1]}"' if name[1] in used else "", svg)
    svg = svg.replace("url(#", f"url(#{prefix}-").replace('href="#', f'href="#{prefix}-')
    return svg.replace("<svg", f'<svg role="img" aria-label="{sentence}"', 1).strip()
