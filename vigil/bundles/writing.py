"""Write a bundle: complete under its name, or not at all."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vigil.bundles import canonical
from vigil.bundles.naming import MANIFEST, MODEL, digest, identity
from vigil.bundles.reading import verify
from vigil.errors import BundleError
from vigil.storage import durable

#: Libraries whose versions decide whether a stored pipeline can be opened.
LIBRARIES = ("numpy", "scikit-learn", "scipy", "skops")


def write(folder: Path, *, pipeline: Any, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    """Write a fitted pipeline, its manifest and further files; return the bundle's id.

    Without a pipeline (None) the files alone are the model.

    The id follows from the content alone, so that the same training gives the same bundle. One that
    is there already is verified and kept; a damaged one is replaced. Nothing of when or where enters.
    Raises BundleError when the pipeline may not be stored or the folder cannot be written.
    """
    content = dict(files) if pipeline is None else {**files, MODEL: canonical.dump(pipeline)}
    digests = {name: digest(data) for name, data in content.items()}
    stated = {**manifest, "versions": versions(), "files": digests}
    text = json.dumps(stated, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    content[MANIFEST] = text.encode()
    name = identity(digests | {MANIFEST: digest(content[MANIFEST])})
    try:
        if not _whole(folder, name):
            _place(folder, name, content)
        _sweep(folder, name)
    except OSError as error:
        # Another process may have placed the same bundle meanwhile; then there is nothing to mend.
        if not _whole(folder, name):
            raise BundleError(f"cannot be written ({error.strerror}).", where=str(folder / name)) from error
    return name


@cache
def versions() -> dict[str, str]:
    """Return the versions that a stored pipeline depends on, Python's by major and minor."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python} | {library: version(library) for library in LIBRARIES}


def _whole(folder: Path, name: str) -> bool:
    """Tell whether the bundle is there and undamaged."""
    if not (folder / name).is_dir():
        return False
    try:
        verify(folder, name)
    except BundleError:
        return False
    return True


def _place(folder: Path, name: str, content: Mapping[str, bytes]) -> None:
    """Write the files aside, sync them, and rename the folder into place."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder))
    try:
        for file, data in content.items():
            _write(aside / file, data)
        # mkdtemp makes a private folder; a service under another account has to read this one.
        aside.chmod(0o755)
        durable.sync(aside)
        durable.publish_folder(aside, folder / name, MANIFEST)
        _settle(aside, folder / name)
        durable.sync(folder)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _settle(aside: Path, place: Path) -> None:
    """Rename a whole bundle into its place; what another writer put there stays if it is whole too."""
    if place.exists() and not _whole(place.parent, place.name):
        _make_way(place)
    try:
        aside.rename(place)
    except OSError:
        if not _whole(place.parent, place.name):
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _make_way(place: Path) -> None:
    """Move a damaged bundle aside, in one step."""
    old = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    place.rename(old / place.name)


def _sweep(folder: Path, name: str) -> None:
    """Delete what earlier writes of this bundle left aside: killed ones, and damaged bundles."""
    for old in folder.glob(f".{name}.*"):
        shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
