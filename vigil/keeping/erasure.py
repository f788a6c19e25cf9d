"""Forgetting one key: its rows leave everything that Vigil stores, and a record stays that they did.

Done again after it was cut off, it finishes. Arriving files are people's own and are never changed: the
ones that hold the key are named. A trained model cannot forget; the releases that learned from it are named.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from vigil import intake, models, profiles
from vigil.arrow import pc
from vigil.batches import cuts, history, merged
from vigil.bundles import keys
from vigil.errors import FileRefused, VigilError
from vigil.ledger.schema import files
from vigil.predictions import collecting
from vigil.project import Project
from vigil.records import ORDER_COLUMN, Column, Contract, Decision
from vigil.storage import durable
from vigil.table import hashing


@dataclass
class Erased:
    """What was found of a key, and what still holds it."""

    rows: int = 0
    answers: int = 0
    batches: list[str] = field(default_factory=list)
    quarantined: int = 0
    reports: list[str] = field(default_factory=list)
    arriving: list[str] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)


def erase(project: Project, values: Sequence[str], *, run: int) -> Erased:
    """Remove every row of one key, given by the cells of its columns; the caller holds the lock.

    Older versions of the table are deleted with it. Raises VigilError when the contract has no key, or
    another number of key columns.
    """
    contract = project.contract()
    columns = contract.by_role("key")
    if len(values) != len(columns) or not columns:
        names = ", ".join(column.name for column in columns) or "none"
        what = f"a key has {len(columns)} cells here, and {len(values)} were given."
        raise VigilError(what, where="--erase", hint=f"The key's columns: {names}.")
    found = Erased()
    if project.table.exists():
        found.rows = project.table.replace(
            lambda rows: rows.filter(pc.invert(_of_key(rows, columns, values)))
        )
        project.table.vacuum(0)
        durable.remove_tree(project.table.root / "_torn")
        project.seen.rebuild(project.table)
        history.forget(project.seen.root)
        lost = _measured_anew(project, contract)
        # More than were taken out just now, when an earlier erasure was cut off after the table's commit.
        found.rows = max(found.rows, sum(lost.values()))
        found.batches = list(lost)
    found.answers = _from_predictions(project, contract, values)
    pattern = re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, values)) + r"(?!\w)")
    found.quarantined = _from_quarantine(project, columns, pattern) + _from_ledger(project, pattern)
    found.reports = _from_reports(project, pattern)
    found.arriving = _arriving(project, pattern)
    found.releases = _releases(project, columns, values)
    _write_down(project, values, found, run)
    return found


def _of_key(rows: pa.Table, columns: Sequence[Column], values: Sequence[str]) -> Any:
    """Tell which rows are of the key."""
    masks = []
    for column, value in zip(columns, values, strict=True):
        cells = rows.column(column.name)
        try:
            wanted = pa.scalar(value).cast(cells.type)
        except pa.ArrowInvalid:
            what = f"{value!r} is no {column.kind}, which column {column.name} holds."
            raise VigilError(what, where="--erase") from None
        masks.append(pc.fill_null(pc.equal(cells, wanted), False))
    return reduce(pc.and_, masks)


def _from_predictions(project: Project, contract: Contract, values: Sequence[str]) -> int:
    """Erase the key from what the service answered; segments that are closed are taken in before."""
    collecting.collect(project.output, contract, models.code_order(contract))
    answered = collecting.table(project.output)
    columns = contract.by_role("key")
    if not answered.exists() or any(column.name not in answered.schema().names for column in columns):
        return 0
    gone = answered.replace(lambda rows: rows.filter(pc.invert(_of_key(rows, columns, values))))
    answered.vacuum(0)
    return gone


def _measured_anew(project: Project, contract: Contract) -> dict[str, int]:
    """Bring the ledger's counts and profiles of batches that lost rows up to date; say how many each lost."""
    orders = project.table.rows(columns=[ORDER_COLUMN]).column(ORDER_COLUMN)
    counts = {item["values"]: item["counts"] for item in pc.value_counts(orders).to_pylist()}
    changed = [b for b in project.ledger.batches.all() if counts.get(b.order, 0) != b.rows]
    for batch in changed:
        rows = project.table.batch(batch.order)
        profile = profiles.profile(rows, contract.kept, cuts.known(project.ledger)).to_json()
        labelled = contract.labelled(rows)
        project.ledger.batches.measured_anew(batch.id, rows=rows.num_rows, labelled=labelled, profile=profile)
    if changed:
        durable.remove_tree(merged.place(project.output))  # made anew by the next tick
    return {batch.name: batch.rows - counts.get(batch.order, 0) for batch in changed}


