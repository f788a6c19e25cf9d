"""A vote of releases as a bundle of its own: it holds the members' compiled forms, and needs none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vigil import bundles
from vigil.bundles import keys
from vigil.serving import Compiled
from vigil.serving.vote import Vote

#: What a vote's bundle calls its model type.
KIND = "vote"

#: Files that a vote takes over from its newest member: what the rows it was trained on looked like.
_KEPT = ("profile.json",)


def pack(
    folder: Path,
    members: Sequence[str],
    weights: Sequence[float],
    *,
    calibration: Mapping[str, Any] | None,
    threshold: float | None,
    forms: Sequence[Compiled] | None = None,
) -> tuple[str, Compiled]:
    """Write the bundle of a vote among compiled releases, newest last; return its id, and it as it answers.

    What it says of itself is what its newest member says, but for how it answers. The same members,
    weights, calibration and threshold give the same bundle. ``forms`` are the members' compiled forms
    where these are open already. Raises BundleError when a member cannot be
    read.
    """
    manifests = [bundles.verify(folder, member) for member in members]
    newest = manifests[-1]
    forms = forms or [Compiled.load(folder / member) for member in members]
    made = Compiled(
        shape=Vote.of(weights, forms),
        task=newest["task"],
        classes=tuple(newest["classes"]),
        outputs=tuple(range(len(newest["classes"]))),
        link="share",
        calibration=calibration,
        threshold=threshold,
    )
    stated = {key: value for key, value in newest.items() if key not in ("files", "versions")}
    stated |= {
        "model": KIND,
        "params": {"members": dict(zip(members, weights, strict=True))},
        "calibration": calibration,
        "threshold": threshold,
        "out_of_fold": None,
        "compiled": True,
    }
    files = made.files() | {name: (folder / members[-1] / name).read_bytes() for name in _KEPT}
    release = bundles.write(folder, pipeline=None, manifest=stated, files=files | _keys(folder, members))
    return release, made


def _keys(folder: Path, members: Sequence[str]) -> dict[str, bytes]:
    """Return the file of all keys that any member was trained on; none when there is no key."""
    known = [keys.load(folder / member) for member in members]
    words = np.concatenate(known)
    return {keys.FILE: keys.dump(words[:, None])} if len(words) else {}
