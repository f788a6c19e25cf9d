"""The same model gives the same bytes: skops files without memory addresses, dates or padding."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import numpy as np

from vigil.bundles.trusted import TRUSTED
from vigil.errors import BundleError

SCHEMA = "schema.json"

#: The earliest date that a zip archive can carry.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def dump(pipeline: Any) -> bytes:
    """Return a fitted pipeline as the canonical bytes of a skops file.

    Raises BundleError when it holds a type that is not on the list of trusted ones (a lambda, a
    class of somebody's own), because such a file could not be opened safely.
    """
    import skops.io

    try:
        content = skops.io.dumps(pipeline)
    except Exception as error:
        # skops raises whatever the object's own pickling support raises.
        what = f"cannot be stored ({type(error).__name__}: {error})."
        raise BundleError(what, where="model", hint="Use the types of scikit-learn.") from error
    strangers = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    if strangers:
        what = f"holds types that are not trusted: {', '.join(strangers)}."
        raise BundleError(what, where="model", hint="Use the types of scikit-learn.")
    return canonical(content)


def canonical(content: bytes) -> bytes:
    """Rewrite a skops file: ids counted from 1, files named by them, fixed dates, no padding."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files.pop(SCHEMA))
    ids: dict[int, int] = {}
    names: dict[str, str] = {}
    _renumber(schema, ids, names)
    entries = {names[name]: _clean(data) for name, data in files.items()}
    # Keys stay in their order: skops pairs a dictionary's keys with a list of their types.
    entries[SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression=zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), entries[name])
    return out.getvalue()


def _renumber(node: Any, ids: dict[int, int], names: dict[str, str]) -> None:
    """Replace memory addresses by their order of appearance, in place, depth first."""
    if isinstance(node, list):
        for item in node:
            _renumber(item, ids, names)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("__id__"), int):
        node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
    if isinstance(node.get("file"), str):
        suffix = re.sub(r"^.*(?=\.)", "", node["file"])
        node["file"] = names.setdefault(node["file"], f"{len(names) + 1}{suffix}")
    for item in node.values():
        _renumber(item, ids, names)


def _clean(data: bytes) -> bytes:
    """Return an array file with zeros between its records' fields; other files as they are."""
    if not data.startswith(b"\x93NUMPY"):
        return data
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.names is None:
        return data
    clean = np.zeros(array.shape, dtype=array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    np.save(out, clean, allow_pickle=False)
    return out.getvalue()
