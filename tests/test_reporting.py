"""Reports of a real project: what is written, when, and again from the answers alone."""

import json
import shutil

import reporting
from vigil import picturing
from vigil.bundles import pointer


def _reported(site):
    """Return the numbers of the runs that have a report."""
    folder = site.root / "reports"
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def test_a_run_is_told_on_paper_and_screen_and_told_again(site):
    """A run has all documents, its release a card; made again from the answers they are the same bytes."""
    site.leavers("w-1.csv", 400)
    site.tick(report=True)
    site.leavers("w-2.csv", 400, seed=2)
    site.tick(report=True)
    folder = site.root / "reports" / "000002"
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(made) == {"apireturns.json", "charts.json", "report.pdf", "report.html", "confusionmatrix.png"}
    answers = json.loads(made["apireturns.json"])
    assert json.loads(made["charts.json"])["scores"]["words"] in made["report.html"].decode()
    kept = picturing.read(site.project(), picturing.USUAL)
    assert kept["charts"]["scores"] == json.loads(made["charts.json"])["scores"]
    assert answers["previous"]["run"] == 1
    assert [run["run"] for run in answers["runs"]] == [2, 1]
    elsewhere = site.root / "elsewhere"
    elsewhere.mkdir()
    for name in ("apireturns.json", "charts.json"):
        shutil.copy(folder / name, elsewhere)
    reporting.rebuild(elsewhere)
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == made
    live = pointer.read(site.root / "production").release
    card = (site.root / "reports" / "cards" / f"{live}.md").read_text()
    assert "On 1 batch since" in card
    assert (site.root / "reports" / "cards" / f"{live}.html").read_bytes().startswith(b"<!doctype html>")


def test_only_what_changed_is_told_if_so_asked(site):
    """With "change" a batch like those before gets no report, a refused file does; with "never" none."""
    site.configure(reports={"when": "change"})
    site.leavers("w-1.csv", 400)
    site.tick(report=True)
    site.leavers("w-2.csv", 400, seed=2)
    site.tick(report=True)
    first = _reported(site)
    site.leavers("w-3.csv", 400, seed=3)
    site.tick(report=True)
    assert _reported(site) == first
    site.write("w-4.csv", "customer,activity,staff,region,left\n" + "c,x,y,north,yes\n" * 50)
    site.tick(report=True)
    assert _reported(site) == [*first, 4]
    site.configure(reports={"when": "never"})
    site.leavers("w-5.csv", 400, seed=5)
    assert site.tick(report=True)["reports"] == []
    assert site.project().ledger.runs.unreported() == []
