"""What a whole file must be like: the contract's rules about its valid rows, before any of them counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vigil import figures, profiles
from vigil.arrow import pc
from vigil.bundles import pointer
from vigil.contract import Checked
from vigil.drift import cells
from vigil.ledger.ledger import Ledger
from vigil.profiles import Profile
from vigil.records import Contract, FileRule, RowFault

#: Added to each cell's count, so that a level which the reference has never seen costs no infinity.
_HALF = 0.5
#: Faults of a file that are kept to be shown; the quarantine has them all.
_SHOWN = 20


@dataclass
class Tally:
    """What a file's blocks come to, a single one where it was read whole: all that it is judged by.

    ``faults`` are the first ones alone, those first of which one refuses the file.
    """

    contract: Contract
    rows: int = 0
    valid: int = 0
    quarantined: int = 0
    costly_rows: int = 0
    costly_names: dict[str, None] = field(default_factory=dict)
    hits: Counter[FileRule] = field(default_factory=Counter)
    profiles: dict[str, Profile] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    decimal: str = "."
    faults: tuple[RowFault, ...] = ()

    def add(self, checked: Checked) -> Tally:
        """Add the next block, and return the tally."""
        self.notes = self.notes if self.rows else checked.notes
        self.decimal = checked.decimal
        self.rows += checked.rows
        self.valid += checked.table.num_rows
        self.quarantined += checked.quarantined
        strict = _strict(self.contract)
        costly = [fault for fault in checked.faults if fault.column in strict]
        self.costly_rows += len({fault.line for fault in costly})
        self.costly_names |= dict.fromkeys(fault.column for fault in costly)
        self.faults = costly_first(self.contract, (*self.faults, *costly[:_SHOWN], *checked.faults[:_SHOWN]))
        self.faults = tuple(dict.fromkeys(self.faults))[:_SHOWN]
        for rule in self.contract.files:
            _ADDED.get(rule.check, _nothing)(self, rule, checked)
        return self


def broken(tally: Tally, reference: Callable[[], Profile | None]) -> list[str]:
    """Return, in words, the rules about whole files that a file breaks.

    ``reference`` is asked only by a rule about divergence; without any the rule is not judged.
    """
    found = []
    for rule in tally.contract.files:
        value = _VALUES[rule.check](rule, tally, reference)
        if value is not None and not _within(value, rule):
            found.append(_words(rule, value))
    return found


def costly(tally: Tally) -> str:
    """Say which faults a file has of which one is enough to refuse it (a column's ``on_fault``), if any."""
    if not tally.costly_rows:
        return ""
    names = ", ".join(tally.costly_names)
    return (
        f"{tally.costly_rows:,} of {tally.rows:,} rows have a fault in {names}, "
        "where the contract lets none pass."
    )


def costly_first(contract: Contract, faults: Sequence[RowFault]) -> tuple[RowFault, ...]:
    """Return a file's faults with those first that refuse it: only the first ones are shown."""
    strict = _strict(contract)
    return tuple(sorted(faults, key=lambda fault: fault.column not in strict))


def reference(models: Path, production: Path, ledger: Ledger) -> Profile | None:
    """Return the profile of the rows that the live release was trained on, else of the first batch."""
    live = pointer.read(production)
    trained = profiles.load(models / live.release) if live is not None else None
    if trained is not None:
        return trained
    first = ledger.batches.profiles(through=1)
    return Profile.from_json(first[0]) if first else None


def divergence(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Return Kullback and Leibler's divergence, in nats, of ``ours`` from ``theirs``: counts, shape (k,).

    Half a row is added to each cell. Source: Kullback, Leibler (1951), doi 10.1214/aoms/1177729694.
    """
    p, q = (side + _HALF for side in (ours, theirs))
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum(p * np.log(p / q)))


def _strict(contract: Contract) -> set[str]:
    """Return the columns that let no fault pass."""
    return {column.name for column in contract.columns if column.on_fault == "refuse"}


def _add_hits(tally: Tally, rule: FileRule, checked: Checked) -> None:
    """Count the valid rows with a level, or without a value."""
    column = checked.table.column(rule.column)
    missing = rule.level is None
    tally.hits[rule] += column.null_count if missing else pc.sum(pc.equal(column, rule.level)).as_py() or 0


def _add_profile(tally: Tally, rule: FileRule, checked: Checked) -> None:
    """Add the profile of the column of a rule about divergence."""
    columns = [column for column in tally.contract.columns if column.name == rule.column]
    parts = [tally.profiles[rule.column]] if rule.column in tally.profiles else []
    tally.profiles[rule.column] = profiles.merge([*parts, profiles.profile(checked.table, columns)])


def _nothing(_tally: Tally, _rule: FileRule, _checked: Checked) -> None:
    """Rows are counted anyway."""


def _rows(_rule: FileRule, tally: Tally, _ask: Any) -> float:
    return float(tally.valid)


def _share(rule: FileRule, tally: Tally, _ask: Any) -> float | None:
    """Return the share of the valid rows with a level, or without a value."""
    return tally.hits[rule] / tally.valid if tally.valid else None


def _divergence(rule: FileRule, tally: Tally, ask: Callable[[], Profile | None]) -> float | None:
    """Return how far the column lies from the reference; nothing where one of them has no rows."""
    known = ask()
    before = known.column(rule.column) if known else None
    now = tally.profiles[rule.column].column(rule.column)
    if before is None or now is None or before.kind != now.kind:
        return None
    found = cells.of_groups(before, now)
    return divergence(found.reference, found.current) if found.both else None


_ADDED: dict[str, Callable[[Tally, FileRule, Checked], None]] = {
    "share": _add_hits,
    "divergence": _add_profile,
}
_VALUES: dict[str, Callable[..., float | None]] = {
    "rows": _rows,
    "share": _share,
    "divergence": _divergence,
}


def _within(value: float, rule: FileRule) -> bool:
    low = rule.minimum is None or value >= rule.minimum
    return low and (rule.maximum is None or value <= rule.maximum)


def _words(rule: FileRule, value: float) -> str:
    """Say which limit a file breaks, and what it has instead."""
    what = {
        "rows": f"it has {value:,.0f} valid rows",
        "share": f"{rule.column} is {rule.level or 'missing'} in {_percent(value)} of the rows",
        "divergence": f"{rule.column} diverges from the reference by {figures.score(value)}",
    }[rule.check]
    limits = {"at least": rule.minimum, "at most": rule.maximum}
    asked = " and ".join(
        f"{name} {_limit(rule, limit)}" for name, limit in limits.items() if limit is not None
    )
    return f"{what}; the contract asks for {asked}"


def _limit(rule: FileRule, limit: float) -> str:
    return _percent(limit) if rule.check == "share" else figures.digits(limit)


def _percent(share: float) -> str:
    """Write a share by its digits, so that a small one is not zero, nor a large one all."""
    return f"{figures.digits(100 * share)}%"
