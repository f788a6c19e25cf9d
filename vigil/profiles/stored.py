"""The reference profile in a release's bundle: raw training rows may be deleted, and drift is still seen."""

from __future__ import annotations

import json
from pathlib import Path

from vigil.errors import VigilError
from vigil.profiles.record import Profile

FILE = "profile.json"


def dump(profile: Profile) -> bytes:
    """Return the file's bytes, equal for equal profiles."""
    return json.dumps(profile.to_json(), separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def load(bundle: Path) -> Profile | None:
    """Return the profile of the rows that a bundle was trained on; None when it carries none that is read."""
    try:
        return Profile.from_json(json.loads((bundle / FILE).read_bytes().decode("utf-8", "surrogatepass")))
    except (OSError, ValueError, VigilError):
        return None
