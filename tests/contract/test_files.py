"""The contract on disk."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigil.contract import diff, load, refresh, save
from vigil.errors import ContractError
from vigil.records import Column, Contract

CONTRACT = Contract(
    version=1,
    task="binary",
    columns=(
        Column("firm", "category", "key", nullable=False),
        Column("größe", "number", minimum=0.0),
        Column("region", "category", levels=("north", "south")),
        Column("left", "category", "target", required=False, levels=("0", "1")),
    ),
    classes=("0", "1"),
    positive="1",
)


def edit(folder, change):
    """Change contract.json as a person would."""
    path = folder / "contract.json"
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


@st.composite
def contracts(draw):
    """Draw any valid contract."""
    names = draw(
        st.lists(
            st.text(min_size=1, max_size=5).filter(lambda n: n[0] != "_"), min_size=2, max_size=5, unique=True
        )
    )
    features = []
    for name in names[1:]:
        kind = draw(st.sampled_from(["number", "category", "date", "text"]))
        minimum = draw(st.none() | st.floats(-1e6, 1e6)) if kind == "number" else None
        levels = ("a", "b") if kind == "category" and draw(st.booleans()) else None
        features.append(
            Column(name, kind, "feature", draw(st.booleans()), draw(st.booleans()), minimum, None, levels)
        )
    if draw(st.booleans()):
        return Contract(3, "regression", (*features, Column(names[0], "number", "target")))
    target = Column(names[0], "category", "target", levels=("no", "yes"))
    return Contract(3, "binary", (target, *features), ("no", "yes"), "yes")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contracts())
def test_what_is_saved_is_loaded(tmp_path_factory, contract):
    """Every contract comes back equal, from the file and from its version copy."""
    folder = tmp_path_factory.mktemp("table")
    save(contract, folder)
    assert load(folder) == contract
    (folder / "contracts" / "v0003.json").unlink()
    assert load(folder) == contract


def test_no_contract_yet(tmp_path):
    """An empty folder has none; there is nothing to take edits into."""
    assert load(tmp_path) is None
    with pytest.raises(ContractError, match="no contract yet"):
        refresh(tmp_path)


def test_the_file_has_one_line_per_column(tmp_path):
    """People edit it: no escapes, no settings at their defaults."""
    save(CONTRACT, tmp_path)
    lines = (tmp_path / "contract.json").read_text().splitlines()
    assert '    {"name": "größe", "kind": "number", "role": "feature", "minimum": 0.0},' in lines
    assert '    {"name": "left", "kind": "category", "role": "target", "required": false}' in lines
    assert not list(tmp_path.glob(".*"))


def test_an_untouched_file_changes_nothing(tmp_path):
    """Refreshing without edits keeps the version and writes nothing."""
    save(CONTRACT, tmp_path)
    before = (tmp_path / "contract.json").stat().st_mtime_ns
    assert refresh(tmp_path) == (CONTRACT, [])
    assert (tmp_path / "contract.json").stat().st_mtime_ns == before


def test_an_edit_becomes_the_next_version(tmp_path):
    """The changes are said in words, and the old version is kept."""
    save(CONTRACT, tmp_path)
    edit(tmp_path, lambda raw: raw["columns"][1].update(minimum=-5, nullable=False))
    edit(tmp_path, lambda raw: raw["columns"][2].pop("levels"))
    assert load(tmp_path) == CONTRACT
    contract, changed = refresh(tmp_path)
    assert contract.version == 2
    assert changed == [
        "column 'größe': minimum 0 → -5",
        "column 'größe': nullable yes → no",
        "column 'region': levels north, south → none",
    ]
    assert load(tmp_path) == contract
    assert refresh(tmp_path) == (contract, [])
    assert sorted(path.name for path in (tmp_path / "contracts").iterdir()) == ["v0001.json", "v0002.json"]


def test_a_new_class_is_one_edit(tmp_path):
    """The target's levels follow the classes."""
    save(replace(CONTRACT, task="multiclass", positive=""), tmp_path)
    edit(tmp_path, lambda raw: raw["classes"].append("2"))
    contract, changed = refresh(tmp_path)
    assert contract.target.levels == contract.classes == ("0", "1", "2")
    assert changed == ["classes: 0, 1 → 0, 1, 2"]


