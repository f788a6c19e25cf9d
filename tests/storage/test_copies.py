"""A working copy comes to be what its home holds, wherever a run was cut off."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import StorageError
from vigil.storage import copies, durable, homes
from vigil.storage.copies import Kept

NAMES = ("contract.json", "contracts/v0001.json", "table/_delta_log/0.json", "fixes/a.parquet")


class Machine:
    """One machine's folders, and the share that all machines have."""

    def __init__(self, root: Path, share: Path, project: str = "p") -> None:
        share.mkdir(exist_ok=True)
        self.root, self.share, self.project = root, share, project
        self.out, self.models, self.live = root / "out", root / "models", root / "production"
        self.kept = [
            Kept("output", self.out, local=("seen",), edited=("contract.json",)),
            Kept("models", self.models, last="manifest.json"),
            Kept("production", self.live, switch=True),
        ]

    def settle(self, *, reads_only: bool = False) -> None:
        """Do what a run does first."""
        copies.settle(self.kept, f"file://{self.share}", None, self.project, reads_only=reads_only)

    def files(self) -> dict[str, bytes]:
        """Return what the working copy holds, by the names in the home."""
        return {
            f"{one.name}/{path.relative_to(one.folder).as_posix()}": path.read_bytes()
            for one in self.kept
            for path in one.folder.rglob("*")
            if path.is_file() and not homes.stays(path.relative_to(one.folder).parts, one.local)
        }

    def shared(self) -> dict[str, bytes]:
        """Return what the home holds."""
        found = {
            p.relative_to(self.share).as_posix(): p.read_bytes() for p in self.share.rglob("*") if p.is_file()
        }
        found.pop(copies.MARK, None)
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose project is kept on a share."""
    made = Machine(tmp_path / "here", tmp_path / "share")
    made.settle()
    return made


@pytest.fixture
def other(machine: Machine, tmp_path: Path) -> Machine:
    """Another machine with the same share and nothing else."""
    return Machine(tmp_path / "there", machine.share)


def test_a_project_that_moves_takes_everything_along(tmp_path: Path) -> None:
    """What was on the disk before is in the home after the first run; what stays here is not."""
    here = Machine(tmp_path / "here", tmp_path / "share")
    durable.write_atomic(here.out / "table/_delta_log/0.json", b"log")
    durable.write_atomic(here.out / "seen/manifest.json", b"index")
    durable.write_atomic(here.live / "live.json", b"pointer")
    here.settle()
    assert here.shared() == {"output/table/_delta_log/0.json": b"log", "production/live.json": b"pointer"}
    assert (here.out / "seen/manifest.json").exists()


def test_another_machine_gets_it_all(machine: Machine, other: Machine) -> None:
    """An empty folder is filled; what one machine deletes goes on the other too."""
    durable.write_atomic(machine.out / "a/b.json", b"1")
    durable.write_atomic(machine.out / "c.json", b"2")
    other.settle()
    assert other.files() == machine.files() == machine.shared()
    durable.remove(machine.out / "a/b.json")
    other.settle()
    assert set(other.files()) == {"output/c.json"}
    assert not (other.out / "a").exists()


def test_what_is_the_same_is_not_read_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look compares sizes and times, and opens no file."""
    durable.write_atomic(machine.out / "c.json", b"2")
    machine.settle()
    read: list[Path] = []
    monkeypatch.setattr(homes, "md5", read.append)
    machine.settle()
    assert read == []


def test_a_damaged_copy_is_made_whole(machine: Machine) -> None:
    """A file that was cut short, or is gone, comes back."""
    durable.write_atomic(machine.live / "live.json", b"pointer")
    durable.write_atomic(machine.out / "c.json", b"content")
    machine.settle()
    (machine.live / "live.json").write_bytes(b"poi")
    (machine.out / "c.json").unlink()
    machine.settle()
    assert machine.files() == {"production/live.json": b"pointer", "output/c.json": b"content"}


def test_what_a_person_edits_is_sent(machine: Machine, other: Machine) -> None:
    """The contract may be edited here; where it was not, the other machine's comes."""
    contract = machine.out / "contract.json"
    durable.write_atomic(contract, b"one")
    contract.write_bytes(b"edited")
    machine.settle()
    assert machine.shared()["output/contract.json"] == b"edited"
    other.settle()
    assert (other.out / "contract.json").read_bytes() == b"edited"
    durable.write_atomic(other.out / "contract.json", b"two")
    machine.settle()
    assert contract.read_bytes() == b"two"


