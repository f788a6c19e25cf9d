"""Whom a release was trained on: the hashes of its training keys, kept in the bundle."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILE = "keys.npy"
Words = npt.NDArray[np.uint64]


def dump(hashes: Words) -> bytes:
    """Return the file's bytes for key hashes of shape (n, 2): their distinct first words, sorted."""
    buffer = io.BytesIO()
    np.save(buffer, np.unique(hashes[:, 0]), allow_pickle=False)
    return buffer.getvalue()


def load(bundle: Path) -> Words:
    """Return the first words of a bundle's training keys, sorted; empty when it was trained without a key."""
    path = bundle / FILE
    if not path.exists():
        return np.empty(0, dtype=np.uint64)
    words: Words = np.load(path, allow_pickle=False)
    return words


def among(hashes: Words, trained: Words) -> npt.NDArray[np.bool_]:
    """Tell which key hashes, shape (n, 2), are among the trained ones; shape (n,)."""
    if not len(trained):
        return np.zeros(len(hashes), dtype=bool)
    place = np.minimum(np.searchsorted(trained, hashes[:, 0]), len(trained) - 1)
    found: npt.NDArray[np.bool_] = trained[place] == hashes[:, 0]
    return found
