import contextlib
import json
import os
import re
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import ingestion
from vigil.batches.arrival import natural
from vigil.ledger import glance
from vigil.run import begun
from vigil.table import quarantine


@contextlib.contextmanager
def as_anybody(root):
    """Act without the superuser's rights, whom no permission stops, in a folder of one's own."""
    user = os.geteuid()
    if user == 0:
        temporary = Path(tempfile.gettempdir())
        above = [path for path in root.parents if path.is_relative_to(temporary) and path != temporary]
        for path in [root, *root.rglob("*"), *above]:
            if not path.is_symlink() and path.stat().st_mode & 0o400:
                path.chmod(0o777)
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def statuses(site):
    """Run the step; return each file's status by name."""
    return {name: arrival.status for name, arrival in site.take_in().items()}


def edit_contract(site, column, **changes):
    """Edit one column of the contract as a person does."""
    path = site.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    row = next(row for row in contract["columns"] if row["name"] == column)
    row |= changes
    path.write_text(json.dumps(contract))


def broken(rows, bad, *, seed):
    """Return a file whose first `bad` rows have no customer."""
    lines = [f"d{seed}-{n},{n / 7:.3f},{n % 5},north,{'yes' if n % 3 else 'no'}" for n in range(rows)]
    lines[:bad] = [line.replace(f"d{seed}-{n},", ",", 1) for n, line in enumerate(lines[:bad])]
    return "\n".join(["customer,activity,staff,region,left", *lines]) + "\n"


def test_a_file_is_taken_in_once(site):
    """The same file, looked at twice, gives its rows once."""
    site.leavers("a.csv", 40)
    assert statuses(site) == {"a.csv": "ingested"}
    assert statuses(site) == {}
    assert site.project().table.count() == 40


def test_the_same_content_under_another_name_is_a_duplicate(site):
    """A copy is known by its content, in the same tick and in a later one."""
    site.leavers("a.csv", 40)
    site.leavers("b.csv", 40)
    assert statuses(site) == {"a.csv": "ingested", "b.csv": "duplicate"}
    site.leavers("c.csv", 40)
    assert statuses(site) == {"c.csv": "duplicate"}
    assert site.project().table.count() == 40


def test_the_same_name_with_new_content_is_a_new_batch(site):
    """A file that is overwritten comes in again; rows that it had before are dropped and counted."""
    site.leavers("a.csv", 40)
    site.take_in()
    site.write("a.csv", broken(50, 0, seed=2) + "c1-0,9.5,9.5,north,yes\n")
    assert site.take_in()["a.csv"].accepted == 51
    site.leavers("a.csv", 41)
    found = site.take_in()["a.csv"]
    assert found.accepted + found.duplicates == 41
    assert [batch.name for batch in site.project().ledger.batches.all()] == ["a.csv"] * 3


def test_a_touched_file_is_read_again_and_known(site):
    """A newer mtime alone brings no rows in twice, is no news, and is known from then on."""
    path = site.leavers("a.csv", 40)
    site.take_in()
    os.utime(path, ns=(1, 1))
    assert statuses(site) == {}
    (row,) = site.project().ledger.files.known().values()
    assert (row["status"], row["mtime_ns"]) == ("ingested", 1)


def test_a_moved_file_is_no_duplicate_of_itself(site):
    """Renamed, or moved to another folder, a file is known by its content; a copy beside it is a copy."""
    path = site.leavers("a.csv", 40)
    site.take_in()
    path.rename(site.arriving / "b.csv")
    assert statuses(site) == {}
    rows = site.project().ledger.files.known()
    assert (rows["arriving/b.csv"]["status"], rows["arriving/b.csv"]["reason"]) == (
        "moved",
        "is arriving/a.csv, moved here.",
    )
    assert statuses(site) == {}
    (site.arriving / "b.csv").rename(path)
    site.leavers("c.csv", 40)
    assert statuses(site) == {"c.csv": "duplicate"}


