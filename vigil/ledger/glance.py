"""Whether there is anything to do, asked with the standard library alone.

An idle tick ends here: it imports no database toolkit, reads no file of data, and takes no lock.
It errs on the side of work: whatever it cannot tell is left to the full tick.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

#: Facts that the last complete tick left behind for this look.
IDLE, CONFIG, CONTRACT = "idle", "config_digest", "contract_stamp"

#: The fact that says since when ticks are paused; empty when they are not.
PAUSED = "paused"

#: When somebody has to look at the outbox next, in seconds since 1970; empty when nothing waits.
ALERTS_DUE = "alerts_due"

#: How the release on trial compares, in words.
TRIAL = "trial"

#: How the labels stand, and when somebody has to look at them next, in seconds since 1970.
LABELS, LABELS_DUE = "labels", "labels_due"

#: The folder of labelled rows that are taken in like any other file.
LABELLED = "labelled"

#: Folders in which the service leaves segments, and how long an open one may rest before it is looked at.
COLLECTED = ("predictions", "outcomes")
RESTING_SECONDS = 120


def nothing_to_do(config_path: Path, folder: str | None = None) -> bool:
    """Return True when config, contract and every file in the folder are as the last tick left them."""
    try:
        text = config_path.read_bytes()
        config = json.loads(text)
        root = config_path.absolute().parent
        ledger = str(config.get("ledger", "sqlite:///ledger.db"))
        if not ledger.startswith("sqlite:///"):
            return False
        database = root / ledger.removeprefix("sqlite:///")
        project = str(config.get("name", "vigil"))
        incoming = Path(folder).absolute() if folder else root / config["input_folder_path"]
        output = root / config["output_folder_path"]
        contract = output / "contract.json"
        if contract.exists() and any(_to_collect(output / name / "segments") for name in COLLECTED):
            return False
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            facts = dict(connection.execute("SELECT key, value FROM facts WHERE project = ?", (project,)))
            expected = {IDLE: "yes", CONFIG: digest_of(text), CONTRACT: stamp_of(contract)}
            if any(facts.get(key) != value for key, value in expected.items()):
                return False
            if time.time() >= float(facts.get(LABELS_DUE) or "inf"):
                return False
            query = "SELECT path, size, mtime_ns, inode FROM files WHERE project = ?"
            known = {path: tuple(stamp) for path, *stamp in connection.execute(query, (project,))}
        others = [output / LABELLED]
        if outcomes := config.get("outcomes_folder_path"):
            others.append(root / outcomes)
        return all(known.get(path_key(path, root)) == seen for path, seen in stamped(incoming, *others))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, sqlite3.Error):
        return False


def alerts(config_path: Path) -> dict[str, Any]:
    """Return the config's raw section ``alerts``, empty where there is none."""
    found = json.loads(config_path.read_bytes()).get("alerts")
    return found if isinstance(found, dict) else {}


def something_to_tell(config_path: Path) -> bool:
    """Say whether a message, a repeat or a digest is due; the ledger is a SQLite file, and at rest."""
    config = json.loads(config_path.read_bytes())
    name = str(config.get("ledger", "sqlite:///ledger.db")).removeprefix("sqlite:///")
    database = config_path.absolute().parent / name
    query = "SELECT value FROM facts WHERE project = ? AND key = ?"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        found = connection.execute(query, (str(config.get("name", "vigil")), ALERTS_DUE)).fetchone()
    return time.time() >= float((found[0] if found else "") or "inf")


def mark(config_path: Path) -> Path:
    """Return the file whose time says when a tick last looked."""
    return config_path.with_name(f".{config_path.name}.tick")


def looked(config_path: Path) -> None:
    """Leave word that a tick has looked, whatever it found, where the folder can be written."""
    with suppress(OSError):
        mark(config_path).touch()


def stamped(folder: Path, *others: Path) -> list[tuple[Path, tuple[int, int, int]]]:
    """Return what could be data in a folder, with its stamp: plain files, neither hidden nor temporary.

    Links are followed, also out of the folder; what goes away meanwhile, or leads round in a circle, is
    passed over. ``others`` are looked into where they are there.
    """
    found = []
    for place in (folder, *(other for other in others if other.is_dir())):
        with os.scandir(place) as entries:
            for entry in entries:
                try:
                    if _is_candidate(entry):
                        found.append((Path(entry.path), stamp(entry.stat())))
                except OSError:
                    continue
    return found


def path_key(path: Path, root: Path) -> str:
    """Return the path as the ledger keeps it: relative to the config where it can be, always valid text."""
    text, within = os.fspath(path), os.path.join(root, "")  # noqa: PTH118 — asked of every file at each look
    if text.startswith(within):
        text = text[len(within) :]
    elif path.is_relative_to(root):
        text = str(path.relative_to(root))
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def stamp(status: os.stat_result) -> tuple[int, int, int]:
    """Return size, mtime in nanoseconds, and inode: what tells a known file from a changed one."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def stamp_of(path: Path) -> str:
    """Return a file's stamp as text, empty when there is no file."""
    try:
        return " ".join(map(str, stamp(path.stat())))
    except FileNotFoundError:
        return ""


def digest_of(text: bytes) -> str:
    """Return the SHA-256 of a config's bytes."""
    return hashlib.sha256(text).hexdigest()


def _to_collect(folder: Path) -> bool:
    """Tell whether a folder holds a closed segment, or one whose writer may have been killed."""
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        return any(
            entry.name.endswith(".seg")
            or (entry.name.endswith(".open") and time.time() - entry.stat().st_mtime > RESTING_SECONDS)
            for entry in entries
        )


def _is_candidate(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith((".", "~")) or entry.name.endswith((".tmp", ".part", ".swp", "~"))
    return not hidden and entry.is_file()
