"""Names and types of the table's columns: as rows bring them, as Delta Lake stores them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.errors import TableError
from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN

if TYPE_CHECKING:
    import pyarrow as pa


def checked(rows: pa.Table, root: Path) -> pa.Table:
    """Return the rows with their system columns in the types of the table."""
    import pyarrow as pa

    own = {
        BATCH_COLUMN: pa.string(),
        ORDER_COLUMN: pa.int64(),
        LINE_COLUMN: pa.int64(),
        HASH_COLUMN: pa.binary(16),
    }
    for name, kind in own.items():
        if name not in rows.column_names:
            raise TableError(f"the rows lack the column {name}.", where=str(root))
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, rows.column(name).cast(kind))
    for field in rows.schema:
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            raise TableError(f"the dates of column {field.name} have no time zone.", where=str(root))
    return rows


def as_stored(schema: pa.Schema) -> pa.Schema:
    """Return the schema as Delta Lake knows it: every column nullable, the hash as plain bytes."""
    import pyarrow as pa

    hashed = [
        pa.field(field.name, pa.binary() if field.name == HASH_COLUMN else field.type) for field in schema
    ]
    return pa.schema(hashed)


def plain_field(field: pa.Field[Any]) -> pa.Field[Any]:
    """Return a column of the table in the type that the other rooms know."""
    import pyarrow as pa

    if field.name == HASH_COLUMN:
        return pa.field(field.name, pa.binary(16))
    text = pa.types.is_string_view(field.type) or pa.types.is_large_string(field.type)
    return pa.field(field.name, pa.string() if text else field.type)


def subset(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """Return the schema of some columns, in the order of their names."""
    import pyarrow as pa

    return pa.schema([schema.field(name) for name in names])


def new_columns(old: pa.Schema, new: pa.Schema, root: Path) -> list[str]:
    """Return the columns that the table lacks; raise TableError when one has changed its type."""
    changed = [
        f"{field.name} from {old.field(field.name).type} to {field.type}"
        for field in new
        if field.name in old.names and old.field(field.name).type != field.type
    ]
    if changed:
        hint = "Give the changed column a new name, or start a new output folder."
        what = f"a column cannot change its type: {'; '.join(changed)}."
        raise TableError(what, where=str(root), hint=hint)
    return [name for name in new.names if name not in old.names]