def test_files_count_in_natural_order(site):
    """week-2 comes before week-10, whatever the folder says."""
    for number in (10, 2, 1):
        site.leavers(f"week-{number}.csv", 30, seed=number)
    site.take_in()
    assert [b.name for b in site.project().ledger.batches.all()] == [
        "week-1.csv",
        "week-2.csv",
        "week-10.csv",
    ]
    assert [b.order for b in site.project().ledger.batches.all()] == [1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab-0129٣é"), max_size=6), max_size=6))
def test_any_names_can_be_ordered(names):
    """Natural order compares any two names, leading zeros last, the same however the folder lists them."""
    ordered = sorted(names, key=natural)
    backwards = names[::-1]
    assert ordered == sorted(backwards, key=natural)
    assert ordered == sorted(ordered, key=natural)
    assert natural("f007") < natural("f7") < natural("f10")


def test_rows_are_quarantined_with_line_column_and_rule(site):
    """A broken row stays out, with its line, column, value and rule; the others come in."""
    site.leavers("a-1.csv", 100)
    site.take_in()
    site.write("a-2.csv", broken(50, 3, seed=2))
    found = site.take_in()["a-2.csv"]
    assert (found.status, found.accepted, found.quarantined, found.rows) == ("ingested", 47, 3, 50)
    kept = quarantine.read(site.root / "ingested/quarantine", found.batch).faults
    assert [(fault.line, fault.column) for fault in kept] == [
        (2, "customer"),
        (3, "customer"),
        (4, "customer"),
    ]
    assert all(fault.rule for fault in kept)


def test_a_file_with_too_many_broken_rows_is_refused_and_the_others_go_on(site):
    """Beyond quarantine_share a file is refused whole, in words, and does not stop the next one."""
    site.leavers("a-1.csv", 100)
    site.write("a-2.csv", broken(50, 11, seed=2))
    site.write("a-3.csv", "neither,of\nthese,columns\n")
    site.leavers("a-4.csv", 60, seed=4)
    found = site.take_in()
    assert [found[name].status for name in sorted(found)] == ["ingested", "refused", "refused", "ingested"]
    assert "11 of 50 rows are broken (22%, limit 20%)" in found["a-2.csv"].reason
    assert site.project().table.count() == 160
    assert statuses(site) == {}


def test_the_share_of_broken_rows_is_a_setting(site):
    """With quarantine_share 1 a file of broken rows only gives an empty batch."""
    site.leavers("a-1.csv", 100)
    site.take_in()
    site.configure(quarantine_share=1.0)
    site.write("a-2.csv", broken(50, 49, seed=2))
    assert site.take_in()["a-2.csv"].accepted == 1


def test_a_column_may_refuse_a_file_for_one_row_where_others_quarantine(site):
    """One bad place refuses the file and is named first; bad cells elsewhere only cost their rows."""
    site.leavers("w-1.csv", 60)
    site.take_in()
    edit_contract(site, "staff", minimum=0, maximum=50, on_fault="refuse")
    rows = [f"e-{n},{'lots' if n < 3 else n / 7},{n % 5},north,{'yes' if n % 3 else 'no'}" for n in range(40)]
    head = "customer,activity,staff,region,left"
    site.write("w-2.csv", "\n".join([head, *rows]) + "\n")
    site.write(
        "w-3.csv", "\n".join([head, *(r.replace("e-", "f-") for r in rows), "f-x,1,51,north,yes"]) + "\n"
    )
    found = site.take_in()
    assert (found["w-2.csv"].status, found["w-2.csv"].quarantined) == ("ingested", 3)
    refused = found["w-3.csv"]
    assert refused.line == (
        "w-3.csv: refused. 1 of 41 rows have a fault in staff, where the contract lets none pass."
    )
    assert [fault.column for fault in refused.faults] == ["staff", "activity", "activity", "activity"]


def test_a_refused_file_is_judged_again_after_the_contract_was_edited(site):
    """An edit of the contract alone, with no other new file, lets a refused file in."""
    site.leavers("a-1.csv", 100)
    site.take_in()
    site.write("a-2.csv", broken(50, 20, seed=2))
    assert statuses(site) == {"a-2.csv": "refused"}
    edit_contract(site, "customer", nullable=True)
    assert statuses(site) == {"a-2.csv": "ingested"}
    assert statuses(site) == {}


def test_an_edit_that_does_not_help_leaves_a_file_refused(site):
    """Judged again and refused again, a file is not judged a third time."""
    site.leavers("a-1.csv", 100)
    site.take_in()
    site.write("a-2.csv", broken(50, 20, seed=2))
    site.take_in()
    edit_contract(site, "staff", maximum=1000)
    assert statuses(site) == {"a-2.csv": "refused"}
    assert statuses(site) == {}


def test_a_first_file_that_says_nothing_does_not_stop_the_next(site):
    """A first file without a label, or without the target, is refused; the contract comes from the next."""
    site.leavers("a-1.csv", 50, unlabelled=50)
    site.write("a-2.csv", "other,things\n1,2\n3,4\n")
    site.leavers("a-3.csv", 60, seed=3)
    found = statuses(site)
    assert (found["a-2.csv"], found["a-3.csv"]) == ("refused", "ingested")
    assert found["a-1.csv"] == "refused"
    assert statuses(site)["a-1.csv"] == "ingested"


def test_unsettled_files_wait(new_site):
    """A file that was touched just now is left for a later tick, in words; an older one is taken."""
    site = new_site(key=["customer"], settle_seconds=3600.0)
    path = site.leavers("a.csv", 40)
    (arrival,) = site.take_in().values()
    words = "was changed less than 3600 seconds ago; the next tick takes it in."
    assert arrival.line == f"a.csv: waiting: it {words}"
    assert site.project().ledger.files.known() == {}
    os.utime(path, ns=(1, 1))
    assert statuses(site) == {"a.csv": "ingested"}


def test_only_data_files_are_read(site):
    """Hidden and unfinished files and folders are passed over; other kinds are ignored, and said so."""
    for name in (".a.csv", "b.csv.part", "c.tmp", "d.csv~"):
        site.leavers(name, 20)
    (site.arriving / "e.csv").mkdir()
    site.write("notes.docx", "hello")
    site.leavers("f.csv", 30)
    assert statuses(site) == {"notes.docx": "ignored", "f.csv": "ingested"}
    assert statuses(site) == {}


def test_an_unreadable_link_stops_nothing(site):
    """A link to nowhere is no file; the others come in."""
    (site.arriving / "a.csv").symlink_to(site.root / "nowhere.csv")
    site.leavers("b.csv", 30)
    assert statuses(site) == {"b.csv": "ingested"}


def test_arriving_files_are_left_as_they_are(site):
    """The input folder is the user's: nothing in it is edited, moved or deleted."""
    path = site.leavers("a.csv", 30)
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(site.arriving)))
    site.take_in()
    assert before == (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(site.arriving)))


