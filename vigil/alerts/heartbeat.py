"""A sign of life to a watcher outside: one request after each good tick, also one with nothing new."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from vigil.alerts.outside import Reach, post
from vigil.errors import TransportError


def address(settings: Mapping[str, Any]) -> str:
    """Return the watcher's address of a raw ``alerts`` section, empty when none is configured."""
    named = settings.get("heartbeat_env")
    return str(os.environ.get(str(named), "") if named else settings.get("heartbeat") or "")


def ping(settings: Mapping[str, Any]) -> str:
    """Tell the watcher; return what went wrong, in words, and nothing when all is well."""
    url = address(settings)
    if not url:
        return ""
    try:
        post(url, b"", {"User-Agent": "Vigil"}, Reach(settings.get("private") or ()))
    except TransportError as error:
        return f"heartbeat: {error}"
    return ""
