from __future__ import annotations

from typing import Any

import pytest

from vigil.batches import merged
from vigil.batches.merged import MergedProfiles
from vigil.profiles import Profile, merge


@pytest.fixture
def project(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a project with seven batches, and a milestone after every third."""
    monkeypatch.setattr(merged, "MILESTONE", 3)
    for number in range(7):
        site.leavers(f"w-{number}.csv", 40, seed=number)
    site.tick()
    return site.project()


def plainly(project: Any, order: int) -> Any:
    """Merge everything from the ledger, as if nothing was kept."""
    stored = project.ledger.batches.profiles(through=order)
    return merge([Profile.from_json(profile) for profile in stored]).to_json() if stored else None


def kept(project: Any) -> list[str]:
    """Return the names of what is kept."""
    return sorted(path.stem.lstrip("0") for path in merged.place(project.output).iterdir())


def test_a_tick_keeps_the_newest_and_every_milestone(project: Any) -> None:
    """And each question is answered as if all had been merged anew."""
    assert kept(project) == ["3", "6", "7"]
    for order in range(8):
        found = MergedProfiles(project.ledger, project.output).through(order)
        assert (found.to_json() if found else None) == plainly(project, order)


def test_the_next_tick_adds_to_what_is_kept(project: Any, site: Any) -> None:
    """The newest of before goes; a second time changes nothing."""
    site.leavers("w-8.csv", 40, seed=8)
    site.tick()
    assert kept(project) == ["3", "6", "8"]
    MergedProfiles(project.ledger, project.output).keep()
    assert kept(project) == ["3", "6", "8"]
    assert MergedProfiles(project.ledger, project.output).through(8).to_json() == plainly(project, 8)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"order": 7}', b"\x00\xff"])
def test_what_is_damaged_is_merged_anew(project: Any, content: bytes) -> None:
    """A file that cannot be read costs time and nothing else."""
    for path in merged.place(project.output).iterdir():
        path.write_bytes(content)
    assert MergedProfiles(project.ledger, project.output).through(7).to_json() == plainly(project, 7)


def test_what_the_ledger_no_longer_has_is_not_used(project: Any) -> None:
    """A batch that was measured anew, as after an erasure, is seen by all that had merged it."""
    asked = MergedProfiles(project.ledger, project.output)
    asked.through(7)
    second = project.ledger.batches.all()[1]
    other = project.ledger.batches.profiles(through=1)[0]
    project.ledger.batches.measured_anew(second.id, rows=second.rows - 1, labelled=2, profile=other)
    for looking in (asked, MergedProfiles(project.ledger, project.output)):
        assert looking.through(7).to_json() == plainly(project, 7)
