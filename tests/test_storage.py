"""A project in object storage: ticks, service and upkeep as ever, and another machine takes over."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import upkeep
from tests.crash import world
from vigil.console import Console
from vigil.errors import VigilError
from vigil.keeping import backup
from vigil.ledger import glance
from vigil.run import begun
from vigil.storage import homes
from vigil.web.following import Following

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"ingested": "output", "models": "models", "production": "production", "reports": "reports"}


@pytest.fixture
def kept(new_site, object_storage):
    """A project in object storage with a live release."""
    site = new_site(key=["customer"], **object_storage.settings())
    site.leavers("1.csv", 400)
    site.tick()
    return site


def home(site):
    """Return where a project is kept."""
    settings = json.loads(site.config.read_text())
    return homes.opened(settings["storage"], settings["storage_endpoint"])


def here(site):
    """Return the names and sizes of what is in the folders, as they are called in the bucket."""
    found = {}
    for folder, name in FOLDERS.items():
        for path in (site.root / folder).rglob("*"):
            inner = path.relative_to(site.root / folder)
            if path.is_file() and not homes.stays(inner.parts, ("seen", "segments")):
                found[f"{name}/{inner.as_posix()}"] = path.stat().st_size
    return found


def there(site):
    """Return the names and sizes of what is in the bucket, the mark aside."""
    return {name: entry.size for name, entry in home(site).list().items() if name != "project.json"}


def taken_over(site, target):
    """Return another machine's site: the same config and ledger, the arriving files, and no folder else."""
    shutil.copy(site.config, target.config)
    shutil.copy(site.root / "ledger.db", target.root / "ledger.db")
    shutil.copytree(site.arriving, target.arriving, dirs_exist_ok=True, copy_function=shutil.copy2)
    return target


def test_the_bucket_has_everything(kept):
    """After a tick, table, contracts, bundles and pointer are in the bucket, and the next tick is idle."""
    assert there(kept) == here(kept)
    parts = {name.split("/")[0] for name in there(kept)}
    assert parts == {"output", "models", "production"}
    assert glance.nothing_to_do(kept.config)
    kept.leavers("2.csv", 400, seed=2, turned=True)
    kept.tick(report=True)
    assert there(kept) == here(kept)
    assert any(name.startswith("reports/") for name in there(kept))


def test_another_machine_takes_over(kept, new_site):
    """With config and ledger alone another machine has it all, and decides the same."""
    other = taken_over(kept, new_site("other"))
    for site in (kept, other):
        site.leavers("2.csv", 400, seed=2, turned=True)
    found = other.tick()
    assert [kind for kind, _ in other.outcomes(found)] == ["plan", "gate"]
    assert there(other) == here(other)
    rows = world.state(other.root)["table"]
    assert rows["index"] or not (other.root / "out").exists()
    assert len(other.project().table.rows()) == 800


def test_prediction_is_served_from_the_bucket(kept, new_site):
    """A service on a machine with nothing but config and ledger answers as one beside the ticks."""
    other = taken_over(kept, new_site("other"))
    answers = [asked(site) for site in (kept, other)]
    assert answers[0] == answers[1]
    assert answers[0]["predictions"]


