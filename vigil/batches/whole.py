"""What a whole file must be like: the contract's rules about its valid rows, before any of them counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute

from vigil import profiles
from vigil.bundles import pointer
from vigil.contract import Checked
from vigil.drift import cells
from vigil.ledger.ledger import Ledger
from vigil.profiles import Profile
from vigil.records import Contract, FileRule, RowFault

#: The published type stubs are behind the library, so its functions go unchecked.
pc: Any = pyarrow.compute

#: Added to each cell's count, so that a level which the reference has never seen costs no infinity.
_HALF = 0.5


def broken(contract: Contract, checked: Checked, reference: Callable[[], Profile | None]) -> list[str]:
    """Return, in words, the rules about whole files that a file breaks.

    ``reference`` is asked only by a rule about divergence; without any the rule is not judged.
    """
    found = []
    for rule in contract.files:
        value = _VALUES[rule.check](rule, contract, checked, reference)
        if value is not None and not _within(value, rule):
            found.append(_words(rule, value))
    return found


def costly(contract: Contract, checked: Checked) -> str:
    """Say which faults a file has of which one is enough to refuse it (a column's ``on_fault``), if any."""
    strict = _strict(contract)
    found = [fault for fault in checked.faults if fault.column in strict]
    if not found:
        return ""
    names = ", ".join(dict.fromkeys(fault.column for fault in found))
    rows = len({fault.line for fault in found})
    return f"{rows:,} of {checked.rows:,} rows have a fault in {names}, where the contract lets none pass."


def costly_first(contract: Contract, checked: Checked) -> tuple[RowFault, ...]:
    """Return a file's faults with those first that refuse it: only the first ones are shown."""
    strict = _strict(contract)
    return tuple(sorted(checked.faults, key=lambda fault: fault.column not in strict))


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


def _rows(_rule: FileRule, _contract: Contract, checked: Checked, _ask: Any) -> float:
    return float(checked.table.num_rows)


def _share(rule: FileRule, _contract: Contract, checked: Checked, _ask: Any) -> float | None:
    """Return the share of the valid rows with a level, or without a value."""
    column = checked.table.column(rule.column)
    if not len(column):
        return None
    if rule.level is None:
        return float(column.null_count / len(column))
    return (pc.sum(pc.equal(column, rule.level)).as_py() or 0) / len(column)


def _divergence(
    rule: FileRule, contract: Contract, checked: Checked, ask: Callable[[], Profile | None]
) -> float | None:
    """Return how far the column lies from the reference; nothing where one of them has no rows."""
    known = ask()
    before = known.column(rule.column) if known else None
    columns = [column for column in contract.columns if column.name == rule.column]
    now = profiles.profile(checked.table, columns).column(rule.column)
    if before is None or now is None or before.kind != now.kind:
        return None
    found = cells.of_groups(before, now)
    return divergence(found.reference, found.current) if found.both else None


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
        "share": f"{rule.column} is {rule.level or 'missing'} in {value:.1%} of the rows",
        "divergence": f"{rule.column} diverges from the reference by {value:.3f}",
    }[rule.check]
    limits = {"at least": rule.minimum, "at most": rule.maximum}
    asked = " and ".join(
        f"{name} {_limit(rule, limit)}" for name, limit in limits.items() if limit is not None
    )
    return f"{what}; the contract asks for {asked}"


def _limit(rule: FileRule, limit: float) -> str:
    return f"{limit:.1%}" if rule.check == "share" else f"{limit:,g}"
