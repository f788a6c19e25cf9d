"""A person's edits of the contract: taken up as its next version, unless the rows so far forbid it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from vigil import contract as contracts
from vigil.config import Config
from vigil.contract.cells import level
from vigil.errors import ContractError
from vigil.intake import RawTable
from vigil.records import Contract
from vigil.table.store import Table

#: Settings of the config that shape the contract; those of `LASTING` cannot change after the first rows.
SHAPING = ("key", "time", "task", "positive", "ignore")
LASTING = ("key", "task", "positive")
#: Kinds that the table keeps in columns of the same type.
_STORED = {"number": "number", "date": "date", "category": "string", "text": "string"}


def take_up(output: Path, table: Table, config: Config) -> tuple[Contract | None, list[str]]:
    """Make the edited contract its next version; return what is in force, and what changed, in words.

    A contract that a person has deleted before the first rows is forgotten: the first file gives another.
    Raises ContractError, leaving the version before in force, when the edits cannot be used, change
    what a project is about after rows came in, or name another target than the config; before the first
    rows also when config and contract disagree on what cannot change after them.
    """
    in_force, edited = asked(output, table, config)
    if in_force is None:
        contracts.forget(output)
        return None, []
    if not edited:
        contracts.refresh(output)
        return in_force, [] if table.exists() else overruled(in_force, config)
    made, changes = contracts.refresh(output)
    return made, [*changes, *overruled(made, config)]


def asked(output: Path, table: Table, config: Config) -> tuple[Contract | None, tuple[str, ...]]:
    """Return the contract that a tick would go by now, and what was edited in it; change nothing.

    Raises ContractError as `take_up` does.
    """
    edited = contracts.pending(output)
    withdrawn = contracts.withdrawn(output) and not table.exists()
    before = None if withdrawn else contracts.load(output)
    if edited is not None and before is not None and table.exists():
        _ask_lasting(before, edited[0], table, output)
    in_force = edited[0] if edited else before
    if in_force is not None and in_force.target.name != config.target:
        what = f"predicts {in_force.target.name!r}, and the config's target is {config.target!r}."
        hint = (
            f"Name {in_force.target.name!r} in the config; or there give {config.target!r} "
            f'the role "target" and {in_force.target.name!r} the role "feature", and require the first alone.'
        )
        raise ContractError(what, where=str(output / "contract.json"), hint=hint)
    if in_force is not None and not table.exists():
        _ask_agreed(in_force, config, output)
    return in_force, tuple(edited[1]) if edited else ()


def begun(
    raw: RawTable,
    *,
    config: Config,
    output: Path,
    say: Callable[[str], None],
    ask: Callable[[Contract], object],
    keep: bool,
) -> Contract:
    """Return the contract that the first file implies, saying every guess; with ``keep`` it is in force.

    ``ask`` raises what stands against it, before it is said or kept.
    """
    contract, notes = first(raw, config)
    ask(contract)
    if keep:
        contracts.save(contract, output)
    for note in notes:
        say(f"contract v{contract.version}: {note}")
    return contract


def first(raw: RawTable, config: Config) -> tuple[Contract, tuple[str, ...]]:
    """Return the contract that a first file and the config imply, with a note for every guess."""
    return contracts.infer(
        raw,
        target=config.target,
        key=config.key,
        time=config.time,
        ignore=config.ignore,
        task=config.task,
        positive=config.positive,
        slices=config.slices,
        sensitive=config.sensitive,
    )


def overruled(contract: Contract, config: Config) -> list[str]:
    """Say which settings of the config the contract says otherwise; the contract holds."""
    words = [f"{said}; the contract holds" for said in _said_otherwise(contract, config).values()]
    roles = {column.name: column.role for column in contract.columns}
    kept = [name for name in config.ignore if roles.get(name, "ignored") != "ignored"]
    return words + [f"the config ignores {name}, the contract keeps it; the contract holds" for name in kept]


def _said_otherwise(contract: Contract, config: Config) -> dict[str, str]:
    """Say what config and contract have to say about each setting that they disagree on."""
    said: dict[str, tuple[Sequence[object], list[str]]] = {
        "key": (sorted(config.key), sorted(column.name for column in contract.by_role("key"))),
        "time": ([config.time] if config.time else [], [c.name for c in contract.by_role("time")]),
        "task": ([config.task] if config.task else [], [contract.task]),
        "positive": ([level(config.positive)] if config.positive is not None else [], [contract.positive]),
    }
    return {
        name: f"the config's {name} is {', '.join(map(str, ours))}, the contract's "
        f"{', '.join(filter(None, theirs)) or 'none'}"
        for name, (ours, theirs) in said.items()
        if ours and [str(one).lower() for one in ours] != [one.lower() for one in theirs]
    }


def _ask_agreed(contract: Contract, config: Config, output: Path) -> None:
    """Raise ContractError when the config says otherwise what will not be changed after the first rows."""
    faults = [words for name, words in _said_otherwise(contract, config).items() if name in LASTING]
    if faults:
        what = f"{'; '.join(faults)}. Once rows are in, this cannot be changed."
        hint = (
            "Say the same in both; or delete contract.json, and it is made anew from config and first file."
        )
        raise ContractError(what, where=str(output / "contract.json"), hint=hint)


def _ask_lasting(before: Contract, after: Contract, table: Table, output: Path) -> None:
    """Raise ContractError when an edit changes what the rows so far were judged, split or stored by."""
    lasting = {
        "task": (before.task, after.task),
        "target": (before.target.name, after.target.name),
        "classes": (before.classes, after.classes),
        "positive": (before.positive, after.positive),
        "key": tuple([column.name for column in side.by_role("key")] for side in (before, after)),
    }
    faults = [f"{name} cannot change" for name, (old, new) in lasting.items() if old != new]
    stored = {field.name: _kind(str(field.type)) for field in table.schema()}
    for column in after.kept:
        there = stored.get(column.name, _STORED[column.kind])
        if there != _STORED[column.kind]:
            faults.append(f"column {column.name!r} is kept as a {there} and cannot become a {column.kind}")
    if faults:
        what = f"rows have come in under version {before.version}, so that {'; '.join(faults)}."
        hint = "Undo that edit; or begin a new project with folders and a ledger of its own."
        raise ContractError(what, where=str(output / "contract.json"), hint=hint)


def _kind(stored: str) -> str:
    """Return what the table's type of a column is called here."""
    return "date" if stored.startswith("timestamp") else "number" if stored == "double" else "string"
