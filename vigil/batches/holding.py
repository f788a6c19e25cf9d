"""What is kept of the rows that do not reach the table."""

from __future__ import annotations

from typing import Any

import numpy as np

from vigil.contract import Checked
from vigil.intake import RawTable, listed
from vigil.table.quarantine import Held


def held_rows(raw: RawTable, checked: Checked, contract_version: int) -> Held:
    """Return what is kept of a file's faulty rows: why, and their cells as they stood."""
    if not checked.faults:
        return Held((), {}, contract_version, checked.decimal)
    faulty = np.unique(np.array([fault.line for fault in checked.faults], dtype=np.int64))
    places = np.flatnonzero(np.isin(raw.lines, faulty))
    rows = raw.columns.take(places)
    columns = [[_plain(cell) for cell in listed(column)] for column in rows.columns]
    lines = raw.lines[places].tolist()
    cells = {
        line: dict(zip(rows.column_names, row, strict=True))
        for line, row in zip(lines, zip(*columns, strict=True), strict=True)
    }
    return Held(checked.faults, cells, contract_version, checked.decimal)


def _plain(cell: Any) -> Any:
    """Return a cell as JSON holds it; dates and decimals as their text."""
    return cell if cell is None or isinstance(cell, bool | int | float | str) else str(cell)
