"""Which rows wait for their labels, and the file that those with a label become."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from vigil.arrow import pc
from vigil.ledger.ledger import Ledger
from vigil.outcomes import cohorts, store
from vigil.outcomes.cohorts import Cohort, Found
from vigil.predictions import collecting
from vigil.records import LABELLED, ORDER_COLUMN, Batch, Contract
from vigil.storage import durable
from vigil.table.store import Table


def answered(
    output: Path, contract: Contract, now: datetime, since: datetime, first: int
) -> tuple[list[Cohort], int]:
    """Return the cohorts of answers since a moment, and the first commit to look at next time.

    ``first`` is the one that was returned the last time; earlier ones are not read.
    """
    table = collecting.table(output)
    if not table.exists() or table.last_order() < first:
        return [], first
    rows = table.rows(since=first)
    if not rows.num_rows:
        return [], first
    young = pc.greater_equal(
        rows.column(collecting.AT), pa.scalar(since, rows.schema.field(collecting.AT).type)
    )
    rows = rows.filter(young)
    if not rows.num_rows:
        return [], table.last_order() + 1
    return cohorts.answered(rows, contract, now), int(pc.min(rows.column(ORDER_COLUMN)).as_py())


def arrived(ledger: Ledger, table: Table, contract: Contract, since: datetime) -> list[Cohort]:
    """Return a cohort for each file that came since a moment and lacks many of its labels."""
    found = []
    for batch in ledger.batches.all():
        if batch.rows and not batch.is_labelled and not batch.is_labelled_late:
            came = _came(ledger, batch)
            if came >= since:
                rows = table.batch(batch.order)
                found.append(cohorts.unlabelled(batch.waits_as, rows, contract, came))
    return found


def _came(ledger: Ledger, batch: Batch) -> datetime:
    """Return when the run began that took a batch in."""
    run = ledger.runs.get(ledger.batches.run_of(batch.id))
    assert run is not None  # noqa: S101  (a batch has its run)
    return datetime.fromisoformat(run["started"])


def lay_down(folder: Path, contract: Contract, cohort: Cohort, found: Found) -> tuple[int, str]:
    """Write a cohort's labelled rows as a file to be ingested, whole; return how many, and its name.

    Written again after a kill, it is the same file.
    """
    rows = cohorts.labelled(cohort, found, contract)
    name = f"{cohort.id}{LABELLED}"
    if rows.num_rows:
        content = io.BytesIO()
        parquet.write_table(rows, content, compression="zstd")
        durable.write_atomic(folder / name, content.getvalue())
    return rows.num_rows, name


def corrected(output: Path, cohort: Cohort, found: Found, counted_at: datetime) -> int:
    """Return how many of a cohort's labels differ from those that it was counted with."""
    then = cohorts.look(cohort, store.known(output, by=counted_at))
    return sum(a is not None and a != b for a, b in zip(then.labels, found.labels, strict=True))