def _from_quarantine(project: Project, columns: Sequence[Column], pattern: re.Pattern[str]) -> int:
    """Take the lines of the files that name the key out of the quarantine; return how many.

    A key may be a number in the cells of a typed file, where its text alone would not be found.
    """
    gone = 0
    durable.remove(project.output / "quarantine.csv")  # an export: a person makes it anew
    for path in sorted((project.output / "quarantine").glob("*.jsonl")):
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        keys = [[str(entry.get("cells", {}).get(column.name, "")) for column in columns] for entry in entries]
        held = zip(entries, keys, strict=True)
        named = {entry["line"] for entry, key in held if _names([entry, " ".join(key)], pattern)}
        kept = [entry for entry in entries if entry["line"] not in named]
        if len(kept) < len(entries):
            gone += len(named)
            durable.write_atomic(path, "".join(json.dumps(entry) + "\n" for entry in kept).encode())
    return gone


def _from_ledger(project: Project, pattern: re.Pattern[str]) -> int:
    """Take faults that quote the key out of what the ledger says of files; return how many."""
    gone = 0
    for row in project.ledger.files.find():
        faults = row["details"].get("faults", [])
        kept = [fault for fault in faults if not _names(fault, pattern)]
        if len(kept) < len(faults):
            gone += len(faults) - len(kept)
            details = {**row["details"], "faults": kept}
            project.ledger.files.change({"details": details}, files.c.path == row["path"])
    return gone


def _from_reports(project: Project, pattern: re.Pattern[str]) -> list[str]:
    """Delete the documents of runs, and the model cards, that name the key; return what they are called."""
    gone = []
    for card in sorted(project.reports.glob("cards/*.md")):
        if pattern.search(card.read_text(encoding="utf-8")):
            durable.remove(card.with_suffix(".html"))
            durable.remove(card)
            gone.append(f"cards/{card.stem}")
    for answers in sorted(project.reports.glob("*/apireturns.json")):
        if _names(json.loads(answers.read_text(encoding="utf-8")), pattern):
            durable.remove_tree(answers.parent)
            gone.append(answers.parent.name)
    return gone


def _names(value: Any, pattern: re.Pattern[str]) -> bool:
    """Say whether a text somewhere in a JSON value holds the key."""
    if isinstance(value, dict):
        return any(_names(part, pattern) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_names(part, pattern) for part in value)
    return isinstance(value, str) and bool(pattern.search(value))


def _arriving(project: Project, pattern: re.Pattern[str]) -> list[str]:
    """Return the known files that are still there and hold the key's text."""
    known = [project.root / key for key in project.ledger.files.known()]
    return sorted(str(path) for path in known if path.is_file() and _holds(path, pattern))


def _holds(path: Path, pattern: re.Pattern[str]) -> bool:
    """Say whether a file as it is read holds the key's text in some row."""
    try:
        table = intake.read(path).columns
    except (FileRefused, OSError):
        return bool(pattern.search(path.read_bytes().decode("utf-8", "replace")))
    return any(_in_column(column, pattern) for column in table.columns)


def _in_column(column: Any, pattern: re.Pattern[str]) -> bool:
    texts: Any = pc.cast(pc.unique(column), pa.string())
    return any(text is not None and pattern.search(text) for text in texts.to_pylist())


def _releases(project: Project, columns: Sequence[Column], values: Sequence[str]) -> list[str]:
    """Return the releases whose bundles say that they were trained on rows of the key."""
    types: dict[str, Any] = {"number": pa.float64(), "date": pa.timestamp("us", "UTC")}
    cells = {
        column.name: pa.array([value]).cast(types.get(column.kind, pa.string()))
        for column, value in zip(columns, values, strict=True)
    }
    hashed = hashing.row_hashes(pa.table(cells), list(cells))
    rows = project.ledger.releases.all()
    folders = [(row, project.models / row["id"]) for row in rows]
    return [
        f"{row['id']} ({row['state']})"
        for row, folder in folders
        if keys.among(hashed, keys.load(folder)).any()
    ]


def _write_down(project: Project, values: Sequence[str], found: Erased, run: int) -> None:
    """Record that it was done; of the key only a hash."""
    text = "\0".join([project.name, *values])
    digest = hashlib.sha256(text.encode()).hexdigest()
    evidence = {
        "key_sha256": digest,
        "rows": found.rows,
        "batches": found.batches,
        "answers": found.answers,
        "quarantined": found.quarantined,
        "reports": found.reports,
        "arriving": len(found.arriving),
        "releases": found.releases,
    }
    reason = f"{found.rows:,} rows of one key were erased from {len(found.batches)} batches by a person."
    decision = Decision(f"run-{run}-erase", "erase", "", "", "erase", reason, evidence, done=True)
    project.ledger.decisions.add(decision, order=project.ledger.batches.last_order(), run=run)
