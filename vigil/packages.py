"""The packages this installation runs on: installed, wanted, and, when allowed, the newest there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

#: Seconds after which the question for newer versions is given up.
PATIENCE = 60

_PROJECT_FILE = Path(__file__).parent.parent / "pyproject.toml"


def check(*, ask_latest: bool, now: str) -> dict[str, Any]:
    """Return ``{"checked": …, "list": [{"name", "installed", "wanted", "latest", "ok"}, …]}``.

    ``checked`` says when the package index was asked: ``not asked``, ``offline``, or the time `now`.
    """
    newest = latest() if ask_latest else None
    checked = "not asked" if not ask_latest else "offline" if newest is None else now
    rows = []
    for name, wanted in required():
        installed = _installed(name)
        version = (newest or {}).get(name, installed) if newest is not None else None
        ok = installed is not None and _satisfies(installed, wanted)
        row = {"name": name, "installed": installed, "wanted": wanted, "latest": version, "ok": ok}
        rows.append(row)
    return {"checked": checked, "list": rows}


def required() -> list[tuple[str, str]]:
    """Return the packages that the project names for this Python, each with the versions it wants."""
    listed = tomllib.loads(_PROJECT_FILE.read_text(encoding="utf-8"))["project"]["dependencies"]
    matches = (re.match(r"([A-Za-z0-9._-]+)\s*([^;]*)(?:;(.*))?", line) for line in listed)
    return [(match[1], match[2].strip()) for match in matches if match and _is_meant(match[3])]


def latest() -> dict[str, str] | None:
    """Ask the configured package index for newer versions, by name; None when it cannot be reached."""
    command = [sys.executable, "-m", "pip", "list", "--outdated", "--format", "json"]
    command += ["--disable-pip-version-check", "--retries", "0", "--timeout", "10"]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603
        return {row["name"]: row["latest_version"] for row in json.loads(answer.stdout)}
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


@cache
def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _is_meant(marker: str | None) -> bool:
    """Say whether a condition such as ``python_version < '3.14'`` holds here."""
    from packaging.markers import Marker

    return marker is None or Marker(marker).evaluate()


def _satisfies(version: str, wanted: str) -> bool:
    """Compare a version with bounds such as ``>=1.9,<2``."""
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(version, prereleases=True)
