"""Commands that a person gives, and ticks in object storage, are killed like ticks on a disk."""

from __future__ import annotations

import json

import pytest

from tests.crash import stories, tracing
from tests.crash.told import told

untraceable = tracing.unsupported()
pytestmark = pytest.mark.skipif(bool(untraceable), reason=untraceable)

#: Points that each command is killed at; `bench/kills.py --stories` tries every one.
POINTS = 4


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Projects as they stand before each command."""
    return stories.make(tmp_path_factory.mktemp("worlds"), stories.COMMANDS)


@pytest.mark.parametrize("name", stories.COMMANDS)
def test_a_killed_command_is_given_again(worlds, tmp_path, name):
    """A killed repair, its undoing, an erasure, a compaction or a backup ends as an undisturbed one."""
    tried = told(worlds[name], tmp_path, name, POINTS)
    assert sum(point["killed"] for point in tried) >= POINTS - 1
    wrong = [point for point in tried if point["differences"]]
    assert not wrong, json.dumps(wrong, indent=1)


def test_a_tick_killed_on_its_way_to_object_storage(object_storage, tmp_path):
    """Killed before what it sends or writes: the next tick ends as an undisturbed one, there and here."""
    made = stories.make(tmp_path / "worlds", ["second"], **object_storage.settings())["second"]
    tried = told(made, tmp_path / "scratch", "second", 6)
    assert sum(point["killed"] for point in tried) >= 5
    assert any(point["call"].startswith("send") for point in tried)
    wrong = [point for point in tried if point["differences"]]
    assert not wrong, json.dumps(wrong, indent=1)
