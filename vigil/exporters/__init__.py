"""Where a project's trainings can be sent: one file each, found by its name.

A file ``<name>.py`` here holds ``export(runs, url, project) -> int``: it sends what is not there yet and
returns how many runs it sent. ``runs`` are those of ``comparing.runs.rows``.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from vigil import plugins
from vigil.errors import VigilError


def names() -> tuple[str, ...]:
    """Return the names of all exporters, sorted."""
    return plugins.names(__path__)


def export(name: str, runs: Sequence[dict[str, Any]], url: str, project: str) -> int:
    """Send runs to a server; return how many were new to it. Raises VigilError when that fails."""
    if name not in names():
        raise VigilError(
            f"{name!r} is no exporter.", where="--export", hint=f"There is: {', '.join(names())}."
        )
    sent: int = importlib.import_module(f"{__name__}.{name}").export(runs, url, project)
    return sent
