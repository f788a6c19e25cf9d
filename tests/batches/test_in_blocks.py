"""A file that does not fit into the memory reaches the table in blocks, at once or not at all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tests.killed import ingested
from vigil import intake
from vigil.records import ORDER_COLUMN

ROOT = Path(__file__).resolve().parents[2]
#: The file that is read in blocks of so many bytes; the others are read whole.
LARGE, SIZE = "w-2.csv", 400


class Cut(Exception):
    """The run was killed here."""


@pytest.fixture
def in_blocks(monkeypatch):
    """Let one file be read in blocks."""

    def size(path, memory):
        assert memory > 0
        return SIZE if path.name == LARGE or path.suffix == ".parquet" else 0

    def choose():
        monkeypatch.setattr(intake, "block_size", size)

    return choose


def arrive(site):
    """Let files arrive: the large one repeats rows of others and of itself, and has faulty ones."""
    first = site.leavers("w-1.csv", 40).read_text()
    rows = site.leavers(LARGE, 60, seed=2, unlabelled=4).read_text().splitlines()
    rows += [*first.splitlines()[1:9], rows[5], "c2-70,x,1,north,yes", "c2-71,1,1,north", rows[7]]
    site.write(LARGE, "\n".join([*rows, *rows[-3:]]) + "\n")
    site.write("w-3.csv", "\n".join([rows[0], rows[30], "c3-1,1,1,south,no"]) + "\n")


def end(site):
    """Return what stands in table, ledger, quarantine and index."""
    project = site.project()
    ledger, rows = project.ledger, project.table.rows()
    batches = [(b.id, b.order, b.rows, b.labelled, b.quarantined, b.duplicates) for b in ledger.batches.all()]
    return {
        "batches": batches,
        "pending": ledger.batches.pending(),
        "files": {path: (row["status"], row["batch"]) for path, row in ledger.files.known().items()},
        "rows": rows.to_pylist(),
        "profiles": [json.dumps(profile) for profile in ledger.batches.profiles()],
        "quarantine": {
            path.name: path.read_text() for path in (project.output / "quarantine").glob("*.jsonl")
        },
        "seen": (project.seen.rows, project.seen.covers(project.table)),
        "list": (project.output / "ingestedfiles.txt").read_text(),
    }


def test_it_ends_as_a_file_read_whole(new_site, in_blocks):
    """Rows, their order, duplicates, quarantine, profile and what is said are the same."""
    whole, blocks = new_site("whole", key=["customer"]), new_site("blocks", key=["customer"])
    arrive(whole)
    arrive(blocks)
    told = whole.take_in()
    in_blocks()
    assert blocks.take_in() == told
    assert end(blocks) == end(whole)
    counts = [(one.accepted, one.quarantined, one.duplicates) for one in told.values()]
    assert counts == [(40, 0, 0), (60, 4, 11), (1, 0, 1)]
    assert len(list((blocks.root / "ingested" / "table").glob("*.parquet"))) > 5
    assert not list((blocks.root / "ingested").rglob(".*jsonl*"))


def test_the_first_file_may_be_a_large_one(new_site, in_blocks):
    """Its contract is guessed as from the file read whole, as long as that is no larger than the sample."""
    whole, blocks = new_site("whole", key=["customer"]), new_site("blocks", key=["customer"])
    for site in (whole, blocks):
        site.leavers(LARGE, 300)
    whole.take_in()
    in_blocks()
    blocks.take_in()
    assert end(blocks) == end(whole)
    assert (blocks.root / "ingested/contract.json").read_text() == (
        whole.root / "ingested/contract.json"
    ).read_text()


def test_a_sample_shows_every_class_and_sign(new_site, in_blocks, monkeypatch):
    """Of a first file larger than the sample, a rare class and a negative value are seen all the same."""
    whole, blocks = new_site("whole", key=["customer"]), new_site("blocks", key=["customer"])
    for site in (whole, blocks):
        rows = [f"c{row},{row % 7 + 0.5},{row % 5},{'ab'[row % 2]}" for row in range(600)]
        rows[333], rows[478] = "c333,-2.5,3,a", "c478,2.5,3,c"
        site.write(LARGE, "\n".join(["customer,size,steps,left", *rows]) + "\n")
        site.configure(positive=None)
    whole.take_in()
    in_blocks()
    monkeypatch.setattr("vigil.batches.reading.SAMPLE_ROWS", 100)
    (arrival,) = blocks.take_in().values()
    found, expected = blocks.project().contract(), whole.project().contract()
    assert found == expected
    assert found.classes == ("a", "b", "c")
    assert [column.minimum for column in found.columns] == [None, None, 0.0, None]
    assert arrival.reason.startswith("The contract was guessed from 15")
    assert arrival.reason.endswith("rows, spread over all 600 of the file.")


def test_a_refused_one_leaves_nothing(site, in_blocks):
    """What was staged of a file that is refused at its end is deleted, its hashes too."""
    site.leavers("w-1.csv", 40)
    site.take_in()
    in_blocks()
    text = site.leavers(LARGE, 60, seed=2).read_text()
    site.write(LARGE, text + "c,x,1,north,yes\n" * 40)
    before = sorted(path for path in (site.root / "ingested").rglob("*") if path.is_file())
    (arrival,) = site.take_in().values()
    assert (arrival.status, arrival.reason) == ("refused", "40 of 100 rows are broken (40%, limit 20%).")
    assert sorted(path for path in (site.root / "ingested").rglob("*") if path.is_file()) == before
    site.write("w-3.csv", text)
    assert [arrival.accepted for arrival in site.take_in().values()] == [60]


def as_parquet(path, *, group=1 << 20):
    """Write a CSV file's rows as Parquet instead: numbers, texts, some as levels, labels as truths."""
    table = pyarrow.csv.read_csv(path)
    path.unlink()
    left = pa.compute.equal(table.column("left"), "yes")
    table = table.set_column(4, "left", pa.compute.if_else(pa.compute.equal(table["left"], ""), None, left))
    table = table.set_column(3, "region", table.column("region").dictionary_encode())
    pyarrow.parquet.write_table(table, path.with_suffix(".parquet"), row_group_size=group)


