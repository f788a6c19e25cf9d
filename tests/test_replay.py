"""The replay: the same tick over history, and the project itself left alone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fullprocess
import replay
from vigil.errors import ConfigError, FileRefused, VigilError
from vigil.project import Project
from vigil.replaying import history, outcome, reading, running, scratch


def asked(site: Any, *arguments: str) -> Any:
    """Return options as the command line gives them, results beside the project, one process."""
    given = ["--config", str(site.config), "--out", str(site.root.parent / "out"), "--jobs", "1"]
    return replay.command_line().parse_args([*given, *arguments])


@pytest.fixture
def lived(site: Any) -> Any:
    """A project that has lived through six batches, in the fourth of which the rule turned round."""
    for month in range(1, 7):
        site.leavers(f"month-{month}.csv", 400, seed=month, turned=month >= 4)
        site.tick()
    return site


def files_of(root: Path) -> dict[str, bytes]:
    """Return every file below a folder, but SQLite's side files, which a mere look may touch."""
    paths = [path for path in root.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    return {str(path): path.read_bytes() for path in paths}


def test_its_own_policy_replayed_is_its_own_history(lived: Any) -> None:
    """Under the same policy the replay gives, batch by batch, the scores that the project had.

    Pooling adds the batches' tables up; the mean averages their scores.
    """
    (one,) = replay.run(lived.project(), asked(lived, "--policy", "vigil"))
    rows = lived.project().ledger.scores.find()
    assert list(one.scores) == sorted((row["order"], row["value"]) for row in rows)
    assert one.promotions >= 1
    assert one.alarms >= 1
    tables = np.array([row["tally"]["confusion"] for row in rows]).sum(axis=0)
    assert one.pooled == pytest.approx(2 * tables[1, 1] / (2 * tables[1, 1] + tables[0, 1] + tables[1, 0]))
    assert one.accuracy == pytest.approx(np.trace(tables) / tables.sum())
    assert one.mean == pytest.approx(np.mean([row["value"] for row in rows]))


def test_the_project_is_only_read(lived: Any) -> None:
    """Not a byte of the project changes, and nothing but the results is left behind."""
    before = files_of(lived.root)
    replay.run(lived.project(), asked(lived, "--policy", "never"))
    assert files_of(lived.root) == before
    left = sorted(path.name for path in (lived.root.parent / "out").iterdir())
    assert left == ["fits.png", "replay.csv", "replay.pdf", "scores.csv", "scores.png"]


def test_policies_differ_where_they_should(lived: Any) -> None:
    """Never: one fit and the worse score; the default: more fits, a promotion, the better score."""
    options = asked(lived, "--policy", "never", "--policy", "vigil", "--jobs", "2")
    never, default = replay.run(lived.project(), options)
    assert (never.fits, never.promotions) == (1, 0)
    assert default.fits > 1
    assert default.rows_fitted > never.rows_fitted
    assert default.pooled > never.pooled + 0.05
    with (lived.root.parent / "out" / "replay.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["policy"] for row in rows] == ["never", "vigil"]
    assert float(rows[1]["pooled_f1"]) == default.pooled


def test_history_can_be_cut_anew(lived: Any) -> None:
    """With both numbers of rows the batches are cut by them, the last one short."""
    options = asked(lived, "--policy", "never", "--first-rows", "800", "--batch-rows", "500")
    (one,) = replay.run(lived.project(), options)
    assert [order for order, _ in one.scores] == [2, 3, 4, 5]


def test_another_file_is_replayed_with_its_own_target(site: Any) -> None:
    """A file and its target need no matching words in the config; its columns are found anew."""
    text = site.leavers("elsewhere.csv", 900).read_text().replace(",left\n", ",gone\n", 1)
    data = site.root.parent / "data.csv"
    data.write_text(text)
    options = asked(
        site, "--data", str(data), "--target", "gone", "--first-rows", "500", "--batch-rows", "200",
        "--policy", "never",
    )  # fmt: skip
    (one,) = replay.run(site.project(), options)
    assert [order for order, _ in one.scores] == [2, 3]
    assert not (site.root / "ledger.db").exists()


@pytest.mark.parametrize("given", [["--first-rows", "100"], ["--batch-rows", "100"], ["--data", "x.csv"]])
def test_the_two_numbers_of_rows_go_together(site: Any, given: list[str]) -> None:
    """One number without the other, or a file without both, is said to be too little."""
    with pytest.raises(VigilError, match="go together"):
        replay.run(site.project(), asked(site, "--policy", "never", *given))


def test_faults_are_told_before_anything_runs(lived: Any) -> None:
    """An unknown policy, a wrong option, a missing file and too little history are faults in words."""
    project = lived.project()
    for policy in ("newer", "volume:shares=2", "volume:share=many"):
        with pytest.raises(ConfigError):
            replay.run(project, asked(lived, "--policy", policy))
    sizes = ("--first-rows", "5000", "--batch-rows", "100")
    with pytest.raises(VigilError, match="a batch to train on and one to score"):
        replay.run(project, asked(lived, "--policy", "never", *sizes))
    with pytest.raises(FileRefused):
        replay.run(project, asked(lived, "--policy", "never", "--data", "none.csv", *sizes))
    data = str(next(lived.arriving.iterdir()))
    with pytest.raises(FileRefused, match="has no column 'nope'") as fault:
        replay.run(project, asked(lived, "--data", data, "--target", "nope", *sizes))
    assert "left" in fault.value.hint


def test_a_policy_is_written_with_its_options() -> None:
    """A name alone, or a name with options after a colon."""
    assert replay.setting_of("vigil") == "vigil"
    assert replay.setting_of("volume:share=0.5, growth=3") == {"name": "volume", "share": 0.5, "growth": 3}


def test_a_life_goes_on_where_it_stopped(site: Any, tmp_path: Path) -> None:
    """Stretch by stretch or at once, the same files give the same ledger."""
    site.leavers("one.csv", 1200)
    batches = history.of_file(site.arriving / "one.csv", target="left", first=600, size=200)
    files = history.write(batches, tmp_path / "files")
    chosen = scratch.settings(site.project(), policy="never")
    found = []
    for name, stretches in (("once", [(1, files)]), ("twice", [(1, files[:2]), (3, files[2:])])):
        config = scratch.make(tmp_path / name, chosen, None)
        for first, part in stretches:
            assert all(taken > 0 for taken in scratch.live_through(fullprocess.tick, config, part, first))
        found.append(reading.read(config, "never", 0.0))
        project = Project(config)
        assert [row["started"][:16] for row in project.ledger.runs.latest()][-1] == "2000-01-01T00:10"
        project.close()
    assert found[0] == found[1]
    assert len(found[0].scores) == 3


def test_cells_reach_the_replay_as_they_were_written(tmp_path: Path) -> None:
    """Cutting a CSV file keeps its cells and their order, and loses no row."""
    path = tmp_path / "odd.csv"
    path.write_text('a,b\n007,"x, y"\n,N/A\n1.50,"2"\n5,6\n')
    batches = list(history.of_file(path, target="b", first=1, size=2))
    assert [batch.num_rows for batch in batches] == [1, 2, 1]
    assert pa.concat_tables(batches).column("a").to_pylist()[0] == "007"
    assert pa.concat_tables(batches).column("b").to_pylist()[0] == "x, y"


def made(policy: str, fits: int, pooled: float | None, *, higher: bool = True) -> outcome.Outcome:
    """Return an outcome of which only fits and score matter."""
    return outcome.Outcome(policy, "f1", "F1", higher, pooled, None, pooled, 1, fits, 10, 0, 0, 0.0, (), ())


def test_the_front_holds_what_no_other_beats() -> None:
    """Cheaper and as good, or dearer and better; for a loss the other way round."""
    some = [made("a", 9, 0.8), made("b", 1, 0.5), made("c", 4, 0.8), made("d", 5, 0.6), made("e", 1, None)]
    assert [one.policy for one in outcome.front(some)] == ["b", "c"]
    losses = [
        made("a", 1, 3.0, higher=False),
        made("b", 2, 2.0, higher=False),
        made("c", 3, 2.5, higher=False),
    ]
    assert [one.policy for one in outcome.front(losses)] == ["a", "b"]


def test_the_table_is_readable() -> None:
    """Columns line up, and what is undefined is a dash."""
    lines = outcome.as_lines([made("never", 1, None).figures(), made("vigil", 1234, 0.71234).figures()])
    assert len({len(line) for line in lines}) == 1
    assert "–" in lines[1]
    assert "1,234" in lines[2]
    assert "0.712" in lines[2]


def test_stretches_cover_every_file_once() -> None:
    """However many files and policies there are, each file is in one stretch, and the numbers follow.

    A bar has some steps for several policies, and a life of few files is not cut into more than it has.
    """
    for count, policies in ((1, 2), (19, 2), (20, 3), (21, 12), (127, 2), (127, 20)):
        files = [Path(str(number)) for number in range(count)]
        parts = running._stretches(files, policies)
        assert [file for _, part in parts for file in part] == files
        assert [first for first, _ in parts] == [int(str(part[0])) + 1 for _, part in parts]
        assert len(parts) == count or 12 <= len(parts) * policies < 12 + 3 * policies
