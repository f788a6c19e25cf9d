"""What lies in the folder of arriving files, and what becomes of it, as docs/files.md says."""

import os
import socket
import time
from contextlib import nullcontext

import pytest

import ingestion
from tests.conftest import ROOT, leavers
from tests.test_ingestion import as_anybody
from vigil.run import begun


def documented():
    """Return the table of docs/files.md: what lies there → (ending, words)."""
    text = (ROOT / "docs/files.md").read_text().split("## The folder")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows[2:]]
    return {row[0].strip("`"): (row[2], row[3]) for row in cells}


def placed(site, *names):
    """Let files of new customers arrive under odd names; return the first one's path."""
    for seed, name in enumerate(names, start=2):
        with open(os.path.join(os.fsencode(site.arriving), os.fsencode(name)), "w") as file:
            file.write(leavers(40, seed=seed))
    return site.arriving / os.fsdecode(names[0])


def link(site):
    """A link out of the folder."""
    placed(site, "may.csv").rename(site.root / "elsewhere.csv")
    (site.arriving / "may.csv").symlink_to(site.root / "elsewhere.csv")


def no_files(site):
    """A pipe, a socket, and a device behind a link."""
    os.mkfifo(site.arriving / "may.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(site.arriving)
        listening.bind("june.csv")
        os.chdir(here)
    (site.arriving / "july.csv").symlink_to("/dev/zero")


def dangling(site):
    """A link to nowhere and one to itself."""
    (site.arriving / "may.csv").symlink_to(site.root / "nowhere.csv")
    (site.arriving / "june.csv").symlink_to(site.arriving / "june.csv")


def growing(site):
    """A file that is longer than when it was first looked at."""
    path, look = placed(site, "may.csv"), ingestion.intake.read

    def read(*given, **more):
        found = look(*given, **more)
        with path.open("a") as file:
            file.write("c9,1,1,north,yes\n")
        return found

    return "read", read


def too_large(site):
    """A file that is larger than the memory which is free."""
    placed(site, "may.csv")
    return "available_memory", lambda: 100


ODD = ["a b.csv", "a'\".csv", "..a..csv.csv", "a\nb.csv", b"a\xff.csv", "é.CSV"]
CASES = {
    "link": link,
    "odd-name": lambda site: placed(site, *ODD),
    "folder": lambda site: (site.arriving / "may.csv").mkdir(),
    "pipe": no_files,
    "dangling": dangling,
    "hidden": lambda site: placed(site, ".may.csv", "~may.csv"),
    "unfinished": lambda site: placed(site, "a.csv.tmp", "a.csv.part", "a.csv.swp", "a.csv~"),
    "other-kind": lambda site: placed(site, "may.docx"),
    "unsettled": lambda site: (site.configure(settle_seconds=3600), placed(site, "may.csv")),
    "ahead": lambda site: (site.configure(settle_seconds=2), ahead_of_time(placed(site, "may.csv"))),
    "growing": growing,
    "unreadable": lambda site: placed(site, "may.csv").chmod(0),
    "too-large": too_large,
    "touched": lambda site: os.utime(site.arriving / "known.csv", ns=(1, 1)),
    "moved": lambda site: (site.arriving / "known.csv").rename(site.arriving / "may.csv"),
    "copy": lambda site: site.write("may.csv", (site.arriving / "known.csv").read_text()),
    "rewritten": lambda site: site.write("known.csv", leavers(40, seed=9)),
}


def ahead_of_time(path):
    """Let a file's time be that of the next hour."""
    os.utime(path, (time.time() + 3600,) * 2)


def take_in(site, *, anybody=False):
    """Run the step, with nobody's rights if asked; return what became of each file."""
    project = site.project()
    with begun(project, "test") as current, as_anybody(site.root) if anybody else nullcontext():
        return ingestion.run(project, run=current.number)


@pytest.mark.parametrize("case", sorted(CASES.keys() | documented().keys()))
def test_each_thing_in_the_folder_ends_as_documented(site, case):
    """docs/files.md says what becomes of it and in which words; so it is, and nothing else is stopped."""
    site.leavers("known.csv", 40)
    take_in(site)
    prepared = CASES[case](site)
    if case in {"growing", "too-large"}:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ingestion.intake, *prepared)
            found = take_in(site)
    else:
        site.write("zuletzt.csv", leavers(30, seed=8))
        found = [
            arrival
            for arrival in take_in(site, anybody=case == "unreadable")
            if arrival.name != "zuletzt.csv"
        ]
        settled = case not in {"unsettled", "ahead"}
        assert any(batch.name == "zuletzt.csv" for batch in site.project().ledger.batches.all()) == settled
    ends = {(arrival.status, arrival.reason) for arrival in found} or {("passed over", "")}
    assert ends == {documented()[case]}
    assert all(arrival.line.encode() for arrival in found)
