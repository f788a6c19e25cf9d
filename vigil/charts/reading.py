"""Reads the service's answers: any part may be missing, null, or no number at all."""

from __future__ import annotations

import math
from typing import Any


def at(source: Any, *path: str) -> Any:
    """Return what stands at the path of keys, or None where it ends early."""
    for key in path:
        if not isinstance(source, dict):
            return None
        source = source.get(key)
    return source


def number(value: Any) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def rows(source: Any, *path: str) -> list[dict[str, Any]]:
    """Return the list of objects at the path; empty when there is none."""
    found = at(source, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def pairs(source: Any, *path: str) -> list[tuple[float, float]]:
    """Return the list of points at the path, those with two finite coordinates."""
    found = at(source, *path)
    points = []
    for item in found if isinstance(found, list) else []:
        values = [number(value) for value in item] if isinstance(item, list) else []
        if len(values) == 2 and values[0] is not None and values[1] is not None:
            points.append((values[0], values[1]))
    return points


def numbers(source: Any, *path: str) -> list[float]:
    """Return the list of numbers at the path; empty when one of them is none."""
    found = at(source, *path)
    values = [number(value) for value in found] if isinstance(found, list) else []
    kept = [value for value in values if value is not None]
    return kept if len(kept) == len(values) else []


def higher_is_better(returns: dict[str, Any]) -> bool:
    """Say whether a larger score is a better one."""
    return at(returns, "scoring", "higher_is_better") is not False