@pytest.mark.parametrize("first", [True, False])
def test_parquet_ends_as_a_file_read_whole(new_site, in_blocks, first):
    """The same for typed cells, of a first file too; a value that has to be unique is so in all blocks."""
    whole, blocks = (new_site(name, key=["customer"], quarantine_share=0.9) for name in ("whole", "blocks"))
    for site in (whole, blocks):
        site.configure(positive=None)
        site.leavers("w-1.csv", 300)
        as_parquet(site.arriving / "w-1.csv", group=40)
        if not first:
            site.take_in()
            contract = json.loads((site.root / "ingested/contract.json").read_text())
            for column in contract["columns"]:
                column |= {"unique": True} if column["name"] in {"customer", "staff"} else {}
            (site.root / "ingested/contract.json").write_text(json.dumps(contract))
        rows = site.leavers("w-2.csv", 90, seed=2, unlabelled=7).read_text().splitlines()
        site.write("w-2.csv", "\n".join([*rows, *rows[3:9], "c2-1,5,,east,no", ",0.1,0.2,north,yes"]) + "\n")
        as_parquet(site.arriving / "w-2.csv", group=70)
    told = whole.take_in()
    in_blocks()
    assert blocks.take_in() == told
    assert end(blocks) == end(whole)
    assert (blocks.root / "ingested/contract.json").read_text() == (
        whole.root / "ingested/contract.json"
    ).read_text()
    assert sum(arrival.accepted for arrival in told.values()) > 80


def test_a_sample_of_parquet_shows_every_class_and_sign(new_site, in_blocks, monkeypatch):
    """Of typed cells too: a rare class and a first negative number are among the rows guessed from."""
    whole, blocks = new_site("whole", key=["customer"]), new_site("blocks", key=["customer"])
    rows = range(600)
    table = pa.table(
        {
            "customer": [f"c{row}" for row in rows],
            "size": [-2.5 if row == 333 else float("nan") if row == 7 else row % 7 + 0.5 for row in rows],
            "steps": [None if row == 9 else row % 5 for row in rows],
            "since": pa.array([row % 3 for row in rows], pa.timestamp("ns")),
            "left": pa.array([2 if row == 478 else row % 2 for row in rows], pa.int8()),
        }
    )
    for site in (whole, blocks):
        site.configure(positive=None)
        pyarrow.parquet.write_table(table, site.arriving / "w-1.parquet")
    whole.take_in()
    in_blocks()
    monkeypatch.setattr("vigil.batches.reading.SAMPLE_ROWS", 100)
    (arrival,) = blocks.take_in().values()
    found, expected = blocks.project().contract(), whole.project().contract()
    assert found == expected
    assert found.classes == ("0", "1", "2")
    assert arrival.reason.endswith("rows, spread over all 600 of the file.")


