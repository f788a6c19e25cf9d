"""What a valid row is: inferred once, kept in a file that people edit, checked on every file.

Heavy libraries come only with ``infer`` and ``check``; ``vigil.contract.rows`` types a request's
rows without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.contract.files import diff, forget, history, load, pending, refresh, save, withdrawn

if TYPE_CHECKING:
    from vigil.contract.checking import Checked, check
    from vigil.contract.guesses import settled
    from vigil.contract.inference import infer

__all__ = [
    "Checked",
    "check",
    "diff",
    "forget",
    "history",
    "infer",
    "load",
    "pending",
    "refresh",
    "save",
    "settled",
    "withdrawn",
]

_LATE = {"Checked": "checking", "check": "checking", "infer": "inference", "settled": "guesses"}


def __getattr__(name: str) -> Any:
    """Import what needs pyarrow when it is first asked for."""
    import importlib

    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)
