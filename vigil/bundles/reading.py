"""Read a bundle back: nothing in it is used before its checksums are right."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vigil.bundles.naming import DIGITS, MANIFEST, MODEL, digest, identity
from vigil.errors import BundleError
from vigil.records import Column

_DAMAGED = "Roll back to another release, or train again."


def load_manifest(folder: Path, name: str) -> dict[str, Any]:
    """Return a bundle's manifest. Raises BundleError when it is missing or is no manifest.

    The files are not looked at; ``verify`` does that.
    """
    return _parse(_read(folder, name, MANIFEST), folder / name)


def verify(folder: Path, name: str) -> dict[str, Any]:
    """Compare every file of a bundle with its checksum and with the bundle's id; return the manifest.

    Raises BundleError that names the file which is missing, altered or not listed.
    """
    stated = _read(folder, name, MANIFEST)
    manifest = _parse(stated, folder / name)
    digests = manifest["files"]
    if identity(digests | {MANIFEST: digest(stated)}) != name:
        what = f"{MANIFEST} is not what was written."
        raise BundleError(what, where=str(folder / name), hint=_DAMAGED)
    for file, expected in digests.items():
        if digest(_read(folder, name, file)) != expected:
            raise BundleError(f"{file} is not what was written.", where=str(folder / name), hint=_DAMAGED)
    strangers = sorted({path.name for path in (folder / name).iterdir()} - set(digests) - {MANIFEST})
    if strangers:
        what = f"{strangers[0]} does not belong to it."
        raise BundleError(what, where=str(folder / name), hint="Remove the file.")
    return manifest


def features(manifest: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns that a bundle's model looks at, in order."""
    stored = [(entry, entry.get("levels")) for entry in manifest["features"]]
    return tuple(
        Column(**{**entry, "levels": None if levels is None else tuple(levels)}) for entry, levels in stored
    )


def size(folder: Path, name: str) -> int:
    """Return the bytes of a bundle's files."""
    return sum(file.stat().st_size for file in (folder / name).iterdir())


def open_pipeline(folder: Path, name: str) -> Any:
    """Verify a bundle and return its scikit-learn pipeline.

    Raises BundleError when a file is damaged, when it was written by another minor version of
    scikit-learn, or when it holds a type that is not trusted.
    """
    manifest = verify(folder, name)
    _check_version(manifest["versions"], folder / name)
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    from vigil.bundles.trusted import TRUSTED

    try:
        return skops.io.loads(_read(folder, name, MODEL), trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise BundleError(
            f"{MODEL} holds types that are not trusted.", where=str(folder / name), hint=_DAMAGED
        ) from error


def made_under(folder: Path, name: str) -> tuple[str, str] | None:
    """Return the scikit-learn that trained a bundle and the one here; None when its pipeline can be opened.

    Raises BundleError when there is no manifest.
    """
    from importlib.metadata import version

    made, here = (
        load_manifest(folder, name)["versions"].get("scikit-learn", "unknown"),
        version("scikit-learn"),
    )
    return None if _crosses(made, here) else (made, here)


def _crosses(made: str, here: str) -> bool:
    """Say whether a pipeline of one scikit-learn can be opened by another."""
    return made.split(".")[:2] == here.split(".")[:2]


def _check_version(stated: dict[str, str], where: Path) -> None:
    """Refuse a pipeline of another scikit-learn: its files do not cross minor versions."""
    from importlib.metadata import version

    made, here = stated["scikit-learn"], version("scikit-learn")
    if not _crosses(made, here):
        what = f"was trained with scikit-learn {made}, and {here} is installed."
        hint = f"Install scikit-learn {made}, or train again."
        raise BundleError(what, where=str(where), hint=hint)


def _read(folder: Path, name: str, file: str) -> bytes:
    """Return a file of a bundle; neither id nor file name may lead elsewhere."""
    if not re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", name):
        raise BundleError(f"{name!r} is not a release id.", where=str(folder))
    if Path(file).name != file:
        raise BundleError(f"{file!r} is not a file name.", where=str(folder / name), hint=_DAMAGED)
    try:
        return (folder / name / file).read_bytes()
    except OSError as error:
        what = f"{file} cannot be read ({error.strerror})."
        raise BundleError(what, where=str(folder / name), hint=_DAMAGED) from error


def _parse(content: bytes, where: Path) -> dict[str, Any]:
    """Return the manifest's values."""
    try:
        manifest = json.loads(content)
        stated = [manifest["files"], manifest["versions"], manifest["model"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{MANIFEST} is not a manifest.", where=str(where), hint=_DAMAGED) from error
    if not isinstance(stated[0], dict) or not isinstance(stated[1], dict):
        raise BundleError(f"{MANIFEST} is not a manifest.", where=str(where), hint=_DAMAGED)
    return manifest  # type: ignore[no-any-return]