def asked(site):
    """Start the service in a process of its own and return what it answers for one row."""
    command = [sys.executable, str(ROOT / "app.py"), "--config", str(site.config), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            url = child.stdout.readline().split()[-1]
            row = {"activity": 0.5, "staff": 0.1, "region": "north"}
            request = urllib.request.Request(
                f"{url}/prediction",
                data=json.dumps({"rows": [row]}).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = json.loads(answer.read())
        finally:
            child.terminate()
            child.communicate(timeout=30)
    del found["request"]
    return found


def test_a_service_elsewhere_follows(kept, new_site):
    """A release that goes live on one machine is fetched by the other within its interval."""
    other = taken_over(kept, new_site("other"))
    following = Following(other.project(), every=0.1)
    following.start()
    try:
        pointer = other.root / "production/live.json"
        assert pointer.read_bytes() == (kept.root / "production/live.json").read_bytes()
        kept.leavers("2.csv", 1200, seed=2, turned=True)
        assert kept.outcomes(kept.tick())[-1] == ("gate", "promote")
        until = time.monotonic() + 30
        while pointer.read_bytes() != (kept.root / "production/live.json").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        following.stop()
    live = json.loads(pointer.read_bytes())["release"]
    assert (other.root / "models" / live / "manifest.json").exists()


def test_a_service_goes_on_without_its_bucket(kept):
    """Out of reach the release that is here answers; where none is, the start fails in words."""
    settings = json.loads(kept.config.read_text())
    kept.config.write_text(json.dumps(settings | {"storage_endpoint": "http://127.0.0.1:1"}))
    following = Following(kept.project())
    following.start()
    following.stop()
    shutil.rmtree(kept.root / "production")
    with pytest.raises(VigilError, match="cannot be reached"):
        Following(kept.project()).start()


def test_a_backup_and_back(kept, new_site, object_storage, tmp_path):
    """A backup is complete, goes into an empty bucket, and never over another project."""
    backup.backup(kept.project(), tmp_path / "copy.tar")
    target = new_site("restored", key=["customer"], **object_storage.settings())
    backup.restore(tmp_path / "copy.tar", target.config, Console(quiet=True)).close()
    assert there(target) == here(target)
    assert {name for name in there(target) if "profiles" not in name} <= set(there(kept)) | set(here(kept))
    again = new_site("again")
    again.config.write_text(kept.config.read_text())
    with pytest.raises(VigilError, match="a backup is never restored over it"):
        backup.restore(tmp_path / "copy.tar", again.config, Console(quiet=True))


def test_an_erased_key_is_gone_from_the_bucket(kept):
    """No object holds the key any more."""
    upkeep.erase(kept.project(), ["c1-7"])
    assert there(kept) == here(kept)
    assert kept.project().table.count() == 399
    shutil.rmtree(kept.root / "ingested")
    with kept.project().locked():
        pass
    assert b"c1-7" not in b"".join(
        path.read_bytes() for path in kept.root.joinpath("ingested").rglob("*.json*") if path.is_file()
    )
    assert "c1-7" not in kept.project().table.rows().column("customer").to_pylist()


def test_small_files_become_large_ones_in_the_bucket(kept):
    """Compaction and the sweep of old versions reach the bucket."""
    kept.leavers("2.csv", 200, seed=2)
    kept.tick()
    project = kept.project()
    with project.locked(), begun(project, "test"):
        assert project.table.compact() == 2
        assert len(project.table.vacuum(0)) == 2
    assert sum(name.endswith(".parquet") for name in there(kept) if "/table/part" in name) == 1
    assert there(kept) == here(kept)
    assert project.table.count() == 600


def test_old_reports_go_from_the_bucket(kept):
    """Retention deletes there as here."""
    kept.configure(retention={"reports": 1})
    for number in (2, 3):
        kept.leavers(f"{number}.csv", 100, seed=number)
        kept.tick(report=True)
    assert len({name.split("/")[1] for name in there(kept) if name.startswith("reports/0")}) == 1
    assert there(kept) == here(kept)


def test_a_dry_run_stays_here(kept):
    """A rehearsal changes nothing in the bucket."""
    before = home(kept).list()
    kept.leavers("2.csv", 200, seed=2)
    command = [sys.executable, str(ROOT / "fullprocess.py"), "--config", str(kept.config), "--dry-run"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert home(kept).list() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"storage": "s3://not-there-at-all/x"}, "the bucket not-there-at-all is not there"),
        ({"storage_endpoint": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_one_line(kept, change, words):
    """The tick says which and fails; nothing is lost, and with the bucket back the next one goes on."""
    good = kept.config.read_text()
    kept.leavers("2.csv", 200, seed=2)
    kept.config.write_text(json.dumps(json.loads(good) | change))
    command = [sys.executable, str(ROOT / "fullprocess.py"), "--config", str(kept.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
    kept.config.write_text(good)
    kept.tick()
    assert kept.project().table.count() == 600
    assert there(kept) == here(kept)


def test_without_object_storage_nothing_of_it_is_loaded(site):
    """A whole tick and its lock import no boto3."""
    site.leavers("1.csv", 200)
    code = (
        "import sys, fullprocess; code = fullprocess.main(sys.argv[1:]);"
        "print('boto3' in sys.modules or 'botocore' in sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "--config", str(site.config)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=180)
    assert ended.stdout.splitlines()[-1] == "False"