def test_a_deleted_file_is_restored(tmp_path):
    """The newest version copy is the truth."""
    save(CONTRACT, tmp_path)
    (tmp_path / "contract.json").unlink()
    assert refresh(tmp_path) == (CONTRACT, [])
    assert (tmp_path / "contract.json").exists()


def test_all_faults_of_an_edit_are_said_at_once(tmp_path):
    """A person repairs a file once."""
    save(CONTRACT, tmp_path)

    def spoil(raw):
        raw["colour"] = "red"
        raw["columns"][0]["kind"] = "word"
        raw["columns"][1].update(minimum="low", role="hero", nullable=1)
        raw["columns"][2].update(levels=["1.0"], maximum=3)

    edit(tmp_path, spoil)
    with pytest.raises(ContractError) as caught:
        refresh(tmp_path)
    words = str(caught.value)
    for part in (
        "'colour' is not a setting",
        "column 'firm': kind must be one of number, category, date, text",
        "column 'größe': role must be",
        "column 'größe': nullable must be true or false",
        "column 'größe': minimum must be a number",
        "column 'region': only a number has maximum",
        "column 'region': level '1.0' is never read so; write '1'",
    ):
        assert part in words
    assert load(tmp_path) == CONTRACT


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw["columns"].append(raw["columns"][0]), "'firm' stands twice"),
        (lambda raw: raw["columns"][1].update(name="FIRM"), "'FIRM' and 'firm' differ only by case"),
        (lambda raw: raw["columns"].pop(), "one column must have the role target; 0 have"),
        (lambda raw: raw["columns"][2].update(role="target", levels=None), "the role target; 2 have"),
        (lambda raw: raw.update(task="regression"), "the target of a regression task must be a number"),
        (lambda raw: raw.update(positive="9"), "positive must be one of the classes: 0, 1"),
        (lambda raw: raw.update(classes=["0", "1", "2"]), "two classes, not 3"),
        (lambda raw: raw.update(classes=["0", "1.0"], positive="0"), "write '1'"),
        (lambda raw: raw.update(classes="01"), "classes must be a list"),
        (lambda raw: raw.update(columns={}), 'list "columns"'),
        (lambda raw: raw.update(task="guess"), "task must be one of"),
        (lambda raw: raw["columns"][1].update(minimum=3, maximum=2), "minimum is above maximum"),
        (lambda raw: raw["columns"][1].update(name="_vigil_x"), "_vigil_ are taken"),
        (lambda raw: raw["columns"][1].pop("name"), "column 2 needs a name"),
        (
            lambda raw: [column.update(role="ignored", levels=None) for column in raw["columns"][1:3]],
            "role feature",
        ),
    ],
)
def test_each_contradiction_is_refused(tmp_path, change, words):
    """An edit that cannot be meant leaves the last version in force."""
    save(CONTRACT, tmp_path)
    edit(tmp_path, change)
    with pytest.raises(ContractError, match=words):
        refresh(tmp_path)
    assert load(tmp_path) == CONTRACT


def test_text_that_is_not_json_is_refused(tmp_path):
    """The line of the mistake is named."""
    save(CONTRACT, tmp_path)
    (tmp_path / "contract.json").write_text('{\n"task": }')
    with pytest.raises(ContractError, match=r"not JSON: .* on line 2"):
        refresh(tmp_path)


def test_differences_are_said_in_words():
    """Columns added, removed and moved."""
    other = replace(
        CONTRACT, columns=(CONTRACT.columns[1], CONTRACT.columns[0], CONTRACT.columns[3], Column("x", "text"))
    )
    assert diff(CONTRACT, other) == [
        "column 'region' removed",
        "column 'x' added",
        "the order of the columns",
    ]
    assert diff(CONTRACT, replace(CONTRACT, version=9)) == []
