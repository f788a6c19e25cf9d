"""What the ledger keeps of files that bring no rows: refused, ignored, seen before, moved."""

from __future__ import annotations

from pathlib import Path

from vigil.batches.arrival import Arrival, NewFile
from vigil.ledger.ledger import Ledger
from vigil.records import Batch


def write_down(ledger: Ledger, file: NewFile, outcome: Arrival, *, version: int, run: int) -> None:
    """Write what became of a file, and by which version of the contract."""
    ledger.files.record(
        file.key,
        file.stamp,
        digest="",
        status=outcome.status,
        batch=None,
        reason=outcome.reason,
        contract_version=version,
        run=run,
        details=outcome.as_json(),
    )


def is_known(ledger: Ledger, root: Path, file: NewFile, known: Batch | None, *, run: int) -> bool:
    """Say whether a file was taken in before and only touched or moved since; if so, note where it is.

    ``known`` is the batch of its content. It has moved when nothing stands any more where it was first found.
    """
    if known is None or (known.path != file.key and (root / known.path).exists()):
        return False
    seen = {"digest": known.digest, "batch": known.id}
    if known.path == file.key:
        ledger.files.record(file.key, file.stamp, status="ingested", **seen)
    else:
        _moved(ledger, file, known, run, seen)
    return True


def _moved(ledger: Ledger, file: NewFile, known: Batch, run: int, seen: dict[str, str]) -> None:
    """Note a batch's file under its new path."""
    moved = Arrival(file.name, "moved", f"is {known.path}, moved here.")
    write_down(ledger, file, moved, version=known.contract_version, run=run)
    ledger.files.record(file.key, file.stamp, **seen)
