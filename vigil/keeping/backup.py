"""A project in one file, and back: rows, contracts, bundles, pointer, reports, config and ledger.

The file is a tar archive. The ledger is in it as rows, so that it can be restored into a database of
another kind. Its last member lists the SHA-256 of all others: an archive that was cut short or altered
is refused before anything is put in place. Indexes are left out: they are made anew; and so are answers
that the service is just writing down.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vigil.console import Console
from vigil.errors import VigilError
from vigil.ledger import dump
from vigil.ledger.connection import sqlite_path
from vigil.ledger.schema import HEAD
from vigil.predictions import segments
from vigil.project import Project
from vigil.storage import copies, durable, homes

FORMAT = 1
#: The member that lists the others; it is written last.
LIST = "backup.json"
CONFIG, LEDGER = "config.json", "ledger.jsonl"
#: Where an archive is unpacked and checked, beside the config.
SCRATCH = ".restoring"
_BEGUN = "begun"
#: Seconds that a backup waits for a run to end.
PATIENCE = 600


def folders(project: Project) -> dict[str, Path]:
    """Return the folders that belong to a project, by their names in an archive."""
    return {
        "output": project.output,
        "models": project.models,
        "production": project.production,
        "reports": project.reports,
    }


def backup(project: Project, file: Path) -> int:
    """Write everything that a project is into one file, between two runs; return how many files are in it.

    Raises Busy when a run does not end in `PATIENCE` seconds, VigilError when the file is there already.
    """
    if file.exists():
        hint = "Name another file, with the day in its name for example, or move that one away."
        raise VigilError("exists already, and a backup never overwrites a file.", where=str(file), hint=hint)
    aside = file.with_name(f".{file.name}.part")
    with project.locked(PATIENCE):
        try:
            with tarfile.open(aside, "w") as archive:
                digests = {name: _add(archive, name, path) for name, path in _members(project)}
                rows = "".join(f"{line}\n" for line in dump.dump(project.ledger.engine, project.name))
                digests[LEDGER] = _add_text(archive, LEDGER, rows)
                about = {"format": FORMAT, "project": project.name, "revision": HEAD, "files": digests}
                _add_text(archive, LIST, json.dumps(about, indent=1))
            durable.sync(aside)
            aside.replace(file)
            durable.sync(file.absolute().parent)
        finally:
            aside.unlink(missing_ok=True)
    return len(digests)


def restore(file: Path, config: Path, console: Console) -> Project:
    """Put a backup in place for a config, or with its own where there is none yet; return the project.

    Nothing may be there: a folder with files or a ledger with rows of the project is left alone, and
    VigilError raised, as for an archive that is not whole. A restore that was cut off is begun anew.
    """
    config = config.absolute()
    scratch = config.parent / SCRATCH
    resumed = (scratch / _BEGUN).exists()
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        project = _put_in_place(file, config, console, resumed=resumed)
    except VigilError:
        # Refused: nothing of it stays, but the mark of a restore that was cut off and is still to be redone.
        begun = resumed or (scratch / _BEGUN).exists()
        shutil.rmtree(scratch, ignore_errors=True)
        if begun:
            scratch.mkdir()
            (scratch / _BEGUN).touch()
        raise
    shutil.rmtree(scratch)
    project.close()
    restored = Project(config, console=console)
    with restored.locked():  # sends everything where it is kept
        return restored


def _put_in_place(file: Path, config: Path, console: Console, *, resumed: bool) -> Project:
    """Unpack an archive beside the config, and move all of it to where the project has it."""
    scratch = config.parent / SCRATCH
    about = _unpack(file, scratch)
    settings = config if config.exists() else scratch / CONFIG
    project = Project(settings, root=config.parent, console=console)
    if project.name != about["project"]:
        what = f"is a backup of the project {about['project']!r}, and the config is of {project.name!r}."
        raise VigilError(what, where=str(file), hint="Give it its own config, or none.")
    with project.locked(settle=False):
        _refuse_taken(project)
        _make_room(project, resumed=resumed)
        (scratch / _BEGUN).touch()
        lines = (scratch / LEDGER).read_text(encoding="utf-8").splitlines()
        dump.load(project.ledger.engine, lines, revision=about["revision"])
        for name, folder in folders(project).items():
            _place(scratch / name, folder)
        if settings != config:
            durable.write_atomic(config, (scratch / CONFIG).read_bytes())
    return project


def _members(project: Project) -> Iterator[tuple[str, Path]]:
    """Yield the files of a project with their names in the archive."""
    yield CONFIG, project.config_path
    ledger = sqlite_path(project.config.ledger, project.root)
    for name, folder in folders(project).items():
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder)
            is_index = name == "output" and inner.parts[0] == "seen"
            is_ledger = (
                ledger is not None and path.parent == ledger.parent and path.name.startswith(ledger.name)
            )
            left_out = is_index or is_ledger or path.suffix == segments.OPEN or path.name in homes.NOTES
            if path.is_file() and not path.is_symlink() and not left_out:
                yield str(PurePosixPath(name, *inner.parts)), path


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file and return its SHA-256."""
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    archive.add(path, name, recursive=False)
    return digest


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> str:
    """Add a member that is no file, and return its SHA-256."""
    content = text.encode()
    about = tarfile.TarInfo(name)
    about.size = len(content)
    archive.addfile(about, io.BytesIO(content))
    return hashlib.sha256(content).hexdigest()


