"""Which release is on trial beside the live one: one small file, replaced or removed in one step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from vigil.bundles import pointer
from vigil.errors import BundleError
from vigil.storage import durable

#: The file's name in the production folder.
NAME = "trial.json"

Kind = Literal["shadow", "canary"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial: the decision that began it, how and which release is tried, since when.

    A ``shadow`` answers every row silently; a ``canary`` answers the ``share`` of cases, which is 1 for a
    shadow.
    """

    id: str
    kind: Kind
    release: str
    share: float
    since: str


def read(folder: Path) -> Trial | None:
    """Return the trial of a production folder, None where there is none.

    Raises BundleError when the file is there and cannot be used.
    """
    path = folder / NAME
    try:
        stored = json.loads(path.read_bytes())
        found = Trial(**stored)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(f"cannot be read ({error.strerror}).", where=str(path)) from error
    except (ValueError, TypeError) as error:
        raise _damaged(path) from error
    if not _is_sound(found):
        raise _damaged(path)
    return found


def is_on(folder: Path) -> bool:
    """Tell whether there is a trial, sound or not."""
    return (folder / NAME).exists()


def write(folder: Path, trial: Trial) -> None:
    """Let a trial begin; a reader sees the state before or this one, never a part."""
    durable.write_atomic(folder / NAME, f"{json.dumps(asdict(trial))}\n".encode())


def end(folder: Path) -> None:
    """End the trial, if there is one."""
    durable.remove(folder / NAME)
    durable.sync(folder)


def _is_sound(found: Trial) -> bool:
    share: Any = found.share
    is_share = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share <= 1
    texts = all(isinstance(text, str) for text in (found.id, found.since))
    return texts and is_share and found.kind in ("shadow", "canary") and pointer.is_id(found.release)


def _damaged(path: Path) -> BundleError:
    hint = "End it: python deployment.py --end-trial"
    return BundleError("the file about the trial is damaged.", where=str(path), hint=hint)
