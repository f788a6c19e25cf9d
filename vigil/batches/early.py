"""What is found out of a file before its turn, in another thread or in another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil import contract as contracts
from vigil import intake, profiles
from vigil.contract import Checked
from vigil.errors import VigilError
from vigil.intake import RawTable
from vigil.profiles import Cuts
from vigil.records import HASH_COLUMN, Column, Contract
from vigil.table import hashing
from vigil.table.hashing import Words

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Profiled:
    """A profile as the ledger keeps it: made with ``asked`` as its cuts, and having ``cuts``."""

    asked: Cuts
    cuts: Cuts
    profile: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the table and the ledger keep of valid rows if all of them stay; ``hashes`` has shape (n, 2)."""

    hashes: Words
    profiled: Profiled


@dataclass(frozen=True, slots=True)
class Early:
    """A file's digest and rows; ``checked`` is None where there was no contract to check them by.

    ``raw`` and ``checked`` may be why there are no rows. Of what comes from another process ``raw`` has the
    faulty rows alone, which are ``few``.
    """

    digest: str
    raw: RawTable | VigilError
    checked: Checked | VigilError | None = None
    measured: Measured | None = None
    few: bool = False


def look(path: Path, contract: Contract | None) -> Early:
    """Read a file, and check it where there is a contract. Raises as `intake.digest` does."""
    digest = intake.digest(path)
    try:
        raw = intake.read(path, **manner(contract))
    except VigilError as refusal:
        return Early(digest, refusal)
    try:
        return Early(digest, raw, contracts.check(contract, raw) if contract is not None else None)
    except VigilError as refusal:
        return Early(digest, raw, refusal)


def look_closely(path: Path, contract: Contract, cuts: Cuts) -> Early:
    """Read, check and measure a file, for another process: rows that it has no use for are left out."""
    found = look(path, contract)
    if isinstance(found.raw, VigilError) or not isinstance(found.checked, Checked):
        raw = found.raw if isinstance(found.raw, VigilError) else _faulty(found.raw, ())
        return replace(found, raw=raw, few=True)
    lines = tuple(fault.line for fault in found.checked.faults)
    measured = measure(found.checked, contract, cuts)
    return replace(found, raw=_faulty(found.raw, lines), measured=measured, few=True)


def measure(checked: Checked, contract: Contract, cuts: Cuts) -> Measured:
    """Hash and profile valid rows."""
    hashes = hashing.of_columns(checked.table, contract.kept)
    rows = checked.table.append_column(HASH_COLUMN, hashing.to_column(hashes))
    return Measured(hashes, profiled(rows, contract.kept, cuts))


def profiled(rows: pa.Table, columns: Sequence[Column], cuts: Cuts) -> Profiled:
    """Profile rows, which carry the table's hash, with cuts."""
    profile = profiles.profile(rows, columns, cuts)
    return Profiled(cuts, dict(profile.pairs.cuts), profile.to_json())


def manner(contract: Contract | None) -> dict[str, str]:
    """Return how a text file is to be read; what is empty is guessed."""
    if contract is None:
        return {"encoding": "", "delimiter": ""}
    return {"encoding": contract.encoding, "delimiter": contract.delimiter}


def _faulty(raw: RawTable, lines: tuple[int, ...]) -> RawTable:
    """Return a file's rows without those that stand on other lines."""
    places = np.flatnonzero(np.isin(raw.lines, np.array(lines, dtype=np.int64)))
    return replace(raw, columns=raw.columns.take(places), lines=raw.lines[places])
