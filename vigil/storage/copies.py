"""Working copies: folders of this machine brought in line with what their home has.

The home is the truth. At the beginning of every run, under the project's lock, what it has and the folder
has not is fetched, and what the folder has and the home has not is deleted: the end of a run that was cut
off between the two. The first run with a storage sends everything there, and marks it as the project's.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vigil.errors import StorageError
from vigil.storage import durable, homes
from vigil.storage.homes import Entry, Home, Note

#: The object that says whose the storage is; it is written once everything else is there.
MARK = "project.json"
#: Files that are sent or fetched at a time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder with the name that it has in its home.

    Folders in it that are called as in ``local`` stay on this machine; people change the files ``edited``
    too. Where ``last`` is named, a folder in it that lacks this file was never finished. Where a ``switch``
    is, what it names is sent and fetched before.
    """

    name: str
    folder: Path
    local: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    last: str = ""
    switch: bool = False


def settle(
    kept: Sequence[Kept], url: str | None, endpoint: str | None, project: str, *, reads_only: bool = False
) -> None:
    """Bring a project's folders in line with their home; without an address they have none any more.

    The caller holds the project's lock; where it does so on this machine alone, it ``reads_only`` and
    changes nothing in the home.

    Raises StorageError when it cannot be reached, is another project's, or when a folder holds files that
    were never part of it.
    """
    if url is None:
        _leave(kept)
        return
    home = homes.opened(url, endpoint)
    there = home.list()
    if MARK in there:
        _ask_whose(home, url, project)
        _refuse_strangers(kept, url)
    _write_notes(kept, url, endpoint)
    if MARK not in there and reads_only:
        return
    if MARK not in there:
        _send(home, kept, there)
        home.put_new(MARK, json.dumps({"project": project}).encode())
        there = home.list()
    fetched = [_compared(home, one, there, reads_only=reads_only) for one in kept]
    for one, todo in zip(kept, fetched, strict=True):
        durable.sweep(_folders(one) if todo else ())
    for wave in _waves([one for todo in fetched for one in todo]):
        _all(wave)
    for one in kept:
        home.delete(() if reads_only else _unfinished(one, there))
        _forget_others(one, there)
        _note_known(one, there)


def _leave(kept: Sequence[Kept]) -> None:
    """Take the notes out of folders that have one: from now on the disk is where they are kept."""
    for one in kept:
        for name in homes.NOTES if (one.folder / homes.NOTE).exists() else ():
            (one.folder / name).unlink(missing_ok=True)


def is_taken(url: str, endpoint: str | None) -> bool:
    """Tell whether a storage holds a project."""
    return MARK in homes.opened(url, endpoint).list(MARK)


@dataclass(frozen=True, slots=True)
class _Todo:
    """One transfer, and how late it has to be: what names others comes after them."""

    rank: int
    act: Callable[[], None]


def _ask_whose(home: Home, url: str, project: str) -> None:
    """Refuse the storage of another project."""
    owner = json.loads(_content(home, MARK)).get("project")
    if owner != project:
        hint = "Name another prefix in 'storage'."
        raise StorageError(f"holds the project {owner!r}, and this one is {project!r}.", where=url, hint=hint)


def _refuse_strangers(kept: Sequence[Kept], url: str) -> None:
    """Refuse to bring a folder in line with a home that it never had, if there is something in it."""
    for one in kept:
        note = homes.read(one.folder)
        if (note is None or note.url != url) and _here(one):
            what = f"is not empty, and {url} holds the project already."
            hint = "Move the folder away, or name an empty prefix in 'storage'."
            raise StorageError(what, where=str(one.folder), hint=hint)


def _write_notes(kept: Sequence[Kept], url: str, endpoint: str | None) -> None:
    for one in kept:
        note = Note(url, endpoint, one.name, one.local, one.edited)
        if homes.read(one.folder) != note:
            durable.write_here(one.folder / homes.NOTE, json.dumps(note._asdict()).encode())


def _send(home: Home, kept: Sequence[Kept], there: dict[str, Entry]) -> None:
    """Send what is not there yet, what names others last."""
    todo = []
    for one in kept:
        for name, path in _here(one).items():
            entry = there.get(f"{one.name}/{name}")
            if entry is None or not _holds(path, entry):
                todo.append(_Todo(_rank(one, name), _sending(home, f"{one.name}/{name}", path)))
    for wave in _waves(todo):
        _all(wave)


def _compared(home: Home, one: Kept, there: dict[str, Entry], *, reads_only: bool) -> list[_Todo]:
    """Return what has to be fetched into a folder; what people have changed in it is sent."""
    known = _known(one)
    found = []
    for name, entry in _theirs(one, there).items():
        path = one.folder / name
        if _is_current(path, entry, known.get(name)):
            continue
        if name in one.edited and _was_edited(one, name):
            if not reads_only:
                there[f"{one.name}/{name}"] = _send_edited(home, one, name)
            continue
        found.append(_Todo(_rank(one, name), _fetching(home, one, name)))
    return found


