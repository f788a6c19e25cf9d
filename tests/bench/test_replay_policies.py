"""What the replayed policies are measured by: draws of the holdout, the front, equal fits, goals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest

from bench import _lives, _resumed, replay_policies
from bench._lives import Life
from vigil.table import hashing


def row(policy: str, f1: float, fits: int, **more: Any) -> dict[str, Any]:
    """Return one policy's figures."""
    found = {"policy": policy, "pooled_f1": f1, "pooled_accuracy": f1, "fits": fits}
    return found | {"rows_fitted": 100 * fits, "retrained": fits - 1} | more


class Known:
    """Replays whose figures are known: a detector takes more fits the keener it is set."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def figures(self, lives: Any) -> list[dict[str, Any] | None]:
        self.asked.append([life.policy for life in lives])
        return [self.row(life.policy) for life in lives]

    def row(self, policy: str) -> dict[str, Any]:
        name, _, setting = policy.partition(":")
        option, value = setting.split(",")[0].split("=")
        knob = replay_policies.KNOBS[name]
        assert option == knob.option
        return row(policy, 0.7, round(1 + 126 * knob.place(float(value))))


def case(lives: Any, seeds: int = 1) -> replay_policies.Case:
    """Return electricity under the logistic model, from known replays."""
    return replay_policies.Case(lives, "electricity", "logistic", seeds)


def test_another_seed_deals_another_holdout_of_the_same_rows(tmp_path: Path) -> None:
    """The cells and their order stay; which rows are held out is drawn anew, in the same share."""
    file = tmp_path / "rows.csv"
    file.write_text("a,b,class\n" + "".join(f"{n / 7},{n % 13},{n % 2}\n" for n in range(2000)))
    sides, cells = [], []
    for seed in (0, 1, 2):
        part = tmp_path / f"{seed}.csv"
        part.write_text("".join(_lives.lines(file, Life("electricity", "logistic", "vigil", seed), "class")))
        rows = pa.csv.read_csv(part)
        cells.append([column.to_pylist() for column in rows.columns])
        sides.append(hashing.side(hashing.row_hashes(rows, rows.column_names[:2]), 0.2) > 0)
    assert cells[0] == cells[1] == cells[2]
    assert all(0.15 < side.mean() < 0.25 for side in sides)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (sides[one] & sides[other]).mean() == pytest.approx(0.04, abs=0.02)


def test_shuffled_rows_are_the_same_rows(tmp_path: Path) -> None:
    """Every row once, in another order for each seed, and in the same order for the same seed."""
    file = tmp_path / "rows.csv"
    file.write_text("a,class\n" + "".join(f"{n},0\n" for n in range(50)))
    drawn = [
        list(_lives.lines(file, Life("weather", "logistic", "vigil", seed, shuffled=True), "class"))
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0][1:] != drawn[2][1:]
    assert sorted(drawn[2][1:]) == sorted(file.read_text().splitlines(keepends=True)[1:])


def test_detectors_are_set_to_take_as_many_fits() -> None:
    """Each begins at its own default, and ends within a tenth of the fits that were asked for."""
    lives = Known()
    found = replay_policies.at_equal_fits(case(lives), 32, "batches=8")
    assert "adwin:delta=0.002,batches=8" in lives.asked[0]
    assert len(lives.asked) <= replay_policies.LOOKS
    for name in replay_policies.KNOBS:
        nearest = min(abs(one["fits"] - 32) for one in found if one["policy"].startswith(name))
        assert nearest <= 8


def test_the_front_is_what_no_cheaper_policy_equals() -> None:
    """A better score with as few fits takes a policy off it."""
    rows = [row("a", 0.5, 1), row("b", 0.7, 32), row("c", 0.69, 40), row("d", 0.71, 127), row("e", 0.7, 33)]
    assert replay_policies.front(rows) == {"a", "b", "d"}


@pytest.mark.parametrize(("f1", "fits", "met"), [(0.7481, 31, True), (0.7479, 31, False), (0.76, 33, False)])
def test_little_may_be_lost_for_a_quarter_of_the_fits(f1: float, fits: int, met: bool, capsys: Any) -> None:
    """Both the loss and the price are part of the goal."""
    assert replay_policies.against([row("window", 0.75, 127)], [row("vigil", f1, fits)]) is met
    assert capsys.readouterr().out.endswith("met\n" if met else "missed\n")


def test_what_was_kept_is_not_replayed_again(tmp_path: Path) -> None:
    """A later run takes a life's figures from the file, and replays none when the time is over."""
    kept = _resumed.Kept(tmp_path / "kept.jsonl")
    life = Life("weather", "logistic", "never")
    kept.put(_lives.key_of(life, quick=True), row("never", 0.5, 1))
    again = _resumed.Kept(tmp_path / "kept.jsonl", minutes=-1)
    lives = _lives.Lives(tmp_path, again, jobs=1, quick=True)
    assert lives.figures([life, Life("weather", "logistic", "vigil")]) == [row("never", 0.5, 1), None]