@pytest.mark.parametrize(("setting", "accepted"), [("drop", 1), ("keep", 41)])
def test_duplicate_rows_are_dropped_and_counted_unless_kept(new_site, setting, accepted):
    """Rows that stand in the table already count as duplicates; 'keep' lets them in."""
    site = new_site(key=["customer"], duplicates=setting)
    site.leavers("a.csv", 40)
    text = site.leavers("b.csv", 40).read_text()
    site.write("b.csv", text + "new,1,1,north,no\n")
    found = site.take_in()["b.csv"]
    assert (found.accepted, found.duplicates) == (accepted, 41 - accepted)


def test_the_same_key_with_other_cells_is_a_new_observation(site):
    """Only rows equal in every cell are duplicates."""
    text = site.leavers("a.csv", 40).read_text()
    site.take_in()
    site.write("b.csv", re.sub(r",north,", ",south,", text))
    changed = text.count(",north,")
    assert site.take_in()["b.csv"].accepted == changed


def test_unlabelled_rows_are_accepted(site):
    """Rows without a label come in, and are counted as such."""
    site.leavers("a-1.csv", 100)
    site.leavers("a-2.csv", 50, seed=2, unlabelled=20)
    found = site.take_in()["a-2.csv"]
    assert (found.accepted, found.labelled) == (50, 30)
    assert "20 of them without a label" in found.line


