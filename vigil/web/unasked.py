"""The fields of a row that no model looks at: those that may come, and those that are written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vigil import contract as contracts
from vigil.errors import ContractError

if TYPE_CHECKING:
    from vigil.project import Project


@dataclass(frozen=True, slots=True)
class Unasked:
    """Columns without a part in an answer: ``expected`` cost no warning, ``kept`` are key and time."""

    expected: frozenset[str]
    kept: tuple[str, ...]


def of(project: Project) -> Unasked:
    """Return them as the contract has them, which people edit; without one, as the config has."""
    config = project.config
    named = {config.target, *config.key, *config.ignore, *([config.time] if config.time else [])}
    try:
        contract = contracts.load(project.output)
    except ContractError:
        contract = None  # a tick says what is wrong with it
    if contract is None:
        return Unasked(frozenset(named), (*config.key, *([config.time] if config.time else [])))
    others = {column.name for column in contract.columns if column.role != "feature"}
    kept = (*contract.by_role("key"), *contract.by_role("time"))
    return Unasked(frozenset(named | others), tuple(column.name for column in kept))
