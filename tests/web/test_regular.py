from __future__ import annotations

import json
import struct
from concurrent.futures import ThreadPoolExecutor
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
    assert by_column is not None
    numbers = by_column.columns["a b"]
    assert isinstance(numbers, np.ndarray)
    assert by_row.columns == {**by_column.columns, "a b": numbers.tolist()}
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


#: Cells as they may be written in a body, and what is no JSON; names that are alike for a careless reader.
_CELLS = """
    1 -0 -0.0 0.1 1E5 5e-324 1e-400 1e400 9007199254740993 18446744073709551615 18446744073709551616
    -9223372036854775809 null true [] [1] [[1.5],2] {} "x" "y" "2024-01-02" "[" "\\u0000" "\\ud800" "\\"" "ü"
    "\\ud83d\\ude00" NaN 01 1. +1 {"a":1,"a":2}
    """
_CELL = st.sampled_from(_CELLS.split())
_NUMBER = st.sampled_from(["1", "-7.25", "0.30000000000000004", "123456789012345678", "-0", "1e22"])
_NAME = st.sampled_from(["a b", "c", "day", "note", "key", "stranger", "a b\\u0000", "\\u0061 b", "columns"])


@st.composite
def _written(draw: st.DrawFn) -> bytes:
    """Return a body of columns, mostly of one length, some of numbers alone."""
    count = draw(st.integers(0, 4))
    columns = []
    for name in draw(st.lists(_NAME, max_size=5)):
        kind = draw(st.sampled_from([_NUMBER, _NUMBER, _CELL]))
        length = draw(st.sampled_from([count] * 9 + [count + 1]))
        columns.append(f'"{name}": [{", ".join(draw(kind) for _ in range(length))}]')
    space, end = (
        draw(st.sampled_from(["", " ", "\n\t"])),
        draw(st.sampled_from([""] * 9 + ["x", ', "rows": []'])),
    )
    return f'{space}{{{space}"columns": {{{", ".join(columns)}}}{end}}}{space}'.encode()


@settings(max_examples=400, deadline=None)
@given(_written())
def test_columns_mean_the_same_however_they_are_written(content: bytes) -> None:
    """Numbers at the ends of a double's range, brackets in texts, names that come twice, what is no JSON."""
    assert judged(content, Regular(COLUMNS, EXPECTED)) == judged(content, None)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_columns_with_a_broken_byte_mean_the_same(data: st.DataObject) -> None:
    """Or are no JSON for both readers, in the same words."""
    columns = {"a b": [1.5, 2, -3e-7], "c": ["x", "yü", None], "key": [1, 2, 3]}
    content = bytearray(json.dumps({"columns": columns}, ensure_ascii=False).encode())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    assert judged(bytes(content), Regular(COLUMNS, EXPECTED)) == judged(bytes(content), None)


def test_a_column_of_numbers_holds_the_doubles_that_python_reads() -> None:
    """Bit for bit: any double as Python writes it, and decimals of 17 digits and more."""
    random = np.random.default_rng(0)
    doubles = random.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
    words = [repr(number) for number in doubles[np.isfinite(doubles)].tolist()]
    digits = random.integers(0, 10, (10_000, 25)).tolist()
    powers = random.integers(-350, 283, len(digits)).tolist()
    words += [f"1{''.join(map(str, each))}.5e{power}" for each, power in zip(digits, powers, strict=True)]
    for start in range(0, len(words), 10_000):
        part = words[start : start + 10_000]
        found = regular.ByColumn(["a"]).read(b'{"columns": {"a": [%b]}}' % ", ".join(part).encode())
        assert found is not None
        numbers = found.columns["a"]
        assert isinstance(numbers, np.ndarray)
        assert numbers.tobytes() == struct.pack(f"{len(part)}d", *map(float, part))


def test_columns_are_read_by_several_threads_at_once() -> None:
    """Each gets its own, whatever the one before it was; a parser is kept for each at most."""
    reader = regular.ByColumn(["a"])

    def read(number: int) -> bool:
        content = msgspec.json.encode({"columns": {"a": [number] * 2_000, "b": [str(number)] * 2_000}})
        assert reader.read(content[:-1]) is None
        assert reader.read(b'{"columns": {"a": [[1.5], 2]}}') is None
        found = reader.read(content)
        assert found is not None
        return set(found.columns["a"]) == {number} and set(found.columns["b"]) == {str(number)}

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read, range(100)))
    assert len(reader._parsers) <= 4


def test_without_its_parser_columns_are_left_to_the_other_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there is none for the interpreter."""
    monkeypatch.setattr(regular, "simdjson", None)
    content = msgspec.json.encode({"columns": {name: [cell] for name, cell in ROW.items()}})
    assert Regular(COLUMNS, EXPECTED).read(content) is None


@pytest.mark.parametrize("name", ['the "x"', "back\\slash", "two\nlines", "tab\there"])
@pytest.mark.parametrize("expected", [False, True])
def test_odd_names_are_left_to_the_other_reader(name: str, expected: bool) -> None:
    """A column, or a field that is expected, may have a name that no decoder of rows can know."""
    names = ["plain", name]
    columns = [Column(one, "number") for one in (names[:1] if expected else names)]
    own = Regular(columns, frozenset(names[1:] if expected else ()))
    rows = json.dumps({"rows": [{"plain": 1.0, name: 2.0}] * 2}).encode()
    by_column = json.dumps({"columns": {"plain": [1.0, 1.0], name: [2.0, 2.0]}}).encode()
    for content in (rows, by_column):
        read = bodies.read(Body(content, "application/json"), 2**30, own.read)
        cells = read.columns[name] if read.rows is None else [row[name] for row in read.rows]
        assert list(cells) == [2.0, 2.0]