def _was_edited(one: Kept, name: str) -> bool:
    """Tell whether somebody has changed a file since it was last as its home has it."""
    path = one.folder / name
    return path.exists() and durable.remembered(one.folder).get(name) not in (None, homes.md5(path))


def _send_edited(home: Home, one: Kept, name: str) -> Entry:
    """Send what a person has written, and note it."""
    text = (one.folder / name).read_bytes()
    home.put(f"{one.name}/{name}", text)
    durable.remember(one.folder, name, text)
    return home.list(f"{one.name}/{name}")[f"{one.name}/{name}"]


def _sending(home: Home, name: str, path: Path) -> Callable[[], None]:
    return lambda: home.put(name, path)


def _fetching(home: Home, one: Kept, name: str) -> Callable[[], None]:
    def fetch() -> None:
        durable.receive(one.folder / name, lambda file: home.fetch(f"{one.name}/{name}", file))
        if name in one.edited:
            durable.remember(one.folder, name, (one.folder / name).read_bytes())

    return fetch


def _content(home: Home, name: str) -> bytes:
    """Return a small file of a home."""
    sink = io.BytesIO()
    home.fetch(name, sink)
    return sink.getvalue()


def _waves(todo: Iterable[_Todo]) -> list[list[_Todo]]:
    """Return transfers by rank: those of one rank may go side by side."""
    by_rank: dict[int, list[_Todo]] = {}
    for one in todo:
        by_rank.setdefault(one.rank, []).append(one)
    return [by_rank[rank] for rank in sorted(by_rank)]


def _all(wave: Sequence[_Todo]) -> None:
    """Make some transfers at a time; the first fault ends it."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda one: one.act(), wave))


def _rank(one: Kept, name: str) -> int:
    """Return how late a file comes: what a log, a manifest or a pointer names comes before it."""
    if one.switch:
        return 2
    return int("_delta_log" in name or bool(one.last and name.endswith(f"/{one.last}")))


def _here(one: Kept) -> dict[str, Path]:
    """Return the files of a folder that its home is to have, by their names there."""
    paths = ((path.relative_to(one.folder), path) for path in sorted(one.folder.rglob("*")))
    return {
        inner.as_posix(): path
        for inner, path in paths
        if not homes.stays(inner.parts, one.local) and path.is_file()
    }


def _folders(one: Kept) -> list[Path]:
    """Return a folder and those in it, in which a fetch that was cut off may have left something aside."""
    return [one.folder, *(path for path in one.folder.rglob("*") if path.is_dir())]


def _theirs(one: Kept, there: dict[str, Entry]) -> dict[str, Entry]:
    """Return the finished files that a home has for a folder, by their names in it."""
    start = f"{one.name}/"
    return {
        name.removeprefix(start): entry
        for name, entry in there.items()
        if name.startswith(start) and _is_finished(one, name.removeprefix(start), there)
    }


def _is_finished(one: Kept, name: str, there: dict[str, Entry]) -> bool:
    """Tell whether a file's folder was written to its end."""
    top, _, rest = name.partition("/")
    return not (one.last and rest) or f"{one.name}/{top}/{one.last}" in there


def _unfinished(one: Kept, there: dict[str, Entry]) -> list[str]:
    """Return what a run that was cut off has left of folders in a home."""
    mine = [name for name in there if name.startswith(f"{one.name}/")]
    return [name for name in mine if not _is_finished(one, name.removeprefix(f"{one.name}/"), there)]


def _known(one: Kept) -> dict[str, list[Any]]:
    try:
        found: dict[str, list[Any]] = json.loads((one.folder / homes.KNOWN).read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _note_known(one: Kept, there: dict[str, Entry]) -> None:
    """Note what each file was like, so that the next comparison reads none that is the same."""
    now = {
        name: [entry.tag, status.st_size, status.st_mtime_ns]
        for name, entry in _theirs(one, there).items()
        if (status := _status(one.folder / name)) is not None
    }
    if now != _known(one):
        durable.write_here(one.folder / homes.KNOWN, json.dumps(now).encode())


def _is_current(path: Path, entry: Entry, known: Sequence[Any] | None) -> bool:
    """Tell whether a file is as its home has it."""
    status = _status(path)
    if status is None:
        return False
    return known == [entry.tag, status.st_size, status.st_mtime_ns] or _holds(path, entry)


def _holds(path: Path, entry: Entry) -> bool:
    """Tell whether a file has a known content."""
    return path.stat().st_size == entry.size and homes.md5(path) == entry.tag


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _forget_others(one: Kept, there: dict[str, Entry]) -> None:
    """Delete what the home has not, and folders that are empty then."""
    theirs = _theirs(one, there)
    for name, path in _here(one).items():
        if name not in theirs and name not in one.edited:
            path.unlink(missing_ok=True)
            _drop_empty(path.parent, one.folder)


def _drop_empty(folder: Path, top: Path) -> None:
    """Delete folders that hold nothing any more, upwards to the top one, which stays."""
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
