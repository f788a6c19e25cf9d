"""Answers that a browser saves as files, and CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response

from vigil.batches.export import harmless


def as_file(content: bytes, name: str, kind: str) -> Response:
    """Return content to be saved under a plain name."""
    response = Response(content, content_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]], name: str) -> Response:
    """Return rows as a CSV file; a cell that a spreadsheet would run as a formula gets an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return as_file(text.getvalue().encode("utf-8", "backslashreplace"), name, "text/csv")
