from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from vigil.predictions import collecting
from vigil.predictions.record import Answered
from vigil.predictions.writer import PredictionLog
from vigil.records import Column, Contract

CONTRACT = Contract(
    version=1,
    task="binary",
    columns=(
        Column("who", "category", role="key"),
        Column("when", "date", role="time"),
        Column("x", "number"),
        Column("born", "date"),
        Column("y", "category", role="target"),
    ),
    classes=("0", "1"),
    positive="1",
)
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def answer(output: Path, *, at: datetime = DAY, rows: int = 2, role: str = "live") -> None:
    """Let a service answer once, and stop."""
    log = PredictionLog(collecting.folder(output))
    log.add(
        Answered(
            request=f"r-{at.day}",
            at=at.timestamp(),
            release="abc",
            client="here",
            role=role,
            rows=range(rows),
            columns={"x": np.array([1.5, np.nan][:rows]), "born": np.array([86_400.0, np.nan][:rows])},
            given={"who": [7, None][:rows], "when": ["2026-03-01", "2026-03-02"][:rows]},
            outcome=[1, 0][:rows],
            probability=[0.75, 0.25][:rows],
        )
    )
    log.close()


def collect(output: Path) -> tuple[int, int]:
    """Collect as a tick does."""
    return collecting.collect(output, CONTRACT, ("0", "1"))


def test_answers_become_typed_rows(tmp_path: Path) -> None:
    """Features, key and time come in the contract's types, answers as labels, in the order of the request."""
    answer(tmp_path)
    assert collect(tmp_path) == (2, 0)
    rows = collecting.table(tmp_path).rows().to_pylist()
    assert [row["who"] for row in rows] == ["7", None]
    assert [row["x"] for row in rows] == [1.5, None]
    assert [row["born"] for row in rows] == [datetime(1970, 1, 2, tzinfo=UTC), None]
    assert [row["when"].day for row in rows] == [1, 2]
    assert [(row[collecting.LABEL], row[collecting.PROBABILITY]) for row in rows] == [
        ("1", 0.75),
        ("0", 0.25),
    ]
    assert {row[collecting.AT] for row in rows} == {DAY}
    assert [row[collecting.ROW] for row in rows] == [0, 1]


@pytest.mark.parametrize("committed", [False, True])
def test_a_segment_is_taken_in_once_whenever_the_tick_is_killed(
    tmp_path: Path, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off before the commit or between commit and deletion, the next tick ends with the same rows."""
    answer(tmp_path)

    append = collecting.Table.append

    def killed(table: collecting.Table, rows: pa.Table, names: list[str]) -> None:
        if committed:
            append(table, rows, names)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(collecting.Table, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            collect(tmp_path)
    assert collect(tmp_path)[0] == (0 if committed else 2)
    assert collecting.table(tmp_path).count() == 2
    assert list(collecting.folder(tmp_path).iterdir()) == []
    assert collect(tmp_path) == (0, 0)


def test_old_answers_are_forgotten_and_not_taken_in_again(tmp_path: Path) -> None:
    """Retention deletes the rows and their files; later ones stay."""
    for day in (1, 2, 3):
        answer(tmp_path, at=DAY.replace(day=day))
        collect(tmp_path)
    assert collecting.forget(tmp_path, DAY.replace(day=3)) == 4
    rows = collecting.table(tmp_path).rows(columns=[collecting.REQUEST]).to_pylist()
    assert {row[collecting.REQUEST] for row in rows} == {"r-3"}
    assert len(list((tmp_path / "predictions" / "table").glob("*.parquet"))) == 1
    assert collecting.forget(tmp_path, DAY) == 0


def test_an_empty_segment_is_no_fault(tmp_path: Path) -> None:
    """A writer that was killed before its first record leaves nothing to take in."""
    folder = collecting.folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / "1-a.seg").write_bytes(b"\x05")
    assert collect(tmp_path) == (0, 0)
    assert collecting.table(tmp_path).count() == 0
