"""Which release is live: one small file, replaced in one step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vigil.errors import BundleError
from vigil.storage import durable

#: The pointer's file name in the production folder.
NAME = "live.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The live release, and the one that was live before it (None for the first)."""

    release: str
    previous: str | None = None


def read(folder: Path) -> Pointer | None:
    """Return the pointer of a production folder, None when nothing was ever deployed.

    Raises BundleError when the file is there and cannot be used.
    """
    path = folder / NAME
    try:
        stored = json.loads(path.read_bytes())
        pointer = Pointer(stored["release"], stored["previous"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(f"cannot be read ({error.strerror}).", where=str(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not (is_id(pointer.release) and (pointer.previous is None or is_id(pointer.previous))):
        raise _damaged(path)
    return pointer


def write(folder: Path, release: str, previous: str | None) -> None:
    """Make `release` the live one; a reader sees the old pointer or the new one, never a part."""
    text = json.dumps(asdict(Pointer(release, previous))) + "\n"
    durable.write_atomic(folder / NAME, text.encode())


def is_id(value: Any) -> bool:
    """Tell whether a value may name a bundle: letters and digits, so that it names no other path."""
    return isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= 64


def _damaged(path: Path) -> BundleError:
    hint = "To have it written anew, name the live release: python deployment.py --rollback RELEASE"
    return BundleError("the pointer to the live release is damaged.", where=str(path), hint=hint)
