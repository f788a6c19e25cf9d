"""A backup put in place elsewhere answers and ticks the same."""

import shutil
import tarfile

import pytest
import sqlalchemy

from tests.crash import world
from vigil.config import Config
from vigil.console import Console
from vigil.errors import VigilError
from vigil.keeping import backup
from vigil.ledger.connection import migrate, open_engine
from vigil.ledger.schema import HEAD
from vigil.models import open_answerer


@pytest.fixture
def filled(site):
    """A project with a live release."""
    site.leavers("1.csv", 400)
    site.tick()
    return site


def moved(site, target, file, **settings):
    """Restore a backup into a clean folder whose arriving files are copies; return the site there."""
    target.root.joinpath("config.json").unlink()
    if settings:
        target.configure(**settings)
    shutil.copytree(site.arriving, target.arriving, dirs_exist_ok=True)
    backup.restore(file, target.config, Console(quiet=True)).close()
    return target


def stands(site):
    """Return what table, ledger and folders hold, stamps of arriving files aside."""
    state = world.state(site.root)
    names = {path.relative_to(site.root) for path in site.root.rglob("*") if path.is_file()}
    kept = {
        str(n) for n in names if n.parts[0] in {"ingested", "models", "production"} and "seen" not in n.parts
    }
    return state["table"]["rows"], {k: v for k, v in state["ledger"].items() if k != "files"}, kept


def test_a_restored_project_ticks_the_same(filled, new_site, tmp_path):
    """Restored into a clean folder it holds the same, answers the same, and decides the same next."""
    backup.backup(filled.project(), tmp_path / "copy.tar")
    there = moved(filled, new_site("there"), tmp_path / "copy.tar", key=["customer"])
    assert stands(there) == stands(filled)
    live = filled.project().ledger.releases.deployed()[0]["id"]
    open_answerer(there.project().models, live)
    found = []
    for site in (filled, there):
        site.leavers("2.csv", 400, seed=2, turned=True)
        found.append(site.outcomes(site.tick()))
    assert found[0] == found[1]
    assert [kind for kind, _ in found[0]] == ["plan", "gate"]
    assert stands(there)[:1] == stands(filled)[:1]
    assert there.tick()["files"] == []


def test_a_restore_without_a_config_takes_the_one_inside(filled, new_site, tmp_path):
    """The config comes back with the rest."""
    backup.backup(filled.project(), tmp_path / "copy.tar")
    there = moved(filled, new_site("there"), tmp_path / "copy.tar")
    assert there.config.read_bytes() == filled.config.read_bytes()
    assert stands(there) == stands(filled)


@pytest.mark.parametrize("way", ["to", "from"])
def test_the_ledger_crosses_databases(new_site, tmp_path, postgresql, way):
    """A ledger in a file is restored into PostgreSQL, and the other way round."""
    urls = [postgresql, "sqlite:///ledger.db"]
    here, there = urls if way == "from" else urls[::-1]
    site = new_site(key=["customer"], ledger=here)
    site.leavers("1.csv", 400)
    site.tick()
    backup.backup(site.project(), tmp_path / "copy.tar")
    other = moved(site, new_site("there"), tmp_path / "copy.tar", key=["customer"], ledger=there)
    assert stands(other) == stands(site)
    other.leavers("2.csv", 300, seed=2)
    assert other.outcomes(other.tick()) == [("plan", "nothing")]


