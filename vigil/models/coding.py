"""Labels as codes: the one order in which models, metrics and bundles count classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vigil.records import Contract


def code_order(contract: Contract) -> tuple[str, ...]:
    """Return the labels by code: (other, positive) for a binary task, else the sorted classes."""
    if contract.task != "binary":
        return contract.classes
    return (*(label for label in contract.classes if label != contract.positive), contract.positive)


def encode(labels: Sequence[str | None] | np.ndarray, order: Sequence[str]) -> np.ndarray:
    """Return the code of each label, int64 of shape (n,); -1 for a missing or unknown label."""
    codes = {label: code for code, label in enumerate(order)}
    return np.fromiter((codes.get(label, -1) for label in labels), dtype=np.int64, count=len(labels))  # type: ignore[arg-type]