def test_a_bundle_without_its_end_is_none(machine: Machine, other: Machine) -> None:
    """A bundle whose manifest was never sent is not fetched, and goes from the home with the next run."""
    home = homes.opened(f"file://{machine.share}")
    home.put("models/abc/model.skops", b"half")
    other.settle(reads_only=True)
    assert "models/abc/model.skops" in machine.shared()
    other.settle()
    assert not (other.models / "abc").exists()
    assert machine.shared() == {}


def test_a_damaged_bundle_is_replaced_as_a_whole(machine: Machine, tmp_path: Path) -> None:
    """What does not belong to it goes; its manifest is the last to come."""
    home = homes.opened(f"file://{machine.share}")
    for name in ("manifest.json", "stray.bin"):
        home.put(f"models/abc/{name}", b"damaged")
    aside = tmp_path / "aside"
    for name in ("manifest.json", "model.skops"):
        durable.write_atomic(aside / name, b"whole")
    durable.publish_folder(aside, machine.models / "abc", "manifest.json")
    assert machine.shared() == {"models/abc/manifest.json": b"whole", "models/abc/model.skops": b"whole"}


def test_a_folder_that_was_never_part_of_it_is_refused(machine: Machine, other: Machine) -> None:
    """Files of another past are neither deleted nor mixed in."""
    durable.write_atomic(other.out / "table/_delta_log/0.json", b"mine")
    with pytest.raises(StorageError, match="is not empty"):
        other.settle()
    assert (other.out / "table/_delta_log/0.json").read_bytes() == b"mine"
    assert machine.shared() == {}


def test_the_storage_of_another_project_is_refused(machine: Machine, tmp_path: Path) -> None:
    """Two projects under one prefix would eat each other."""
    stranger = Machine(tmp_path / "stranger", machine.share, project="q")
    with pytest.raises(StorageError, match="holds the project 'p', and this one is 'q'"):
        stranger.settle()


def test_leaving_object_storage_keeps_the_copy(machine: Machine) -> None:
    """Without the setting the folders are the only copy again, and nothing is sent any more."""
    durable.write_atomic(machine.out / "c.json", b"1")
    copies.settle(machine.kept, None, None, "p")
    durable.write_atomic(machine.out / "c.json", b"2")
    assert machine.files() == {"output/c.json": b"2"}
    assert machine.shared() == {"output/c.json": b"1"}


def test_a_reader_changes_nothing_in_the_home(machine: Machine, other: Machine) -> None:
    """A service that looks what is new sends nothing, not even what was edited beside it."""
    durable.write_atomic(machine.out / "contract.json", b"one")
    other.settle(reads_only=True)
    (other.out / "contract.json").write_bytes(b"edited")
    before = machine.shared()
    other.settle(reads_only=True)
    assert machine.shared() == before
    assert (other.out / "contract.json").read_bytes() == b"edited"


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["write", "remove"]), st.sampled_from(NAMES), st.binary(max_size=8), st.booleans()
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(acts=_ACTS)
def test_a_run_may_be_cut_off_anywhere(acts: list[tuple[str, str, bytes, bool]]) -> None:
    """Writes and deletions, each cut off after the home or not at all: the next run has what the home has."""
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder) / "here", Path(folder) / "share")
        machine.settle()
        expected: dict[str, bytes] = {}
        for act, name, content, cut in acts:
            path = machine.out / name
            home = homes.opened(f"file://{machine.share}")
            if act == "write":
                expected[f"output/{name}"] = content
                home.put(f"output/{name}", content) if cut else durable.write_atomic(path, content)
            else:
                expected.pop(f"output/{name}", None)
                home.delete([f"output/{name}"]) if cut else durable.remove(path)
            if cut:
                machine.settle()
        machine.settle()
        left = {name: data for name, data in machine.files().items() if name != "output/contract.json"}
        assert machine.shared() == expected
        assert left == {name: data for name, data in expected.items() if name != "output/contract.json"}
        shutil.rmtree(machine.root)
        machine.settle()
        assert machine.files() == expected
