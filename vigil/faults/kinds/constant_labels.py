"""The labels say one thing only, for the whole batch or from some row on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import wording
from vigil.faults.finding import Finding
from vigil.faults.kinds.stuck import longest_run
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "constant_labels"
TITLE = "constant labels"
#: Twice the longest run of any earlier batch, and rarer than one in 10⁸ by the class's frequency.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset({"flipped_labels"})
WITNESSES = False
LEAST_SHARE, LEAST_ROWS = 0.1, 15


def look(case: Case) -> Iterator[Finding]:
    """Look at the longest run of one label."""
    target = case.contract.target
    numeric = target.kind == "number"
    cells = case.numbers(target.name) if numeric else case.texts(target.name)
    parts = case.past_numbers(target.name) if numeric else case.past_texts(target.name)
    if not parts or not len(cells):
        return
    first, length = longest_run(cells)
    if length < max(LEAST_ROWS, LEAST_SHARE * len(cells)):
        return
    value, every = cells[first], np.concatenate(parts)
    usual = max(longest_run(part)[1] for part in parts)
    frequency = min(max(float((part == value).mean()) for part in parts) + 1 / len(every), 1.0)
    chance = -(length - 1) * float(np.log(frequency)) - float(np.log(len(cells)))
    said = wording.figure(float(value)) if numeric else wording.quoted(value)
    yield Finding(
        fault=NAME,
        columns=(target.name,),
        confidence=(1 - float(np.exp(-2 * max(length / max(usual, 1) - 1, 0))))
        * (1 - float(np.exp(-max(chance, 0) / 8))),
        rows=length,
        what=(
            f"{target.name} is {said} for {wording.rows(length)} in a row "
            f"({wording.share(length / len(cells))}); the longest run before was {usual}."
        ),
        act=f"Quarantine this batch until the true labels of {target.name} are in.",
        evidence={
            "value": value if not numeric else float(value),
            "run": length,
            "longest_before": usual,
            "share": length / len(cells),
        },
    )
