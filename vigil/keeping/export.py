"""The accepted rows as a file, as they stood after any batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vigil.errors import VigilError
from vigil.project import Project
from vigil.records import HASH_COLUMN, Batch


def export(project: Project, file: Path, through: str | None) -> tuple[int, Batch]:
    """Write the rows of every batch up to one into a CSV or Parquet file; return how many, and that batch.

    ``through`` is a batch's order, id or file name; None takes all. The columns that say where a row came
    from are included. Raises VigilError when there is no such batch, or no way to write such a file.
    """
    import pyarrow.csv
    import pyarrow.parquet

    batch = _batch(project, through)
    rows = project.table.rows(through=batch.order).drop_columns([HASH_COLUMN])
    writers: dict[str, Any] = {".csv": pyarrow.csv.write_csv, ".parquet": pyarrow.parquet.write_table}
    if file.suffix not in writers:
        hint = f"Name a file that ends in {' or '.join(writers)}."
        raise VigilError("is of a kind that cannot be written.", where=str(file), hint=hint)
    aside = file.with_name(f".{file.name}.part")
    try:
        writers[file.suffix](rows, aside)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    return rows.num_rows, batch


def _batch(project: Project, named: str | None) -> Batch:
    """Return the batch that a person means, the newest one when none is named."""
    batches = project.ledger.batches.all()
    found = [batch for batch in batches if named in (None, str(batch.order), batch.id, batch.name)]
    if not found:
        known = ", ".join(f"{batch.order} ({batch.name})" for batch in batches[-5:])
        hint = f"The newest are {known}." if known else "Nothing has been taken in yet."
        raise VigilError(f"there is no batch {named}.", where=project.name, hint=hint)
    return found[-1]
