"""Rules between two columns, patterns, values that have to be the only ones, and what fixes a guess."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil import contract as contracts
from vigil.contract import check, infer, rules
from vigil.errors import ContractError
from vigil.intake import read
from vigil.records import Column

COLUMNS = (
    Column("begun", "date"),
    Column("ended", "date"),
    Column("a <= b", "number"),
    Column("price", "number"),
    Column("colour", "category"),
    Column("note", "text", "ignored"),
)


@pytest.mark.parametrize(
    ("text", "left", "sign", "right"),
    [
        ("begun <= ended", "begun", "<=", "ended"),
        ("price > 0", "price", ">", 0.0),
        ("a <= b < price", "a <= b", "<", "price"),
        ("  price  !=  a <= b ", "price", "!=", "a <= b"),
    ],
)
def test_rules_are_read(text, left, sign, right):
    """Names may hold signs and spaces: what is a column decides."""
    found = rules.parsed(text, COLUMNS)
    assert (found.left, found.sign, found.right) == (left, sign, right)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("begun", "it must compare two columns"),
        ("begun <= nothing", "it must compare two columns"),
        ("begun <= price", "'begun' is a date and 'price' a number"),
        ("colour <= colour", "neither numbers nor dates"),
        ("colour > 3", "'colour' is not a number"),
        ("price <= inf", "it must compare two columns"),
        ("note == colour", "it must compare two columns"),
    ],
)
def test_rules_that_mean_nothing_are_refused(text, words):
    """The reason names the columns."""
    with pytest.raises(ValueError, match=words):
        rules.parsed(text, COLUMNS)


@given(st.text(max_size=30))
def test_any_text_is_a_rule_or_refused(text):
    """Nothing else is raised."""
    try:
        rules.parsed(text, COLUMNS)
    except ValueError as error:
        assert str(error)


HEAD = "firm,begun,ended,low,high,code,day,exited\n"
FIRST = HEAD + "".join(
    f"f{n},2024-01-{1 + n % 28:02},2024-02-{1 + n % 28:02},{n / 3:.2f},{n / 2:.2f},"
    f"AB-{n % 9},{1 + n % 12}/{13 + n % 9}/2024,{n % 2}\n"
    for n in range(60)
)


@pytest.fixture
def checked(tmp_path):
    """Check the rows of a file under a contract with changes; return faults and what was kept."""
    path = tmp_path / "first.csv"
    path.write_text(FIRST)
    contracts.save(infer(read(path), target="exited", key=["firm"])[0], tmp_path)

    def ask(rows, changes=(), **more):
        made = json.loads((tmp_path / "contract.json").read_text()) | more
        for name, change in dict(changes).items():
            next(row for row in made["columns"] if row["name"] == name).update(change)
        (tmp_path / "contract.json").write_text(json.dumps(made))
        contract, _ = contracts.refresh(tmp_path)
        (tmp_path / "next.csv").write_text(more.get("text") or HEAD + rows)
        return check(contract, read(tmp_path / "next.csv"))

    return ask


def faults(found):
    """Return the faults without the values."""
    return [(fault.line, fault.column, fault.rule) for fault in found.faults]


def test_rows_that_break_a_rule_are_quarantined(checked):
    """Between dates, numbers and a number; a missing cell breaks no rule."""
    rows = (
        "a,2024-01-02,2024-01-01,1,2,AB-1,1/13/2024,0\n"
        "b,2024-01-02,,3,2,AB-1,1/13/2024,0\n"
        "c,2024-01-02,2024-01-02,0,0,AB-1,1/13/2024,0\n"
    )
    found = checked(rows, rules=["begun <= ended", "low <= high", "high > 0"])
    assert faults(found) == [
        (2, "begun", "breaks the rule begun <= ended"),
        (3, "low", "breaks the rule low <= high"),
        (4, "high", "breaks the rule high > 0"),
    ]


def test_patterns_and_repeats(checked):
    """A pattern is for the whole cell; of equal values the first stays."""
    rows = "".join(
        f"{firm},2024-01-02,2024-01-03,1,2,{code},1/13/2024,0\n"
        for firm, code in [("a", "AB-1"), ("b", "xAB-1"), ("a", "AB-2"), ("c", "")]
    )
    found = checked(rows, {"code": {"pattern": "AB-[0-9]"}, "firm": {"unique": True}})
    assert faults(found) == [
        (3, "code", "does not match AB-[0-9]"),
        (4, "firm", "stood in the file before"),
    ]


def test_a_guessed_date_order_is_said_and_can_be_fixed(checked):
    """What the column shows is said; what the contract says is not guessed, and the contrary is a fault."""
    row = "a,2024-01-02,2024-01-03,1,2,AB-1,{},0\n"
    found = checked(row.format("1/13/2024") + row.format("1/2/2024").replace("a", "b", 1))
    assert "Dates read with the month first: day." in found.notes
    assert [str(day)[:10] for day in found.table.column("day").to_pylist()] == ["2024-01-13", "2024-01-02"]
    alone = checked(row.format("1/2/2024"))
    assert faults(alone) == [(2, "day", "ambiguous: day and month cannot be told apart")]
    fixed = checked(row.format("1/2/2024") + row.format("1/13/2024"), {"day": {"date_order": "day"}})
    assert [str(day)[:10] for day in fixed.table.column("day").to_pylist()] == ["2024-02-01"]
    assert faults(fixed) == [(3, "day", "not a date")]
    assert fixed.notes == ()


def test_a_guessed_decimal_sign_is_said_and_can_be_fixed(checked):
    """1,234 is a thousand or a little more than one, as the contract says."""
    row = 'a,2024-01-02,2024-01-03,"1,234","2,5",AB-1,1/13/2024,0\n'
    guessed = checked(row)
    assert guessed.notes[0] == "Read with a decimal comma: high."
    assert guessed.table.column("low").to_pylist() == [1234.0]
    fixed = checked(row, {"low": {"decimal": ","}, "high": {"decimal": ","}})
    assert fixed.table.column("low").to_pylist() == [1.234]
    assert "decimal" not in " ".join(fixed.notes)
    point = checked(row, {"high": {"decimal": "."}})
    assert faults(point) == [(2, "high", "not a number")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rules": ["low <= nothing"]}, "rule 'low <= nothing': it must compare two columns"),
        ({"rules": "low <= high"}, "rules must be a list of strings"),
        ({"files": [{"check": "rows"}]}, "minimum or maximum is needed"),
        ({"files": [{"check": "size", "minimum": 1}]}, "check must be rows, share or divergence"),
        ({"files": [{"check": "share", "column": "x", "minimum": 1}]}, "'x' is not a column that is kept"),
        ({"files": [{"check": "share", "column": "low", "level": "1", "minimum": 1}]}, "only a category has"),
        ({"files": [{"check": "rows", "minimum": True}]}, "must be numbers"),
        ({"files": [{"check": "rows", "minimum": 1, "often": 2}]}, "'often' is not a setting"),
        ({"files": {}}, "files must be a list of objects"),
        ({"encoding": "klingon"}, "encoding must be the name of one"),
        ({"encoding": "base64"}, "encoding must be the name of one"),
        ({"delimiter": ";;"}, "delimiter must be one sign"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(checked, change, words):
    """Each with what is wrong."""
    with pytest.raises(ContractError, match=words):
        checked("", **change)


@pytest.mark.parametrize(
    ("column", "change", "words"),
    [
        ("code", {"pattern": "("}, "the pattern is not a regular expression"),
        ("low", {"pattern": "1"}, "only a category or text has a pattern"),
        ("low", {"decimal": ";"}, "only a number has decimal"),
        ("code", {"decimal": ","}, "only a number has decimal"),
        ("day", {"date_order": "year"}, "only a date has date_order"),
        ("firm", {"unique": 1}, 'unique must be true, "file" or false'),
        ("firm", {"on_fault": "drop"}, "on_fault must be quarantine or refuse"),
    ],
)
def test_a_columns_settings_that_cannot_be_used_are_refused(checked, column, change, words):
    """Each with what is wrong."""
    with pytest.raises(ContractError, match=words):
        checked("", {column: change})


def test_every_setting_comes_back_from_disk(tmp_path, checked):
    """What is saved is loaded, the rules about files included."""
    files = [
        {"check": "rows", "minimum": 1, "maximum": 100},
        {"check": "share", "column": "code", "level": "AB-1", "maximum": 0.9},
        {"check": "share", "column": "low", "maximum": 0.1},
        {"check": "divergence", "column": "low", "maximum": 2},
    ]
    checked(
        "a,2024-01-02,2024-01-03,1,2,AB-1,1/13/2024,0\n",
        {"code": {"pattern": "A.*", "unique": True}, "low": {"decimal": "."}, "day": {"date_order": "month"}},
        rules=["low <= high"],
        files=files,
        encoding="utf-8",
        delimiter=",",
    )
    contract = contracts.load(tmp_path)
    assert contracts.pending(tmp_path) is None
    contracts.save(contract, tmp_path / "again")
    assert contracts.load(tmp_path / "again") == contract
    written = json.loads((tmp_path / "contract.json").read_text())
    assert written["files"] == files
    changed = contracts.history(tmp_path)[1][1]
    assert "rules: none → low <= high" in changed
    assert any('{"check": "rows", "minimum": 1.0, "maximum": 100.0}' in words for words in changed)
