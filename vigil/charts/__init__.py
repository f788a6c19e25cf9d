"""The figures: one chart per file, found by the file's name.

A chart is a file of this room with two functions. ``draw(returns)`` gives a matplotlib figure, or
None when the service's answers hold nothing to draw. ``describe(returns)`` says in one sentence what
the figure shows, or why there is none.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def names() -> list[str]:
    """Return the names of all charts, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if hasattr(_module(name), "draw"))


def draw(name: str, returns: dict[str, Any]) -> Figure | None:
    """Return one chart as a figure, or None when its data is absent. Raises KeyError for no such chart."""
    figure: Figure | None = _chart(name).draw(returns)
    return figure


def describe(name: str, returns: dict[str, Any]) -> str:
    """Return one sentence that says what the chart shows. Raises KeyError for no such chart."""
    sentence: str = _chart(name).describe(returns)
    return sentence


def _chart(name: str) -> ModuleType:
    """Return the chart's file."""
    if name not in names():
        raise KeyError(name)
    return _module(name)


def _module(name: str) -> ModuleType:
    """Return one file of this room."""
    return importlib.import_module(f"{__name__}.{name}")
