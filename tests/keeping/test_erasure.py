"""A key that is erased is nowhere any more, but for what only a person may change."""

import hashlib

import pytest

import upkeep
from vigil.errors import VigilError
from vigil.keeping import erasure
from vigil.run import begun

KEY = "c1-7"


@pytest.fixture
def filled(site):
    """Two files that know the key, one of them with a broken row of it; the first made a release."""
    site.leavers("1.csv", 300)
    site.tick()
    site.write(
        "2.csv",
        "customer,activity,staff,region,left\n"
        + "".join(f"d{n},{n / 40},0.5,north,no\n" for n in range(40))
        + f"{KEY},0.25,0.5,south,yes\n{KEY},many,1,north,no\n"
        + f"c1-70,few,1,north,no\n{KEY} and,more,cells,than,the,rest\n",
    )
    site.tick()
    return site


def erased(site, *values):
    """Erase a key in a project opened anew."""
    project = site.project()
    with project.locked(), begun(project, "upkeep") as current:
        return erasure.erase(project, values, run=current.number)


def holders(site):
    """Return the stored files whose bytes, or rows, name the key."""
    import pyarrow.parquet

    found = []
    for path in site.root.rglob("*"):
        if path.is_file() and "arriving" not in path.parts:
            text = path.read_bytes()
            if path.suffix == ".parquet":
                text = str(pyarrow.parquet.read_table(path).to_pylist()).encode()
            text = text.replace(b"c1-70", b"").replace(b"c1-7,", b"c1-7 ")
            if any(KEY.encode() + after in text for after in (b"'", b'"', b" ", b"\n")):
                found.append(path.relative_to(site.root).parts[0])
    return set(found)


def test_its_rows_are_nowhere(filled):
    """Table, older versions, quarantine and ledger do not hold the key; every other row is as it was."""
    before = filled.project().table.rows().to_pylist()
    assert "ingested" in holders(filled)
    found = erased(filled, KEY)
    assert (found.rows, found.batches) == (2, ["1.csv", "2.csv"])
    assert found.quarantined > 0
    after = filled.project().table.rows().to_pylist()
    assert after == [row for row in before if row["customer"] != KEY]
    assert len(list((filled.root / "ingested/table").glob("part-*.parquet"))) == 2
    assert "ingested" not in holders(filled)
    project = filled.project()
    assert project.seen.covers(project.table)
    assert [batch.rows for batch in project.ledger.batches.all()] == [299, 40]
    assert project.ledger.batches.profiles(only=project.ledger.batches.all()[0].id)[0]["rows"] == 299
    faults = [f for row in project.ledger.files.find() for f in row["details"]["faults"]]
    assert [fault["value"] for fault in faults] == ["many", "few"]  # cells that tell nothing of the key


def test_the_record_holds_no_key(filled):
    """The decision says that it was done, how much, and a hash of the key."""
    erased(filled, KEY)
    said = next(row for row in filled.project().ledger.decisions.find() if row["kind"] == "erase")
    assert said["evidence"]["key_sha256"] == hashlib.sha256(f"small\0{KEY}".encode()).hexdigest()
    assert said["evidence"]["rows"] == 2
    assert KEY not in str(said)


def test_what_a_person_has_to_decide_is_named(filled):
    """The arriving files that hold it, and the releases that were trained on it."""
    found = erased(filled, KEY)
    assert [path.rsplit("/", 1)[-1] for path in found.arriving] == ["1.csv", "2.csv"]
    live = filled.project().ledger.releases.deployed()[0]["id"]
    trained = {erased(filled, f"c1-{n}").releases[0] for n in range(3) if erased(filled, f"c1-{n}").releases}
    assert trained <= {f"{live} (live)"}
    assert trained


def test_a_model_card_that_names_it_goes(filled):
    """Cards are written anew by the next report; another release's card stays."""
    cards = filled.root / "reports" / "cards"
    cards.mkdir(parents=True)
    for release, told in (("a", KEY), ("b", "c1-70")):
        for ending in ("md", "html"):
            (cards / f"{release}.{ending}").write_text(f"A level is {told} here.")
    assert erased(filled, KEY).reports == ["cards/a"]
    assert sorted(path.name for path in cards.iterdir()) == ["b.html", "b.md"]


def test_ticks_go_on_as_before(filled):
    """After it a tick finds nothing new, and the next file is scored; the old files do not come back in."""
    erased(filled, KEY)
    (filled.arriving / "1.csv").touch()
    assert filled.tick()["files"] == []
    filled.leavers("3.csv", 300, seed=3)
    assert filled.outcomes(filled.tick()) == [("plan", "nothing")]
    assert KEY not in filled.project().table.rows().column("customer").to_pylist()


def test_doing_it_again_finds_nothing(filled):
    """A second time there is nothing to erase, and that is said too."""
    erased(filled, KEY)
    again = erased(filled, KEY)
    assert (again.rows, again.batches, again.quarantined) == (0, [], 0)


def test_cut_off_it_is_finished_the_next_time(filled, monkeypatch):
    """Killed after the table's commit, the second time brings counts, index and quarantine up to date."""
    with monkeypatch.context() as patch:
        patch.setattr("vigil.table.store.Table.vacuum", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            erased(filled, KEY)
    found = erased(filled, KEY)
    assert found.batches == ["1.csv", "2.csv"]
    assert "ingested" not in holders(filled)


def test_without_a_key_nothing_can_be_erased(new_site):
    """A project without a key, and a key with another number of cells, are faults in words."""
    site = new_site()
    site.leavers("1.csv", 300)
    site.tick()
    with pytest.raises(VigilError, match="a key has 0 cells here"):
        erased(site, "x")


def test_the_table_is_tidied_when_it_is_due(new_site):
    """From so many small files on a tick makes one; the rows are the same, and old versions go in time."""
    site = new_site(key=["customer"], retention={"compact_files": 3, "history_days": 1})
    for number in (1, 2):
        site.leavers(f"{number}.csv", 60, seed=number)
        site.tick()
    folder = site.root / "ingested" / "table"
    assert len(list(folder.glob("part-*"))) == 2
    site.leavers("3.csv", 60, seed=3)
    site.tick()
    project = site.project()
    assert project.table.small_files() == 0
    assert project.table.rows().num_rows == 180
    assert len(list(folder.glob("part-*"))) == 4
    upkeep.run(project)
    assert project.ledger.facts.get(upkeep.SWEPT) == "2026-03-01"


def test_a_key_that_is_a_number_leaves_the_quarantine_too(filled):
    """Cells of a typed file may hold it as a number; a line of that number stays."""
    from vigil.records import RowFault
    from vigil.table import quarantine

    folder = filled.root / "ingested/quarantine"
    faults = (RowFault(5, "staff", "many", "not a number"), RowFault(71, "staff", "few", "not a number"))
    held = quarantine.Held(faults, {5: {"customer": 71, "staff": "many"}, 71: {"customer": 72}}, 1, ".")
    quarantine.write(folder, "b1", "may.parquet", held)
    (filled.root / "ingested/quarantine.csv").write_text("an export")
    erased(filled, "71")
    assert not (filled.root / "ingested/quarantine.csv").exists()
    assert [fault.line for fault in quarantine.read(folder, "b1").faults] == [71]
