"""Faults found by their names, and one name for one cause."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vigil import plugins
from vigil.errors import VigilError
from vigil.faults import kinds
from vigil.faults.finding import Fault

if TYPE_CHECKING:
    from vigil.faults.case import Case
    from vigil.faults.finding import Finding

Thresholds = Mapping[str, float]
#: A finding below this is not worth a word.
LEAST = 0.5


def names() -> tuple[str, ...]:
    """Return the names of all faults, sorted; none of them is imported."""
    return plugins.names(kinds.__path__)


def get(name: str) -> Fault:
    """Return a fault. Raises VigilError for an unknown name, with the one that was probably meant."""
    place = f"{kinds.__name__}.{name}"
    # The folder is read once for each fault, not for each question about one.
    if place not in sys.modules and name not in names():
        raise VigilError(f"{name!r} is not a fault.", hint=plugins.hint(name, names()))
    return Fault.of(name, importlib.import_module(place))


def look(case: Case, thresholds: Thresholds | None = None) -> list[Finding]:
    """Return what probably happened to a batch, each cause named once, the surest and largest first.

    ``thresholds`` are confidences from which findings hold, by fault; by default those of the files.
    """
    # Squares of 1e300 are infinite, which says what has to be said of them; nobody need be warned.
    with np.errstate(over="ignore", invalid="ignore"):
        return _looked(case, thresholds or {})


def _looked(case: Case, asked: Thresholds) -> list[Finding]:
    """Return the findings of all faults, those that weigh by witnesses after the others."""
    every = [get(name) for name in names()]
    plain = [one for fault in every if not fault.WITNESSES for one in _found(case, fault)]
    weighing = [fault for fault in every if fault.WITNESSES]
    weighed = [
        one
        for one in _by_witnesses(case, weighing, plain, asked)
        if not any(holds(other, asked) and _is_larger(other, one) for other in plain)
    ]
    return ranked([*plain, *weighed], asked)


def _is_larger(other: Finding, cause: Finding) -> bool:
    """Say whether a finding has more than twice the rows of one that would explain it.

    Then it stands by itself, and its column is no ground to believe in the other one.
    """
    is_effect = other.fault in get(cause.fault).EXPLAINS and set(other.columns) & set(cause.columns)
    return bool(is_effect) and other.rows > 2 * cause.rows


def _found(case: Case, fault: Fault) -> list[Finding]:
    """Return what one fault says that is worth a word."""
    return [one for one in fault.look(case) if one.confidence >= LEAST]


def _by_witnesses(
    case: Case, weighing: Sequence[Fault], known: Sequence[Finding], thresholds: Thresholds
) -> list[Finding]:
    """Return what the columns of a row say about each other.

    A faulty column makes its neighbours look wrong. So columns with a fault are no witnesses, and of
    what is found the explanation that accounts for most of the known faults, and gains most, is believed
    first; the rest is asked again without its columns as witnesses.
    """
    firm = [one for one in known if holds(one, thresholds)]
    # Nor is the target a witness: a concept that moves is no fault of the features.
    suspects = {column for one in firm for column in one.columns}
    suspects |= {case.contract.target.name}
    accepted: list[Finding] = []
    while True:
        taken = {column for one in accepted for column in one.columns}
        asked = case.suspecting(frozenset(suspects | taken))
        found = [one for fault in weighing for one in _found(asked, fault) if not taken & set(one.columns)]
        sure = [one for one in found if holds(one, thresholds)]
        if not sure:
            return accepted + found
        accepted.append(max(sure, key=lambda one: (_accounts(one, firm), one.evidence["gain_nats"])))


def _accounts(cause: Finding, known: Sequence[Finding]) -> int:
    """Count the known faults that an explanation would be the cause of."""
    effects = get(cause.fault).EXPLAINS
    return sum(one.fault in effects and bool(set(one.columns) & set(cause.columns)) for one in known)


def ranked(found: Sequence[Finding], thresholds: Thresholds) -> list[Finding]:
    """Leave out what another finding explains on the same columns; the surest first.

    A finding without columns is about the whole batch: it explains, and is explained, everywhere. Only a
    finding that is sure enough to hold the batch explains one that is.
    """
    ordered = sorted(found, key=lambda one: (-round(one.confidence, 3), -one.rows, one.fault, one.columns))
    return [one for one in ordered if not any(_explains(other, one, thresholds) for other in ordered)]


def holds(finding: Finding, thresholds: Thresholds | None = None) -> bool:
    """Say whether a finding is sure enough to keep its batch out of training."""
    threshold = (thresholds or {}).get(finding.fault, get(finding.fault).THRESHOLD)
    return finding.confidence >= threshold


def _explains(cause: Finding, effect: Finding, thresholds: Thresholds) -> bool:
    """Say whether one finding is the cause of another."""
    if cause is effect or effect.fault not in get(cause.fault).EXPLAINS:
        return False
    same = not cause.columns or not effect.columns or bool(set(effect.columns) & set(cause.columns))
    return same and (holds(cause, thresholds) or not holds(effect, thresholds))
