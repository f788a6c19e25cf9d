"""The score by group, the worst places, and fairness."""

import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil import slices
from vigil.profiles import profile
from vigil.records import Column
from vigil.slices import Answered
from vigil.stats import metrics

ACCURACY = metrics.get("accuracy")


def grouping(values, kind="number"):
    """Return the groups of a column with these values."""
    table = pa.table({"x": values})
    return slices.grouping(profile(table, [Column("x", kind)]).columns[0])


def answered(truth, answer):
    """Return binary answers."""
    return Answered(ACCURACY, np.asarray(truth), np.asarray(answer), ("no", "yes"))


def test_values_fall_between_the_references_quartiles() -> None:
    """Each range holds its upper edge; missing cells have a group, values beyond the reference too."""
    groups = grouping([1.0, 2.0, 3.0, 4.0, 5.0])
    assert groups.names == ("up to 2", "2 to 3", "3 to 4", "above 4", "(missing)")
    codes = groups.codes(np.array([2.0, 2.5, 99.0, -9.0, np.nan]))
    assert [groups.names[code] for code in codes] == ["up to 2", "2 to 3", "above 4", "up to 2", "(missing)"]


def test_levels_have_groups_and_new_ones_are_others() -> None:
    """The most frequent levels by name, the rest together."""
    groups = grouping(["a"] * 5 + ["b"] * 3 + ["c"], "category")
    codes = groups.codes(np.array(["b", "zzz", None, "a"], dtype=object))
    assert [groups.names[code] for code in codes] == ["b", "(others)", "(missing)", "a"]


def test_frequent_levels_have_groups_before_those_that_are_counted() -> None:
    """Of a thousand levels twelve have groups: the frequent ones first, whether they are counted or not."""
    table = pa.table({"x": [f"v{k}" for k in range(1000)] + ["often"] * 500})
    column = profile(table, [Column("x", "category")]).columns[0]
    groups = slices.grouping(column, ["often", "v1"])
    assert groups.levels[:2] == ("often", "v1")
    assert len(groups.levels) == 12


def test_one_group_is_none() -> None:
    """A constant, a text or an empty column divides nothing."""
    assert grouping([3.0, 3.0, 3.0]) is None
    assert grouping(["a", "a"], "category") is None
    assert grouping(["long words"], "text") is None
    assert grouping(pa.array([None], pa.float64())) is None


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans(), st.booleans()), min_size=1), st.integers(0, 50))
def test_batches_add_up(rows, cut) -> None:
    """Tallies of two parts of the rows add up to those of all of them."""
    groups = grouping(np.arange(10.0))
    cells, truth, answer = (np.array(part) for part in zip(*rows, strict=True))

    def tallies(part):
        return slices.by_group(
            answered(truth[part].astype(int), answer[part].astype(int)), groups, groups.codes(cells[part])
        )

    whole, both = tallies(slice(None)), [tallies(slice(cut)), tallies(slice(cut, None))]
    assert slices.added(ACCURACY, *both) == whole


def test_a_group_on_few_rows_has_no_score() -> None:
    """Rows are shown, the score only from what the metric asks for."""
    groups = grouping(np.arange(10.0))
    cells = np.array([0.0] * 100 + [9.0] * 5)
    found = slices.by_group(answered(np.zeros(105, int), np.zeros(105, int)), groups, groups.codes(cells))
    shown = slices.shown(ACCURACY, found, groups.names)
    assert [(one["rows"], one["score"]) for one in shown] == [(100, 1.0), (5, None)]
    assert shown[0]["low"] == pytest.approx(0.025 ** (1 / 100))


def planted(seed: int, *, worse: bool):
    """Draw answers of which one in ten is wrong, four in ten where both columns are high."""
    draw = np.random.default_rng(seed)
    columns = {name: draw.random(3000) for name in "pqrs"}
    bad = worse & (columns["p"] > 0.75) & (columns["q"] > 0.75)
    truth = draw.integers(0, 2, 3000)
    answer = np.where(draw.random(3000) < np.where(bad, 0.4, 0.1), 1 - truth, truth)
    coded = []
    for name, cells in columns.items():
        made = slices.grouping(profile(pa.table({name: cells}), [Column(name, "number")]).columns[0])
        coded.append((made, made.codes(cells)))
    return answered(truth, answer), coded


def test_a_bad_corner_two_columns_deep_is_found() -> None:
    """The slice where both are high comes first, with its share of failures."""
    found = slices.worst(*planted(1, worse=True))[0]
    assert sorted(column for column, _ in found["where"]) == ["p", "q"]
    assert all(group.startswith("above") for _, group in found["where"])
    assert 0.25 < found["failures"] < 0.55
    assert found["score"] == pytest.approx(1 - found["failures"])


def test_chance_is_not_named() -> None:
    """Of 100 batches without a bad corner at most a few have any slice named."""
    named = sum(bool(slices.worst(*planted(seed, worse=False))) for seed in range(100))
    assert named <= 11


def test_fairness_from_counts() -> None:
    """Shares of positive answers and of true positives found, their differences and their ratio."""
    tallies = {
        "a": {"confusion": [[50, 30], [5, 15]]},
        "b": {"confusion": [[90, 10], [50, 50]]},
        "(others)": {"confusion": [[1, 1], [1, 1]]},
    }
    found = slices.fairness(tallies, ("a", "b", "(others)", "(missing)"))
    first, second = found["groups"]
    assert first["positive"] == 0.45
    assert first["found"] is None
    assert (second["positive"], second["found"]) == (0.3, 0.5)
    assert second["positive_low"] < 0.3 < second["positive_high"]
    assert found["parity"] == pytest.approx(0.15)
    assert found["impact"] == pytest.approx(2 / 3)
    assert found["opportunity"] is None
    assert slices.fairness({"a": tallies["a"]}, ("a",)) is None
    assert slices.fairness({"a": {"rows": 5}, "b": {"rows": 5}}, ("a", "b")) is None


def test_rows_are_counted_in_any_parts(monkeypatch) -> None:
    """The worst slices of very many rows are those of all of them at once."""
    whole = slices.worst(*planted(1, worse=True))
    monkeypatch.setattr(sys.modules["vigil.slices.worst"], "BLOCK", 37)
    assert slices.worst(*planted(1, worse=True)) == whole
