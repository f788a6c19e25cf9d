"""Plug-ins by the names of their files: what there is, and what was probably meant."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterable, Sequence


def names(room: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a room's files, sorted, without those that begin with an underscore.

    ``room`` is the room's ``__path__``. No file is imported.
    """
    found = (module.name for module in pkgutil.iter_modules(room))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def meant(name: str, known: Sequence[str], cutoff: float = 0.6) -> str:
    """Say which of the known names is like a wrong one; nothing where none is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"Did you mean {close[0]!r}?" if close else ""


def hint(name: str, there: Sequence[str]) -> str:
    """Say which was probably meant, and which there are."""
    return f"{meant(name, there, 0.5)} Known: {', '.join(there)}.".lstrip()
