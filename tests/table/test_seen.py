"""The duplicates index: exact, current or rebuilt, and cheap."""

import itertools
import json
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN
from vigil.table.hashing import to_column
from vigil.table.seen import RATIO, Seen
from vigil.table.store import Table

Words = npt.NDArray[np.uint64]


def hashes_of(*numbers: int) -> Words:
    """Make hashes of which many share their first word, as real ones almost never do."""
    return np.array([[number // 4, number] for number in numbers], dtype=np.uint64).reshape(-1, 2)


def rows_of(order: int, hashes: Words) -> pa.Table:
    """Make rows with given hashes."""
    size = len(hashes)
    return pa.table(
        {
            "x": np.zeros(size),
            BATCH_COLUMN: pa.array([f"b{order}"] * size, pa.string()),
            ORDER_COLUMN: pa.array([order] * size, pa.int64()),
            LINE_COLUMN: pa.array(np.arange(size)),
            HASH_COLUMN: to_column(hashes),
        }
    )


batches = st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=12)


@settings(max_examples=60, deadline=None)
@given(batches, st.lists(st.integers(0, 60), max_size=40), st.sampled_from([1, 3, 1000]))
def test_it_answers_as_a_set_would(
    tmp_path_factory: pytest.TempPathFactory, added: list[list[int]], asked: list[int], span: int
) -> None:
    """Whatever was added, in runs and spans of any size, exactly that is known, also after opening again."""
    with mock.patch("vigil.table.seen.SPAN", span):
        answers_as_a_set(tmp_path_factory.mktemp("seen"), added, asked)


def answers_as_a_set(root: Path, added: list[list[int]], asked: list[int]) -> None:
    """Add some numbers and ask for others."""
    index = Seen(root)
    for version, numbers in enumerate(added):
        index.add(hashes_of(*numbers), version)
    truth = {number for numbers in added for number in numbers}
    expected = []
    for number in asked:
        expected.append(number in truth)
        truth.add(number)
    assert index.known(hashes_of(*asked)).tolist() == expected
    assert Seen(root).known(hashes_of(*asked)).tolist() == expected
    assert Seen(root).rows == sum(map(len, added))


@settings(max_examples=60, deadline=None)
@given(batches, batches, st.sampled_from([1, 3, 1000]))
def test_what_is_staged_is_known_and_counts_when_it_is_taken(
    tmp_path_factory: pytest.TempPathFactory, before: list[list[int]], staged: list[list[int]], span: int
) -> None:
    """Staged hashes are known at once; the index has them once they are taken, and not if discarded."""
    root = tmp_path_factory.mktemp("seen")
    with mock.patch("vigil.table.seen.SPAN", span):
        index = Seen(root)
        for version, numbers in enumerate(before):
            index.add(hashes_of(*numbers), version)
        old = {number for numbers in before for number in numbers}
        new = {number for numbers in staged for number in numbers}
        for turn in range(2):
            for numbers in staged:
                index.stage(hashes_of(*numbers))
            assert index.known(hashes_of(*range(61))).tolist() == [n in old | new for n in range(61)]
            assert Seen(root).known(hashes_of(*range(61))).tolist() == [n in old for n in range(61)]
            index.discard() if turn == 0 else index.take(99)
        assert Seen(root).known(hashes_of(*range(61))).tolist() == [n in old | new for n in range(61)]
        assert Seen(root).rows == index.rows == sum(map(len, [*before, *staged]))
        assert len(list(root.glob("*.run"))) == len(index._runs)


def test_runs_stay_few(tmp_path: Path) -> None:
    """After hundreds of additions a lookup meets only a few runs, each much longer than the next."""
    index = Seen(tmp_path)
    rng = np.random.default_rng(0)
    for version in range(300):
        index.add(rng.integers(0, 2**64, (rng.integers(1, 50), 2), dtype=np.uint64), version)
        lengths = [run.rows for run in index._runs]
        assert len(lengths) <= 8
        assert all(left > RATIO * right for left, right in itertools.pairwise(lengths))
    assert len(list(tmp_path.glob("*.run"))) == len(lengths)


def test_it_says_whether_it_covers_the_table(tmp_path: Path) -> None:
    """Behind, level with the table, and after compaction."""
    table, index = Table(tmp_path / "table"), Seen(tmp_path / "seen")
    assert index.covers(table)
    for order in (1, 2):
        hashes = hashes_of(order, order + 10)
        version = table.append(rows_of(order, hashes), [str(order)])
        assert not index.covers(table)
        index.add(hashes, version)
        assert index.covers(table)
    table.compact()
    assert index.covers(table)


@pytest.mark.parametrize("damage", ["gone", "torn", "manifest", "nonsense"])
def test_a_damaged_index_is_rebuilt(tmp_path: Path, damage: str) -> None:
    """A run or the manifest missing or cut: the index does not cover, and is made from the table."""
    table, index = Table(tmp_path / "table"), Seen(tmp_path / "seen")
    hashes = hashes_of(*range(20))
    index.add(hashes, table.append(rows_of(1, hashes), ["one"]))
    run = next((tmp_path / "seen").glob("*.run"))
    manifest = tmp_path / "seen" / "manifest.json"
    if damage == "gone":
        run.unlink()
    elif damage == "torn":
        run.write_bytes(run.read_bytes()[:-8])
    else:
        manifest.write_text(json.dumps({"runs": 3}) if damage == "nonsense" else '{"ver')

    fresh = Seen(tmp_path / "seen")
    assert not fresh.covers(table)
    fresh.rebuild(table)
    assert fresh.covers(table)
    assert Seen(tmp_path / "seen").known(hashes_of(3, 99)).tolist() == [True, False]
    assert len(list((tmp_path / "seen").glob("*.run"))) == 1


def test_an_index_ahead_of_its_table_is_rebuilt(tmp_path: Path) -> None:
    """When the table has lost its last commit, the index is not trusted."""
    table, index = Table(tmp_path / "table"), Seen(tmp_path / "seen")
    index.add(hashes_of(1, 2, 3), table.append(rows_of(1, hashes_of(1, 2)), ["one"]))
    assert not index.covers(table)
    index.rebuild(table)
    assert index.covers(table)
    assert index.known(hashes_of(3)).tolist() == [False]


def test_rebuilding_from_nothing_is_empty(tmp_path: Path) -> None:
    """Without a table there is nothing to know."""
    index = Seen(tmp_path / "seen")
    index.rebuild(Table(tmp_path / "table"))
    assert index.rows == 0
    assert index.known(hashes_of(1, 1)).tolist() == [False, True]
