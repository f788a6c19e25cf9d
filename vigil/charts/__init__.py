"""The figures: one chart per file, found by the file's name, computed once and written for page and paper.

A chart is a file of this room with two functions. ``draw(returns)`` gives a ``Drawing`` of
``vigil.charts.marks``, or None when the service's answers hold nothing to draw. ``describe(returns)``
says in a sentence or two what the figure shows, or why there is none. No chart needs matplotlib: a page
is written by ``svg``, paper by ``paper``, both from the same drawing.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vigil import plugins

if TYPE_CHECKING:
    from vigil.charts.marks import Drawing


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of all charts, sorted."""
    return tuple(name for name in plugins.names(__path__) if hasattr(_module(name), "describe"))


def draw(name: str, returns: dict[str, Any]) -> Drawing | None:
    """Return one chart with its sentence, or None when its data is absent. Raises KeyError for no chart."""
    found: Drawing | None = _chart(name).draw(returns)
    return replace(found, summary=describe(name, returns)) if found is not None else None


def drawn(returns: dict[str, Any], only: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Return every chart, or some, as JSON by its name, to be kept: its words, and its drawing or None."""
    found = {name: (describe(name, returns), draw(name, returns)) for name in only or names()}
    return {
        name: {"words": words, "drawing": drawing.as_json() if drawing is not None else None}
        for name, (words, drawing) in found.items()
    }


def placed(name: str, returns: dict[str, Any]) -> tuple[Drawing | None, str]:
    """Return a chart and its words as a document places them: as they were kept, under ``charts``.

    Answers from before charts were kept have none; theirs are drawn here. Raises KeyError for no chart.
    """
    kept = returns.get("charts", {}).get(name)
    if kept is None:
        return draw(name, returns), describe(name, returns)
    from vigil.charts.marks import Drawing

    drawing = kept["drawing"]
    return Drawing.from_json(drawing) if drawing is not None else None, kept["words"]


def describe(name: str, returns: dict[str, Any]) -> str:
    """Return what the chart shows in words. Raises KeyError for no such chart."""
    words: str = _chart(name).describe(returns)
    return words


def _chart(name: str) -> ModuleType:
    """Return the chart's file."""
    if name not in names():
        raise KeyError(name)
    return _module(name)


def _module(name: str) -> ModuleType:
    """Return one file of this room."""
    return importlib.import_module(f"{__name__}.{name}")
