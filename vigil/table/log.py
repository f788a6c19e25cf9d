"""The table's log on disk: which entries are whole, and what a power cut has torn.

An entry of ours says how many actions it holds (`ACTIONS`), so that one cut off between two lines is
found out too. Entries are synced one by one: only those at the end can be torn.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from vigil.storage import durable

#: The note in an entry's commitInfo: how many adds, removes and transactions follow.
ACTIONS = "vigil.actions"
_COUNTED = ("add", "remove", "txn")


def folder(root: Path) -> Path:
    """Return the folder of the log."""
    return root / "_delta_log"


def entry(root: Path, version: int) -> Path:
    """Return the path of one version's entry."""
    return folder(root) / f"{version:020}.json"


def newest(root: Path, known: int | None = None) -> int | None:
    """Return the number of the newest entry, whole or torn, or None when there is none.

    Entries have no gaps, so that the search goes up from a known one, else from the last checkpoint.
    """
    version = known if known is not None else _hinted(root)
    if version is None or not entry(root, version).exists():
        names = folder(root).glob("*.json") if folder(root).is_dir() else ()
        return max((int(path.stem) for path in names if path.stem.isdigit()), default=None)
    # Asked before every read, so that it goes without the making of paths.
    log = os.fspath(folder(root))
    while os.path.exists(f"{log}/{version + 1:020}.json"):  # noqa: PTH110
        version += 1
    return version


def newest_sound(root: Path, known: int | None = None) -> int | None:
    """Return the number of the newest whole entry, or None when there is none; ``known`` is whole."""
    version = newest(root, known)
    while version is not None and version >= 0 and version != known and not _is_whole(entry(root, version)):
        version -= 1
    return None if version is None or version < 0 else version


def checkpoint_files(root: Path, version: int) -> list[Path]:
    """Return the files of the checkpoint at a version."""
    return [*_checkpoints(root).get(version, []), folder(root) / "_last_checkpoint"]


def superseded(root: Path) -> list[Path]:
    """Return the files of checkpoints that nobody begins with any more: all but those of the newest two.

    Every entry is kept, so that a version before the oldest checkpoint is read from the entries alone. The
    second newest is left to readers that were about to open it.
    """
    found = _checkpoints(root)
    return [path for version in sorted(found)[:-2] for path in found[version]]


def set_torn_aside(root: Path, known: int | None = None) -> list[str]:
    """Move torn entries and checkpoints into ``_torn/``; return the names moved; ``known`` is whole."""
    last, sound = newest(root, known), newest_sound(root, known)
    if last is None:
        return []
    torn = [entry(root, version) for version in range((-1 if sound is None else sound) + 1, last + 1)]
    found, hinted, hint = _checkpoints(root), _hinted(root), folder(root) / "_last_checkpoint"
    torn += [path for paths in found.values() for path in paths if not _is_parquet(path)]
    noted = [] if hinted is None else found.get(hinted, [])
    if hint.exists() and not (noted and all(_is_parquet(path) for path in noted)):
        torn.append(hint)
    for path in torn:
        _move(path, root / "_torn")
    return [path.name for path in torn]


def set_aside(path: Path, root: Path) -> None:
    """Move a damaged data file into ``_torn/``, if it is there."""
    if path.exists():
        _move(path, root / "_torn")


def _is_whole(path: Path) -> bool:
    """Say whether every action of an entry is there."""
    try:
        actions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, ValueError):
        return False
    if not actions or not all(isinstance(action, dict) for action in actions):
        return False
    info: dict[str, Any] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    found = sum(name in action for action in actions for name in _COUNTED)
    return ACTIONS not in info or info[ACTIONS] == str(found)


def _hinted(root: Path) -> int | None:
    """Return the version of the last checkpoint, by the note about it, if that can be read."""
    try:
        return int(json.loads((folder(root) / "_last_checkpoint").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_parquet(path: Path) -> bool:
    """Say whether a Parquet file ends as it begins."""
    with path.open("rb") as file:
        first = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        return size >= 12 and first == file.read(4) == b"PAR1"


def _checkpoints(root: Path) -> dict[int, list[Path]]:
    """Return the files of each checkpoint, by its version."""
    found: dict[int, list[Path]] = {}
    for path in sorted(folder(root).glob("*.checkpoint*.parquet")):
        found.setdefault(int(path.name.split(".")[0]), []).append(path)
    return found


def _move(path: Path, where: Path) -> None:
    """Move a file aside under a free name, for a person to look at."""
    where.mkdir(exist_ok=True)
    target = where / path.name
    turn = 1
    while target.exists():
        target = where / f"{path.name}.{turn}"
        turn += 1
    durable.move(path, target)