STEPS = [
    ("vigil.table.store.Table.stage", 3),
    ("vigil.table.seen.Seen.stage", 2),
    ("vigil.table.quarantine.Writer.place", 1),
    ("vigil.ledger.arrivals.Batches.announce", 1),
    ("vigil.ledger.arrivals.Files.announce", 1),
    ("vigil.table.store.Table.take", 1),
    ("vigil.table.seen.Seen.take", 1),
    ("vigil.ledger.arrivals.Files.settle", 1),
    ("vigil.ledger.arrivals.Batches.settle", 1),
]


@pytest.mark.parametrize(("step", "turn"), STEPS, ids=[step.rpartition(".")[0] for step, _ in STEPS])
def test_a_cut_run_ends_as_a_whole_one(new_site, in_blocks, monkeypatch, step, turn):
    """Wherever it is cut off, all of the file's rows come in with the next run, once."""
    whole, broken = new_site("whole", key=["customer"]), new_site("broken", key=["customer"])
    for site in (whole, broken):
        site.leavers("w-1.csv", 40)
        site.take_in()
        arrive(site)
    in_blocks()
    whole.take_in()
    calls = []
    owner, _, name = step.rpartition(".")
    module, _, kind = owner.rpartition(".")
    real = getattr(getattr(sys.modules[module], kind), name)

    def cut(*args, **more):
        calls.append(1)
        if len(calls) == turn:
            raise Cut
        return real(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(step, cut)
        with pytest.raises(Cut):
            broken.take_in()
    broken.take_in()
    assert end(broken) == end(whole)


def test_a_killed_run_ends_as_a_whole_one(new_site, in_blocks):
    """Killed at some of its waits for the disk, the process leaves what the next run finishes."""
    whole = new_site("whole", key=["customer"])
    arrive(whole)
    waits = int(ingested(whole, 0, large=LARGE, size=SIZE).stdout)
    expected = end(whole)
    in_blocks()
    for turn, point in enumerate(range(3, waits, max(1, waits // 5))):
        site = new_site(f"killed-{turn}", key=["customer"])
        arrive(site)
        assert ingested(site, point, large=LARGE, size=SIZE).returncode == -signal.SIGKILL
        site.take_in()
        assert end(site) == expected


def test_a_batch_in_blocks_reads_back_in_order(site, in_blocks):
    """The rows of its many data files come by line."""
    in_blocks()
    arrive(site)
    site.take_in()
    rows = site.project().table.rows()
    places = list(
        zip(rows.column(ORDER_COLUMN).to_pylist(), rows.column("_vigil_line").to_pylist(), strict=True)
    )
    assert places == sorted(places)


#: Run in a child: take in what is new, and say how much memory the process has had at most.
MEASURE = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
import ingestion
from vigil.console import Console
from vigil.project import Project
from vigil.run import begun
project = Project(Path("config.json"), console=Console(quiet=True))
with project.locked(), begun(project, "test") as run:
    arrivals = ingestion.run(project, run=run.number)
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(lines["VmHWM"].split()[0]) // 1024, sum(arrival.accepted for arrival in arrivals))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's count of a process's memory is Linux's own")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_its_size_costs_no_memory(new_site, kind):
    """A file of eight times the size takes hardly more memory, and none is left out of the table.

    The Parquet file is a single row group.
    """
    peaks = []
    for number, rows in enumerate((60_000, 480_000)):
        site = new_site(str(number), key=["customer"], memory_mb=256)
        site.leavers("w-1.csv", 200)
        site.take_in()
        large = site.leavers(LARGE, rows, seed=2)
        if kind == "parquet":
            table = pyarrow.csv.read_csv(large)
            large.unlink()
            pyarrow.parquet.write_table(table, large.with_suffix(".parquet"))
        command = [sys.executable, "-c", MEASURE.format(root=str(ROOT))]
        told = subprocess.run(command, cwd=site.root, capture_output=True, text=True, check=True).stdout
        peak, accepted = map(int, told.split())
        assert accepted == rows
        peaks.append(peak)
    # Read whole it would take 160 MB more and upwards.
    assert peaks[1] < peaks[0] + 90