def test_people_find_the_names_in_order(site):
    """ingestedfiles.txt holds the name of every batch, one a line, in order."""
    site.leavers("w-10.csv", 30, seed=10)
    site.leavers("w-9.csv", 30, seed=9)
    site.take_in()
    assert (site.root / "ingested/ingestedfiles.txt").read_text() == "w-9.csv\nw-10.csv\n"


def test_a_list_that_is_right_is_left_alone(site):
    """Without a new file nothing is written; what somebody has spoilt or deleted is written again."""
    path = site.root / "ingested/ingestedfiles.txt"
    site.leavers("w-1.csv", 30, seed=1)
    site.take_in()
    written = path.stat().st_ino, path.stat().st_mtime_ns
    site.take_in()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == written
    path.write_text("spoilt\n")
    site.take_in()
    assert path.read_text() == "w-1.csv\n"
    path.unlink()
    site.take_in()
    assert path.read_text() == "w-1.csv\n"


def test_names_that_no_console_likes_are_taken(site):
    """Spaces, quotes, line breaks and bytes that are no UTF-8 in a name do no harm."""
    for number, name in enumerate([b"a b.csv", b"a'\".csv", b"a\nb.csv", b"a\xff.csv"]):
        path = os.path.join(os.fsencode(site.arriving), name)
        with open(path, "w") as file:
            file.write(broken(20, 0, seed=number))
    assert set(statuses(site).values()) == {"ingested"}
    assert statuses(site) == {}


def test_groups_larger_than_memory_allows_are_committed_in_parts(site, monkeypatch):
    """Whether files are committed together or one by one, the table is the same."""
    monkeypatch.setattr(ingestion, "GROUP_ROWS", 50)
    for number in range(1, 5):
        site.leavers(f"w-{number}.csv", 30, seed=number)
    site.take_in()
    table = site.project().table
    assert isinstance(table.batch(3), pa.Table)
    assert [table.batch(order).num_rows for order in (1, 2, 3, 4)] == [30] * 4


