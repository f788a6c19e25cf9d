"""Faults found by their names, and one name for one cause."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from vigil.errors import VigilError
from vigil.faults import kinds

if TYPE_CHECKING:
    from vigil.faults.case import Case
    from vigil.faults.finding import Fault, Finding

#: A finding below this is not worth a word.
LEAST = 0.5


def names() -> tuple[str, ...]:
    """Return the names of all faults, sorted; none of them is imported."""
    found = (module.name for module in pkgutil.iter_modules(kinds.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def get(name: str) -> Fault:
    """Return a fault. Raises VigilError for an unknown name, with the one that was probably meant."""
    place = f"{kinds.__name__}.{name}"
    # The folder is read once for each fault, not for each question about one.
    if place not in sys.modules and name not in names():
        known = names()
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        raise VigilError(f"{name!r} is not a fault.", hint=f"{meant}Known: {', '.join(known)}.")
    return cast("Fault", importlib.import_module(place))


def look(case: Case) -> list[Finding]:
    """Return what probably happened to a batch, each cause named once, the surest first."""
    plain = [name for name in names() if not get(name).WITNESSES]
    found = [one for name in plain for one in get(name).look(case) if one.confidence >= LEAST]
    return ranked([*found, *_by_witnesses(case, found)])


def _by_witnesses(case: Case, known: Sequence[Finding]) -> list[Finding]:
    """Return what the columns of a row say about each other.

    A faulty column makes its neighbours look wrong. So columns with a fault are no witnesses, and of
    what is found the explanation that gains most is believed first; the rest is asked again without its
    columns as witnesses.
    """
    weighing = [name for name in names() if get(name).WITNESSES]
    # Nor is the target a witness: a concept that moves is no fault of the features.
    suspects = frozenset({column for one in known if holds(one) for column in one.columns})
    suspects |= {case.contract.target.name}
    accepted: list[Finding] = []
    while True:
        asked = case.suspecting(suspects | {column for one in accepted for column in one.columns})
        taken = {column for one in accepted for column in one.columns}
        found = [one for name in weighing for one in get(name).look(asked) if one.confidence >= LEAST]
        found = [one for one in found if not taken & set(one.columns)]
        sure = [one for one in found if holds(one)]
        if not sure:
            return accepted + found
        accepted.append(max(sure, key=lambda one: one.evidence["gain_nats"]))


def ranked(found: Sequence[Finding]) -> list[Finding]:
    """Leave out what another finding explains on the same columns; the surest first.

    A finding without columns is about the whole batch: what it explains, it explains everywhere. Only a
    finding that is sure enough to hold the batch explains one that is.
    """
    ordered = sorted(found, key=lambda one: (-one.confidence, one.fault, one.columns))
    return [one for one in ordered if not any(_explains(other, one) for other in ordered)]


def holds(finding: Finding) -> bool:
    """Say whether a finding is sure enough to keep its batch out of training."""
    return finding.confidence >= get(finding.fault).THRESHOLD


def _explains(cause: Finding, effect: Finding) -> bool:
    """Say whether one finding is the cause of another."""
    if cause is effect or effect.fault not in get(cause.fault).EXPLAINS:
        return False
    same = not cause.columns or bool(set(effect.columns) & set(cause.columns))
    return same and (holds(cause) or not holds(effect))
