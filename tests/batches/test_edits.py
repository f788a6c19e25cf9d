"""What a person may change in the contract, and when."""

import json

import pytest

from vigil import contract as contracts
from vigil import intake
from vigil.batches import edits
from vigil.errors import ContractError


def edit(site, change):
    """Change the contract as a person does."""
    path = site.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    change(contract)
    path.write_text(json.dumps(contract))


def column(contract, name):
    """Return one column of a contract's JSON."""
    return next(row for row in contract["columns"] if row["name"] == name)


def test_a_contract_put_in_place_before_the_first_file_is_version_1(new_site):
    """It is kept for the record, whatever version it claims, and a later edit is version 2."""
    one, two = new_site("one", key=["customer"]), new_site("two", key=["customer"])
    one.leavers("w-1.csv", 60)
    one.take_in()
    made = json.loads((one.root / "ingested/contract.json").read_text())
    (two.root / "ingested").mkdir()
    (two.root / "ingested/contract.json").write_text(json.dumps(made | {"version": 7}))
    two.leavers("w-1.csv", 60)
    assert two.take_in()["w-1.csv"].accepted == 60
    assert "contract v1: was put in place by a person" in two.said
    edit(two, lambda contract: column(contract, "staff").update(maximum=50))
    two.take_in()
    assert contracts.history(two.root / "ingested") == [(1, []), (2, ["column 'staff': maximum none → 50"])]


def test_a_contract_of_another_target_is_refused(site):
    """Config and contract have to agree on what is predicted; neither wins in silence."""
    site.leavers("w-1.csv", 60)
    site.take_in()
    site.configure(target="region")
    with pytest.raises(ContractError, match="predicts 'left', and the config's target is 'region'"):
        site.take_in()


def test_what_the_contract_overrules_is_said(new_site):
    """Settings of the config that may change later, and that the contract says otherwise, are named."""
    one = new_site("one")
    one.leavers("w-1.csv", 60)
    one.take_in()
    text = (one.root / "ingested/contract.json").read_text()
    two = new_site("two", ignore=["region"], time="staff")
    (two.root / "ingested").mkdir()
    (two.root / "ingested/contract.json").write_text(text)
    two.take_in()
    said = " | ".join(two.said)
    assert "the config's time is staff, the contract's none; the contract holds" in said
    assert "the config ignores region, the contract keeps it" in said


def test_what_cannot_change_later_is_asked_before_the_first_rows(new_site):
    """Where config and contract disagree on it nothing is taken in; a deleted contract is made anew."""
    one = new_site("one", key=["customer"], positive="no", task="multiclass")
    one.leavers("w-1.csv", 60)
    raw = intake.read(one.root / "arriving/w-1.csv")
    contract, _ = edits.first(raw, new_site("two").project().config)
    contracts.save(contract, one.root / "ingested")
    with pytest.raises(ContractError) as fault:
        one.take_in()
    for words in (
        "the config's key is customer, the contract's none",
        "the config's task is multiclass, the contract's binary",
        "the config's positive is no, the contract's yes",
    ):
        assert words in fault.value.what
    assert not (one.root / "ingested/table").exists()
    one.configure(key=["customer"], positive="no", task=None)
    (one.root / "ingested/contract.json").unlink()
    assert one.take_in()["w-1.csv"].accepted == 60
    made = contracts.load(one.root / "ingested")
    assert (made.version, made.positive) == (1, "no")
    assert [column.name for column in made.by_role("key")] == ["customer"]


def test_a_contract_deleted_after_the_first_rows_comes_back(site):
    """Rows were judged by it: it is written again as it was."""
    site.leavers("w-1.csv", 60)
    site.take_in()
    path = site.root / "ingested/contract.json"
    text = path.read_text()
    path.unlink()
    site.take_in()
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(positive="no"), "positive cannot change"),
        (lambda c: column(c, "customer").update(role="feature"), "key cannot change"),
        (lambda c: column(c, "staff").update(kind="category"), "'staff' is kept as a number"),
        (lambda c: column(c, "region").update(kind="date"), "'region' is kept as a string"),
        (lambda c: c.update(classes=["no", "maybe"], positive="no"), "classes cannot change"),
    ],
)
def test_what_a_project_is_about_cannot_change(site, change, words):
    """Once rows are in, such an edit is refused with the reason, and the version before stays in force."""
    site.leavers("w-1.csv", 60)
    site.take_in()
    edit(site, change)
    with pytest.raises(ContractError, match=words):
        site.take_in()
    assert contracts.load(site.root / "ingested").version == 1


def test_before_the_first_row_everything_can_change(new_site):
    """A wrong guess is corrected before anything is kept by it."""
    site = new_site(key=["customer"], positive="no")
    text = site.leavers("w-1.csv", 60).read_text()
    site.write("w-1.csv", text.replace(",yes", ",").replace(",no", ","))
    site.leavers("w-1.csv", 60)
    found, _ = contracts.infer(
        intake.read(site.arriving / "w-1.csv"), target="left", key=["customer"], positive="yes"
    )
    contracts.save(found, site.root / "ingested")
    edit(site, lambda contract: column(contract, "staff").update(kind="category"))
    edit(site, lambda contract: contract.update(positive="no"))
    assert site.take_in()["w-1.csv"].accepted == 60
    assert site.project().contract().positive == "no"


def test_a_dropped_feature_of_the_live_model_ends_no_tick(site):
    """The live model goes on being judged by what it was trained on; missing where it is no longer kept."""
    site.leavers("w-1.csv", 400)
    site.tick()
    edit(site, lambda contract: column(contract, "staff").update(role="ignored"))
    site.leavers("w-2.csv", 200, seed=2)
    found = site.tick()
    assert [d["outcome"] for d in found["decisions"]] == ["nothing"]
    site.leavers("w-3.csv", 300, seed=3, turned=True)
    assert [kind for kind, _ in site.outcomes(site.tick(force=True))][-1] == "gate"


def test_an_added_feature_waits_for_its_first_file(site):
    """A column that no batch has brought yet is missing throughout, in training too."""
    site.leavers("w-1.csv", 400)
    site.tick()
    edit(site, lambda c: c["columns"].append({"name": "mood", "kind": "category", "required": False}))
    site.take_in()
    assert site.outcomes(site.tick(force=True))[-1][0] == "gate"


def test_a_column_to_ignore_may_come_later(new_site):
    """A name that the first file lacks is no fault; when it comes it is ignored, without a note."""
    site = new_site(key=["customer"], ignore=["colour"])
    site.leavers("w-1.csv", 60)
    assert site.take_in()["w-1.csv"].status == "ingested"
    assert any("'colour' is not in the first file; it will be ignored when it comes" in s for s in site.said)
    lines = site.leavers("w-2.csv", 30, seed=2).read_text().splitlines()
    lines = [lines[0] + ",colour", *(line + ",red" for line in lines[1:])]
    site.write("w-2.csv", "\n".join(lines) + "\n")
    assert site.take_in()["w-2.csv"].reason == ""
