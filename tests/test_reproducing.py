import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

import training
from vigil import reproducing
from vigil.bundles import pointer
from vigil.candidates import Recipe
from vigil.errors import BundleError, VigilError

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = """
import sys
from pathlib import Path
import training
from vigil import reproducing
from vigil.project import Project
found = reproducing.reproduce(Project(Path(sys.argv[1])), sys.argv[2], training.run)
print(found.words)
"""


@pytest.fixture
def released(site):
    """A project with a live release made of two files."""
    site.leavers("a-1.csv", 300, seed=1)
    site.leavers("a-2.csv", 300, seed=2)
    site.tick()
    return site


def live(site):
    """Return the id of the live release."""
    found = pointer.read(site.root / "production")
    assert found is not None
    return found.release


def reproduce(site, release=None):
    """Rebuild a release in this process."""
    return reproducing.reproduce(site.project(), release or live(site), training.run)


def manifest(site, **changes):
    """Change the live release's manifest, as nobody should."""
    path = site.root / "models" / live(site) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def listing(folder):
    """Return every file below a folder with its bytes, but for the ledger's own bookkeeping."""
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "ledger.db" not in p.name}


def test_another_process_rebuilds_the_same_bytes(released):
    """A process that has seen nothing of the training makes the same bundle from the table's rows."""
    command = [sys.executable, "-c", ELSEWHERE, released.config, live(released)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"release {live(released)}: identical." in done.stdout


def test_every_candidate_of_every_window_is_rebuilt(released):
    """Releases of all history, and of the rows since a change, come out the same, each by itself."""
    released.leavers("a-3.csv", 900, seed=3, turned=True)
    released.tick()
    rows = released.project().ledger.releases.all()
    assert {row["facts"]["since"] for row in rows} == {1, 3}
    assert all(reproduce(released, row["id"]).identical for row in rows)


def test_files_that_came_later_do_not_matter(released):
    """A release is rebuilt from its own files, however many came after."""
    first = live(released)
    released.leavers("a-3.csv", 300, seed=3)
    released.tick()
    assert reproduce(released, first).identical


def test_settings_that_changed_since_do_not_matter(released):
    """Seed, holdout, metric and model type are the release's own, not today's."""
    released.configure(seed=9, holdout=0.4, model="auto", metric="accuracy")
    assert reproduce(released).identical


def test_a_contract_that_changed_since_does_not_matter(released):
    """The contract is the version that the release was made under."""
    path = released.root / "ingested" / "contract.json"
    staff = '"staff", "kind": "number", "role": "feature"'
    path.write_text(path.read_text().replace(staff, f'{staff}, "maximum": 90'))
    released.leavers("a-3.csv", 30, seed=3)
    released.tick()
    assert released.project().contract().version == 2
    assert reproduce(released).identical


def test_the_project_stays_as_it_is(released):
    """Rebuilding reads the project and writes nothing into it."""
    before = listing(released.root)
    reproduce(released)
    assert listing(released.root) == before


def test_a_field_that_differs_is_named(released):
    """A manifest that says another threshold is told with both values, and nothing else is."""
    manifest(released, threshold=0.123)
    found = reproduce(released)
    assert not found.identical
    assert [line.partition(" in the release")[0] for line in found.differences] == [
        "manifest.json: threshold: 0.123"
    ]


def test_another_snapshot_gives_another_release(released):
    """Where the snapshot has another holdout, all that follows from it differs and is named."""
    path = released.root / "models" / live(released) / "manifest.json"
    snapshot = json.loads(path.read_text())["snapshot"]
    manifest(released, snapshot=snapshot | {"holdout": 0.5})
    found = reproduce(released)
    assert found.rebuilt != found.release
    assert any(line.startswith("manifest.json: rows:") for line in found.differences)
    assert any(line.startswith("keys.npy: from byte ") for line in found.differences)


def test_a_file_that_was_written_differently_is_named(released):
    """Other bytes are a difference even where they mean the same, and so is a file too many or too few."""
    manifest(released)
    folder = released.root / "models" / live(released)
    (folder / "keys.npy").unlink()
    (folder / "note.txt").write_text("hello")
    assert reproduce(released).differences == (
        "note.txt: only in the release",
        "keys.npy: only in the rebuilt one",
        "manifest.json: the same fields, written differently",
    )


def test_rows_that_are_not_there_are_said(released):
    """A snapshot that names a file which the table does not have cannot be rebuilt."""
    path = released.root / "models" / live(released) / "manifest.json"
    snapshot = json.loads(path.read_text())["snapshot"]
    snapshot["files"].append({"name": "lost.csv", "sha256": "0" * 64})
    manifest(released, snapshot=snapshot)
    with pytest.raises(VigilError, match=r"rows of lost\.csv are not in the table"):
        reproduce(released)


def test_a_contract_that_is_not_kept_is_said(released):
    """Without the contract's version nothing can be said of the rows."""
    (released.root / "ingested" / "contracts" / "v0001.json").unlink()
    with pytest.raises(VigilError, match="version 1 of the contract is not kept"):
        reproduce(released)


def test_an_unknown_release_is_said(released):
    """There is no release of that id, or the id is none."""
    with pytest.raises(BundleError, match="cannot be read"):
        reproduce(released, "0" * 12)
    with pytest.raises(BundleError, match="not a release id"):
        reproduce(released, "../secrets")


def test_the_command_says_identical_and_exits_with_zero_only_then(released):
    """The command line's words and exit code."""
    options = argparse.Namespace(reproduce=live(released), json=False)
    assert reproducing.command(released.project(), options, training.run) == 0
    assert f"release {live(released)}: identical. 6 files" in released.said[-1]
    manifest(released, threshold=0.123)
    assert reproducing.command(released.project(), options, training.run) == 1
    assert "manifest.json: threshold: 0.123 in the release" in "\n".join(released.said)


def test_test_data_is_held_out_again(released, new_site):
    """A project with test data rebuilds a release without training on it."""
    site = new_site("tested", key=["customer"], test_data_path="tests")
    (site.root / "tests").mkdir()
    site.leavers("a-1.csv", 300, seed=1)
    (site.root / "tests" / "t.csv").write_text((site.arriving / "a-1.csv").read_text()[:4000])
    site.tick()
    assert reproduce(site).identical
    assert live(site) != live(released)


def test_fullprocess_rebuilds_by_name(released):
    """The option that the pages name does it, as a process of its own."""
    command = [sys.executable, "fullprocess.py", "--config", released.config, "--reproduce", live(released)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"release {live(released)}: identical." in done.stdout


@pytest.mark.parametrize("how", [{"settings": {"knots": 3, "penalty": 20.0}}, {"half_life": 1.0}])
def test_searched_and_weighted_models_are_rebuilt_too(released, how):
    """Settings and weights are in the manifest: nothing is searched again, whatever the config says now."""
    project = released.project()
    (made,) = training.run(project, project.ledger.batches.all()[-1], recipe=Recipe("logistic", **how))
    assert made != live(released)
    released.configure(search={"trials": 2, "in_ticks": True}, half_life=0)
    assert reproduce(released, made).identical