@pytest.mark.parametrize("harm", ["cut", "changed", "empty"])
def test_a_damaged_backup_is_refused(filled, new_site, tmp_path, harm):
    """Half a copy, a flipped byte, an empty file: said, and nothing is put in place."""
    file = tmp_path / "copy.tar"
    backup.backup(filled.project(), file)
    whole = bytearray(file.read_bytes())
    with tarfile.open(file) as archive:
        place = next(m.offset_data for m in archive if m.name.endswith("model.skops")) + 5
    whole[place] ^= 1
    file.write_bytes({"cut": whole[: len(whole) // 2], "changed": whole, "empty": b""}[harm])
    there = new_site("there")
    before = sorted(there.root.rglob("*"))
    with pytest.raises(VigilError, match=r"not what was written|no whole backup"):
        backup.restore(file, there.config, Console(quiet=True))
    assert sorted(there.root.rglob("*")) == before


def test_nothing_is_written_over(filled, new_site, tmp_path):
    """A folder with files, a ledger that knows the project, another project's config: each is refused."""
    backup.backup(filled.project(), tmp_path / "copy.tar")
    with pytest.raises(VigilError, match="is not empty"):
        backup.restore(tmp_path / "copy.tar", filled.config, Console(quiet=True))
    shared = f"sqlite:///{filled.root / 'ledger.db'}"
    with pytest.raises(VigilError, match="already knows the project"):
        backup.restore(tmp_path / "copy.tar", new_site("there", ledger=shared).config, Console(quiet=True))
    with pytest.raises(VigilError, match="is a backup of the project 'small'"):
        backup.restore(tmp_path / "copy.tar", new_site("other", name="other").config, Console(quiet=True))
    assert not list(tmp_path.rglob(backup.SCRATCH))
    assert filled.tick()["files"] == []


def test_a_backup_is_not_written_over(filled, tmp_path):
    """The same name again is refused, and the copy that is there stays as it is."""
    file = tmp_path / "copy.tar"
    backup.backup(filled.project(), file)
    before = file.read_bytes()
    with pytest.raises(VigilError, match="never overwrites a file"):
        backup.backup(filled.project(), file)
    assert file.read_bytes() == before


def test_a_restore_that_was_cut_off_is_begun_anew(filled, new_site, tmp_path, monkeypatch):
    """Killed when half of it was in place, it is done again, and all is there."""
    backup.backup(filled.project(), tmp_path / "copy.tar")
    there = new_site("there", key=["customer"])
    placed = []

    def cut(source, folder):
        if placed:
            raise KeyboardInterrupt
        placed.append(folder)
        source.rename(folder)

    with monkeypatch.context() as patch:
        patch.setattr(backup, "_place", cut)
        with pytest.raises(KeyboardInterrupt):
            backup.restore(tmp_path / "copy.tar", there.config, Console(quiet=True))
    (tmp_path / "cut.tar").write_bytes((tmp_path / "copy.tar").read_bytes()[:1000])
    with pytest.raises(VigilError, match="no whole backup"):
        backup.restore(tmp_path / "cut.tar", there.config, Console(quiet=True))
    backup.restore(tmp_path / "copy.tar", there.config, Console(quiet=True)).close()
    assert stands(there) == stands(filled)
    assert not (there.root / backup.SCRATCH).exists()


def test_a_backup_of_a_newer_version_is_refused(filled, new_site, tmp_path, monkeypatch):
    """A ledger of a later schema is left to the later program."""
    monkeypatch.setattr(backup, "HEAD", "9999")
    backup.backup(filled.project(), tmp_path / "copy.tar")
    with pytest.raises(VigilError, match="newer version"):
        backup.restore(tmp_path / "copy.tar", new_site("there").config, Console(quiet=True))


def test_every_folder_of_the_config_is_in_it():
    """A path that is added to the config has to be decided about here; people's own files are not in it."""
    paths = {name for name in Config.model_fields if name.endswith("_path")}
    assert paths == {
        "input_folder_path",
        "outcomes_folder_path",
        "output_folder_path",
        "output_model_path",
        "prod_deployment_path",
        "test_data_path",
    }


def test_an_engine_can_be_brought_to_the_backups_schema(database, tmp_path):
    """Down to an earlier revision and up again, as a restore of an older backup does."""
    engine = open_engine(database, root=tmp_path)
    migrate(engine, "0001")
    assert revision(engine) == "0001"
    migrate(engine)
    assert revision(engine) == HEAD
    engine.dispose()


def revision(engine):
    """Return the migration that a database stands at."""
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar_one()