def test_known_files_are_not_opened(site):
    """A file that the ledger knows is judged by its stamp alone: made unreadable, it is not missed."""
    path = site.leavers("a.csv", 40)
    site.take_in()
    before = path.stat()
    path.write_text("x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert glance.stamp(path.stat()) == glance.stamp(before)
    assert statuses(site) == {}


def test_an_edited_contract_is_a_new_version(site):
    """A person's edit becomes version 2 with the next file, and batches name the version they met."""
    site.leavers("a-1.csv", 50)
    site.take_in()
    edit_contract(site, "staff", maximum=1000)
    site.leavers("a-2.csv", 50, seed=2)
    site.take_in()
    assert [batch.contract_version for batch in site.project().ledger.batches.all()] == [1, 2]
    assert any("contract v2" in line and "maximum" in line for line in site.said)


def test_an_unreadable_file_waits_and_stops_nothing(site):
    """Without the right to read it, a file is looked at again at each tick; the others come in."""
    site.leavers("first.csv", 40, seed=9)
    site.take_in()  # imports what is imported late, by the right to read it
    path = site.leavers("a.csv", 40)
    site.leavers("b.csv", 40, seed=2)
    project = site.project()
    with begun(project, "test") as current:
        path.chmod(0)
        with as_anybody(site.root):
            arrivals = ingestion.run(project, run=current.number)
    found = {arrival.name: arrival for arrival in arrivals}
    assert (found["a.csv"].status, found["b.csv"].status) == ("waiting", "ingested")
    assert found["a.csv"].reason == "cannot be read (Permission denied). The next tick tries again."
    path.chmod(0o644)
    assert statuses(site) == {"a.csv": "ingested"}


def test_what_is_no_file_is_passed_over(site):
    """Pipes, folders, links to nowhere and links that lead round in a circle stop nothing and never block."""
    os.mkfifo(site.arriving / "a.csv")
    (site.arriving / "b.csv").mkdir()
    (site.arriving / "c.csv").symlink_to(site.arriving / "c.csv")
    (site.arriving / "d.csv").symlink_to(site.root / "nowhere.csv")
    site.leavers("e.csv", 30)
    assert statuses(site) == {"e.csv": "ingested"}
    assert statuses(site) == {}


def test_a_link_out_of_the_folder_is_followed(site):
    """The folder is the user's: a link to a file elsewhere is that file, under the link's name."""
    site.leavers("a.csv", 30).rename(site.root / "elsewhere.csv")
    (site.arriving / "a.csv").symlink_to(site.root / "elsewhere.csv")
    assert statuses(site) == {"a.csv": "ingested"}
    (site.root / "elsewhere.csv").write_text(broken(30, 0, seed=5))
    assert statuses(site) == {"a.csv": "ingested"}


def test_many_files_are_one_commit(site):
    """Some hundred files in one folder come in together, in their order."""
    for number in range(300):
        site.write(f"w-{number}.csv", broken(20, 0, seed=number))
    assert set(statuses(site).values()) == {"ingested"}
    project = site.project()
    assert [b.name for b in project.ledger.batches.all()] == [f"w-{n}.csv" for n in range(300)]
    assert project.table.version() <= 2
    assert statuses(site) == {}


def test_a_file_that_is_not_what_the_contract_asks_of_files_is_refused(site):
    """Rules about whole files refuse them in words, with the value and the limit."""
    site.leavers("a-1.csv", 200)
    site.take_in()
    path = site.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    contract["files"] = [
        {"check": "rows", "minimum": 50},
        {"check": "share", "column": "region", "level": "north", "minimum": 0.1, "maximum": 0.9},
        {"check": "divergence", "column": "activity", "maximum": 0.5},
    ]
    contract["rules"] = ["staff <= activity"]
    path.write_text(json.dumps(contract))
    site.write("a-2.csv", broken(20, 0, seed=2).replace(".", "9."))
    site.configure(quarantine_share=1.0)
    found = site.take_in()["a-2.csv"]
    assert found.status == "refused"
    assert "it has 20 valid rows; the contract asks for at least 50" in found.reason
    assert "region is north in 100% of the rows; the contract asks for at least 10%" in found.reason
    assert "activity diverges from the reference by " in found.reason


def command(site, *arguments):
    """Run the command; return what it says."""
    import subprocess
    import sys

    from tests.conftest import ROOT

    line = [sys.executable, str(ROOT / "ingestion.py"), "--config", str(site.config), *arguments]
    return subprocess.run(line, capture_output=True, text=True, cwd=site.root, check=False)


def test_check_promises_nothing_that_a_tick_refuses(site):
    """An edit that the rows so far forbid is refused here in the same words as by the tick."""
    site.leavers("a-1.csv", 200)
    site.tick()
    path = site.root / "ingested/contract.json"
    edited = json.loads(path.read_text())
    column = next(one for one in edited["columns"] if one["kind"] == "number")
    column |= {"kind": "category", "minimum": None}
    path.write_text(json.dumps(edited))
    site.leavers("a-2.csv", 50, seed=2)
    checked = command(site, "--check", str(site.root / "arriving/a-2.csv"))
    ticked = command(site)
    assert (checked.returncode, checked.stdout) == (2, "")
    assert "cannot become a category" in checked.stderr
    assert checked.stderr == ticked.stderr


def test_check_explains_a_file_and_changes_nothing(site):
    """What was guessed, how many rows, which faults; by the contract as it is edited; nothing is written."""
    path = site.leavers("a-1.csv", 100)
    said = command(site, "--check", str(path)).stdout
    assert "a-1.csv  would be ingested: 100 of 100 rows." in said
    assert "read as utf-8, ',' between cells, LF line ends, decimal point, under contract v1" in said
    assert not (site.root / "ingested").exists()
    site.take_in()
    site.write("a-2.csv", broken(50, 3, seed=2))
    edit_contract(site, "staff", maximum=3)
    before = sorted(p.name for p in (site.root / "ingested").rglob("*"))
    said = command(site, "--check", "arriving/a-2.csv").stdout
    assert "contract.json, edited since the last tick: column 'staff': maximum none → 3" in said
    assert "a-2.csv: refused. 13 of 50 rows are broken (26%, limit 20%)." in said
    assert "line 2, customer: '' missing key" in said
    assert sorted(p.name for p in (site.root / "ingested").rglob("*")) == before
    assert command(site, "--check", "nowhere.csv").returncode == 1


def test_versions_are_listed_with_what_they_changed(site):
    """The history of the contract is there for people."""
    site.leavers("a-1.csv", 100)
    site.take_in()
    edit_contract(site, "staff", maximum=3)
    site.take_in()
    assert (
        command(site, "--contract").stdout == "v1: the first version\nv2: column 'staff': maximum none → 3\n"
    )


def test_the_quarantine_is_exported_and_may_come_back(site):
    """Rows leave with file, line and fault; formulas are harmless; corrected, the same file comes in."""
    site.leavers("a-1.csv", 100)
    site.take_in()
    bad = 'x-1,1,many,=HYPERLINK(""http://x""),yes\nx-2,-1,much,north,yes\nx-3,1\n'.replace('""', "'")
    site.write("a-2.csv", broken(50, 0, seed=2) + bad)
    assert site.take_in()["a-2.csv"].quarantined == 3
    to = site.root / "out.csv"
    assert (
        "3 rows from quarantine written to" in command(site, "--export", "quarantine", "--to", str(to)).stdout
    )
    assert to.read_text().splitlines() == [
        "_vigil_file,_vigil_line,_vigil_faults,customer,activity,staff,region,left",
        "a-2.csv,52,staff: not a number,x-1,1,many,'=HYPERLINK('http://x'),yes",
        "a-2.csv,53,staff: not a number,x-2,-1,much,north,yes",
        'a-2.csv,54,"has 2 cells where the header has 5: x-3,1",,,,,',
    ]
    corrected = [line.replace("many", "7").replace("much", "8") for line in to.read_text().splitlines()[:3]]
    site.write("a-3.csv", "\n".join(corrected) + "\n")
    assert site.take_in()["a-3.csv"].accepted == 2


@pytest.mark.parametrize("unit", ["s", "us"])
def test_moments_that_no_calendar_has_cost_their_rows_alone(new_site, unit):
    """Parquet may hold the year 60000: such cells are quarantined, shown and held, and nothing is stopped."""
    site = new_site(key=["customer"], time="seen")
    rows = {"customer": [f"c{n}" for n in range(60)], "left": ["yes", "no"] * 30, "staff": list(range(60))}
    steps = {"s": 1, "us": 1_000_000}[unit]
    seconds = [1_767_225_600 + n for n in range(60)]
    for name, far in (("a", []), ("b", [1_900_000_000_000, -1_900_000_000_000])):
        seen = pa.array([moment * steps for moment in far + seconds[len(far) :]], pa.timestamp(unit))
        kept = pa.table({**rows, "staff": [n + len(far) for n in range(60)], "seen": seen, "noted": seen})
        parquet.write_table(kept, site.arriving / f"{name}.parquet")
    assert statuses(site) == {"a.parquet": "ingested", "b.parquet": "ingested"}
    project = site.project()
    assert [batch.quarantined for batch in project.ledger.batches.all()] == [0, 2]
    assert (
        "seen" in (project.output / "quarantine" / f"{project.ledger.batches.all()[1].id}.jsonl").read_text()
    )
