"""Vigil keeps deployed tabular models true: the machinery behind the root files."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

__version__ = "0.1.0"

_ROOT = Path(__file__).resolve().parents[1]


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one line that this Python lacks a package that the project needs; tell all else as ever."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    if not name or name.partition(".")[0] == "vigil":
        sys.__excepthook__(kind, error, trace)
        return
    made = _ROOT / ".venv"
    ready = (made / "bin" / "python").exists() and Path(sys.prefix) != made
    how = "source .venv/bin/activate" if ready else "make install, then source .venv/bin/activate"
    print(f"{sys.executable} has no package {name!r}. In {_ROOT} type: {how}", file=sys.stderr)


# Only where a root file was started: whoever imports the package keeps what they have.
_STARTED = getattr(sys.modules["__main__"], "__file__", None)
if _STARTED and Path(_STARTED).resolve().parent == _ROOT:
    sys.excepthook = _told
