"""A diagnosis in lines for the console."""

from __future__ import annotations

from typing import Any


def lines(diagnosis: dict[str, Any], batch: str) -> list[str]:
    """Return the drift by column, the largest first, the slices that are worse, and why the score moved."""
    drift = diagnosis["drift"]
    found = [f"drift of {batch} against release {diagnosis['release']}: {drift['verdict']}"]
    for column in drift["columns"]:
        drifts = column["verdict"] == "drift" or column["lasting"]
        small = "; too little to matter" if column.get("significant") and not drifts else ""
        found.append(f" {'!' if drifts else ' '} {column['words']}{small}")
    for one in diagnosis["slices"].get("worst", []):
        where = " and ".join(f"{column}: {group}" for column, group in one["where"])
        inside, outside = one["failures"], one["failures_elsewhere"]
        found.append(f"worse where {where}: {inside:.0%} fail, elsewhere {outside:.0%}")
    return [*found, *([diagnosis["moved"]["words"]] if diagnosis["moved"] else [])]
