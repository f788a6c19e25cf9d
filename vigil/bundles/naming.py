"""How a bundle is named, and which files it always has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

MANIFEST = "manifest.json"
MODEL = "model.skops"

#: Hexadecimal digits of an id.
DIGITS = 12


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def identity(digests: Mapping[str, str]) -> str:
    """Return the id of a bundle from its files' names and digests, the manifest's among them."""
    listed = "".join(f"{name}\0{digests[name]}\n" for name in sorted(digests))
    return digest(listed.encode())[:DIGITS]
