from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.contract.rows import RowReader
from vigil.errors import VigilError
from vigil.records import Column
from vigil.web import bodies, regular
from vigil.web.bodies import Body
from vigil.web.regular import PATIENCE, SELDOM, Regular

COLUMNS = (
    Column("a b", "number", minimum=0.0),
    Column("c", "category"),
    Column("day", "date"),
    Column("note", "text"),
)
EXPECTED = frozenset({"key", "target"})
READER = RowReader(COLUMNS, {"c": frozenset({"x", "y"})}, EXPECTED)

_NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**70), 2**70))
_TEXTS = st.sampled_from(["x", "y", "z ", "1", "", "2024-01-02", "?"])
_ANY = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS)
_ROW = st.fixed_dictionaries(
    {"a b": st.one_of(_NUMBERS, st.none()), "c": _TEXTS, "day": _ANY, "note": _ANY},
    optional={"key": _ANY, "target": _ANY},
)
_ODD = st.dictionaries(st.sampled_from(["a b", "c", "day", "key", "stranger"]), _ANY)


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small bodies be tried too."""
    monkeypatch.setattr(regular, "LARGE", 1)


def judged(content: bytes, own: Regular | None) -> Any:
    """Return everything that becomes of a body: arrays, warnings, and what is kept of the other fields."""
    try:
        rows = bodies.read(Body(content, "application/json"), 2**30, own.read if own else None)
    except VigilError as error:
        return type(error), error.what
    read = READER.columns(rows.columns) if rows.rows is None else READER.rows(rows.rows)
    arrays, warnings = read
    kept = rows.fields(("key", "absent"))
    return (
        rows.count,
        {
            name: cells.tobytes()
            if isinstance(cells, np.ndarray) and cells.dtype != object
            else cells.tolist()
            for name, cells in arrays.items()
        },
        {place: said for place, said in warnings.items() if said},
        {name: [(type(cell), cell) for cell in cells] for name, cells in kept.items()},
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(_ROW | _ODD, max_size=6), st.booleans())
def test_it_changes_nothing_but_the_time(rows: list[dict[str, Any]], as_columns: bool) -> None:
    """Typed cells, warnings and what is written down are the same as by the reader of every form."""
    body: dict[str, Any] = {"rows": rows}
    if as_columns:
        names = sorted({name for row in rows for name in row})
        body = {"columns": {name: [row.get(name) for row in rows] for name in names}}
    content = json.dumps(body).encode()
    assert judged(content, Regular(COLUMNS, EXPECTED)) == judged(content, None)


ROW = {"a b": 1, "c": "x", "day": "2024-01-02", "note": None}


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [ROW], "columns": {}},
        {"rows": []},
        {},
        {"rows": [ROW | {"stranger": 1}]},
        {"rows": [ROW, {"a b": 1}]},
        {"rows": [ROW | {"key": "k"}, ROW]},
        {"rows": [ROW | {"a b": "12"}]},
        {"rows": [ROW | {"a b": True}]},
        {"rows": [ROW | {"c": "x" * 10_001}]},
        {"rows": [ROW] * 10_001},
        {"columns": {"a b": [1], "c": ["x", "y"], "day": [None], "note": [None]}},
        {"columns": {"a b": [], "c": [], "day": [], "note": []}},
        ["rows"],
    ],
)
def test_what_is_not_regular_is_left_to_the_other_reader(body: Any) -> None:
    """Which answers it, or says what is wrong with it."""
    own = Regular(COLUMNS, EXPECTED)
    content = msgspec.json.encode(body)
    assert own.read(content) is None
    assert judged(content, own) == judged(content, None)


def test_what_is_no_json_is_left_too() -> None:
    """Whatever bytes come, the words of the error are the other reader's."""
    for content in (
        b"",
        b"{",
        b'{"rows": [{"c": "\xff"}]}',
        b"\xef\xbb\xbf" + json.dumps({"rows": [ROW]}).encode(),
    ):
        assert Regular(COLUMNS, EXPECTED).read(content) is None
        assert judged(content, Regular(COLUMNS, EXPECTED)) == judged(content, None)


def test_rows_and_columns_are_read_alike() -> None:
    """With the fields that need not be there when all rows have them, and without them when none has."""
    own = Regular(COLUMNS, EXPECTED)
    row = ROW | {"key": 7}
    by_row = own.read(msgspec.json.encode({"rows": [row] * 3}))
    by_column = own.read(msgspec.json.encode({"columns": {name: [cell] * 3 for name, cell in row.items()}}))
    assert by_row is not None
    assert by_row == by_column
    assert by_row.columns["key"] == [7, 7, 7]
    assert "target" not in by_row.columns


def test_a_client_of_another_form_is_seldom_tried_twice() -> None:
    """After a few bodies in vain only one in many; a regular one found so brings it back at once."""
    own = Regular(COLUMNS, EXPECTED)
    odd, usual = (msgspec.json.encode({"rows": [row]}) for row in (ROW | {"stranger": 1}, ROW))
    for _ in range(PATIENCE):
        own.read(odd)
    found = [own.read(usual) is not None for _ in range(SELDOM)]
    first = found.index(True)
    assert found == [False] * first + [True] * (SELDOM - first)


def test_releases_of_one_contract_share_what_reads_their_bodies() -> None:
    """Or each switch would leave types behind; other columns are read by another."""
    first, second = Regular(COLUMNS, EXPECTED), Regular(COLUMNS, EXPECTED)
    assert first._decoder is second._decoder
    assert Regular(COLUMNS[:2], EXPECTED)._decoder is not first._decoder
