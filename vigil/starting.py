"""A first config and contract for a user's own file, with every guess said."""

from __future__ import annotations

import json
from pathlib import Path

from vigil import contract as contracts
from vigil import intake
from vigil.config import FOLDERS
from vigil.console import runnable
from vigil.errors import ContractError, VigilError
from vigil.intake import RawTable
from vigil.records import MOSTLY_ALIKE, Contract
from vigil.table.hashing import row_hashes

#: Names that usually mean the column to predict.
TARGETS = ("target", "label", "class", "y", "outcome", "response", "churn", "default")


def init(data: Path, config: Path, target: str | None = None) -> None:
    """Write a config beside which `data` is the first input, and its contract; print what was guessed.

    ``target`` is the column to predict, guessed where it is not named. Raises VigilError when the config
    exists, FileRefused when the data cannot be read, ContractError when it has no such column.
    """
    if config.exists():
        raise VigilError("exists already.", where=str(config), hint="Name another one with --config.")
    raw = intake.read(data)
    named, target = target is not None, target or guess_target(raw)
    settings = {
        "name": "".join(
            letter if letter.isascii() and letter.isalnum() else "-" for letter in data.stem
        ).strip("-")[:64]
        or "vigil",
        **FOLDERS,
        "target": target,
    }
    try:
        contract, notes = contracts.infer(
            raw, target=target, key=[], time=None, ignore=[], task=None, positive=None
        )
    except ContractError as fault:
        if named:
            raise
        hint = f"{target!r} was guessed: name the column to predict with --target."
        raise ContractError(f"{fault.what}", where=str(data), hint=f"{hint} {_columns(raw)}") from fault
    repeats = _repeats(raw, contract)
    if repeats:
        settings["duplicates"] = "keep"
    root = config.parent
    arriving, ingested = root / settings["input_folder_path"], root / settings["output_folder_path"]
    root.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    contracts.save(contract, ingested)
    arriving.mkdir(exist_ok=True)
    print(f"wrote {config} and {ingested / 'contract.json'}")
    wrong = "" if named else "; if that is another column, delete both and name it with --target"
    print(f"  target: {target!r} ({contract.task}){wrong}")
    for note in (*notes, *repeats):
        print(f"  {note}")
    print('  Is a row about somebody, or of a moment? Give such a column the role "key" or "time".')
    print("  Roles are changed in contract.json, before the first file is taken in.")
    print(f"next: copy {data} into {arriving}, then {runnable('python fullprocess.py', config)}")


def _repeats(raw: RawTable, contract: Contract) -> list[str]:
    """Say how many rows equal an earlier one, if they are so many that each must be a case of its own."""
    rows = contracts.check(contract, raw).table
    alike = rows.num_rows - len(set(map(bytes, row_hashes(rows, rows.column_names))))
    if alike <= MOSTLY_ALIKE * rows.num_rows:
        return []
    what = f"{alike:,} of {rows.num_rows:,} rows equal an earlier row."
    return [f'{what} Each is taken to be a case of its own ("duplicates": "keep" in the config).']


def _columns(raw: RawTable) -> str:
    """Say which columns a file has."""
    return f"It has: {', '.join(name for name in raw.columns.column_names if name)}."


def guess_target(raw: RawTable) -> str:
    """Return the column whose name usually is the target's, else the last one."""
    names = [name for name in raw.columns.column_names if name.strip()]
    lower = {name.strip().lower(): name for name in reversed(names)}
    return next((lower[name] for name in TARGETS if name in lower), names[-1])
