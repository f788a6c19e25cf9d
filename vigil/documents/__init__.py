"""The documents of a run: one kind per file, made from the service's answers alone.

A document is a file of this room with ``NAME``, the file's name in the run's folder, and
``build(returns) -> bytes``. The same answers give the same bytes.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from vigil import plugins


def names() -> list[str]:
    """Return the file names of all documents, sorted."""
    return sorted(_kinds())


def build(name: str, returns: dict[str, Any]) -> bytes:
    """Return one document's bytes, from what ``apireturns.json`` holds.

    Raises KeyError when there is no document of that file name.
    """
    made: bytes = _kinds()[name].build(returns)
    return made


def _kinds() -> dict[str, ModuleType]:
    """Return the files of this room that are documents, by the name that each one writes."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in plugins.names(__path__)]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}