def _unpack(file: Path, scratch: Path) -> dict[str, str]:
    """Unpack an archive, check all of it, and return what its list says."""
    hint = "Take another copy of the backup."
    try:
        with tarfile.open(file) as archive:
            archive.extractall(scratch, filter="data")
        about = json.loads((scratch / LIST).read_text(encoding="utf-8"))
        found = {
            path.relative_to(scratch).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in scratch.rglob("*")
            if path.is_file() and path != scratch / LIST
        }
    except (tarfile.TarError, FileNotFoundError, EOFError, ValueError) as error:
        if not file.exists():
            raise VigilError("is not there.", where=str(file)) from None
        raise VigilError(f"is no whole backup ({error}).", where=str(file), hint=hint) from error
    wrong = sorted(name for name in {*found, *about["files"]} if found.get(name) != about["files"].get(name))
    if wrong:
        what = f"{wrong[0]} in it is not what was written."
        raise VigilError(what, where=str(file), hint=hint)
    if about["format"] > FORMAT:
        raise VigilError("was written by a newer version of Vigil.", where=str(file))
    return about  # type: ignore[no-any-return]


def _refuse_taken(project: Project) -> None:
    """Refuse to restore into object storage that holds a project already."""
    where = project.config.storage
    if where is not None and copies.is_taken(where, project.config.storage_endpoint):
        hint = "Name an empty prefix in 'storage'."
        raise VigilError("holds a project; a backup is never restored over it.", where=where, hint=hint)


def _make_room(project: Project, *, resumed: bool) -> None:
    """Refuse to write over anything; what a restore of our own left half done is taken away."""
    if resumed:
        dump.forget(project.ledger.engine, project.name)
        for folder in folders(project).values():
            shutil.rmtree(folder, ignore_errors=True)
    hint = "Restore into a clean folder, or move it away."
    for folder in folders(project).values():
        if folder.is_dir() and any(folder.iterdir()):
            raise VigilError(
                "is not empty; a backup is never restored over it.", where=str(folder), hint=hint
            )
    if dump.has_rows(project.ledger.engine, project.name):
        what = f"already knows the project {project.name!r}; a backup is never restored over it."
        raise VigilError(
            what, where="ledger", hint="Name another 'ledger' in the config, or another database."
        )


def _place(source: Path, folder: Path) -> None:
    """Move an unpacked folder into place."""
    if source.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():
            folder.rmdir()
        shutil.move(source, folder)
