"""Which columns are called drifted, when the verdict abstains, and what it says."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from vigil import drift
from vigil.drift import verdict
from vigil.errors import VigilError
from vigil.profiles import Profile, profile
from vigil.records import Column

COLUMNS = [
    Column("staff", "number"),
    Column("region", "category"),
    Column("note", "text"),
    Column("since", "date"),
]


def batch(rows: int, seed: int, *, staff: float = 84.0, lost: float = 0.0, new: float = 0.0) -> Profile:
    """Profile a batch of customers."""
    random = np.random.default_rng(seed)
    region = np.where(random.random(rows) < 0.4, "north", "south")
    region = np.where(random.random(rows) < new, "west", region)
    cells = {
        "staff": pa.array(random.normal(staff, 20, rows), mask=random.random(rows) < lost),
        "region": pa.array(region.tolist()),
        "note": pa.array(["x" * int(length) for length in random.integers(1, 30, rows)]),
        "since": pa.array(random.integers(0, 10**15, rows), pa.timestamp("us", "UTC")),
    }
    return profile(pa.table(cells), COLUMNS)


REFERENCE = batch(5000, 0)


def found(current: Profile, **options) -> dict[str, drift.ColumnDrift]:
    """Judge a batch against the reference."""
    return {column.column: column for column in drift.judge(REFERENCE, current, **options)}


def test_nothing_changed() -> None:
    """Every column of the reference has a verdict, in its order, and none is called drifted."""
    judged = drift.judge(REFERENCE, batch(2000, 1))
    assert [column.column for column in judged] == ["note", "region", "since", "staff"]
    assert {column.verdict for column in judged} == {"none"}
    assert all(column.detectable is not None and 0 < column.detectable < 0.2 for column in judged)


def test_a_moved_median_is_called_and_told() -> None:
    """A number that moved by a standard deviation drifts; the sentence has both medians."""
    judged = found(batch(500, 1, staff=104))
    assert [name for name, column in judged.items() if column.verdict == "drift"] == ["staff"]
    staff = judged["staff"]
    assert staff.test in ("ks", "shift", "tails")
    assert staff.effect > staff.floor
    assert staff.p_value < 1e-10
    assert staff.words.startswith("staff: median 8")
    assert " → 10" in staff.words
    assert "missing" not in staff.words


def test_what_is_significant_and_small_is_said_to_be_so() -> None:
    """A mean moved by a tenth of its deviation, on many rows, is noticed and does not drift."""
    judged = found(batch(5000, 1, staff=86.5))
    assert [name for name, column in judged.items() if column.significant] == ["staff"]
    assert judged["staff"].verdict == "none"
    assert found(batch(20, 1))["staff"].significant is False


def test_lost_values_are_called_by_their_own_test() -> None:
    """Values that go missing at random drift, though those that are left have not changed."""
    staff = found(batch(500, 1, lost=0.1))["staff"]
    assert (staff.verdict, staff.test) == ("drift", "missing_share")


def test_a_new_level_is_called_though_few_rows_have_moved() -> None:
    """Three rows in a hundred of an unseen level drift, whatever χ² makes of them; it is named."""
    for rows in (500, 5000):
        region = found(batch(rows, 1, new=0.03))["region"]
        assert (region.verdict, region.test) == ("drift", "unseen_levels")
        assert "not seen before (“west”)" in region.words


def test_a_lost_column_is_missing_in_every_row() -> None:
    """A batch without a column of the reference drifts in it."""
    current = batch(500, 1)
    without = Profile(current.rows, tuple(column for column in current.columns if column.name != "staff"))
    staff = found(without)["staff"]
    assert (staff.verdict, staff.test) == ("drift", "missing_share")
    assert staff.words == "staff: missing 0 % → 100 %"


def test_significant_but_small_is_no_drift() -> None:
    """Twenty thousand rows make a shift of a tenth significant; the floor keeps it quiet."""
    current = batch(20_000, 1, staff=86)
    staff = found(current)["staff"]
    assert staff.p_value < 0.001
    assert staff.verdict == "none"
    assert found(current, floors={"ks": 0.02})["staff"].verdict == "drift"


def test_large_but_not_significant_is_no_drift() -> None:
    """Sixty rows that happen to differ by more than the floor are not called."""
    chances = [found(batch(60, seed))["staff"] for seed in range(1, 40)]
    assert max(column.effect for column in chances) > 0.15
    assert sum(column.verdict == "drift" for column in chances) <= 1


def test_too_few_rows_abstain_with_what_would_have_been_seen() -> None:
    """Below fifty rows nothing is called, and the smallest shift is told."""
    judged = found(batch(49, 1, staff=200))
    assert {column.verdict for column in judged.values()} == {"too little data"}
    staff = judged["staff"]
    assert staff.p_value is None
    assert 0.2 < staff.detectable < 0.5
    assert "49 values against 5,000" in staff.words
    assert found(batch(49, 1, staff=200), least=20)["staff"].verdict == "drift"


def test_another_kind_abstains() -> None:
    """Numbers that have become text cannot be compared; the sentence says so."""
    current = profile(pa.table({"staff": ["many"] * 100}), [Column("staff", "category")])
    staff = found(current)["staff"]
    assert staff.verdict == "too little data"
    assert staff.words == "staff: numbers have become categories"


def test_dates_may_move_on() -> None:
    """Later dates are no drift unless a test of their values is asked for."""
    later = profile(
        pa.table({"since": pa.array([10**15 + second for second in range(500)], pa.timestamp("us", "UTC"))}),
        [Column("since", "date")],
    )
    assert found(later)["since"].verdict == "none"
    asked = found(later, tests={**drift.DEFAULTS, "date": ("ks",)})
    assert asked["since"].verdict == "drift"


def test_a_profile_read_back_gives_the_same_verdict() -> None:
    """A stored reference judges as the one that was made from rows."""
    current = batch(500, 1, staff=104)
    stored = Profile.from_json(json.loads(json.dumps(REFERENCE.to_json())))
    assert drift.judge(stored, current) == drift.judge(REFERENCE, current)


def test_plain_json() -> None:
    """A verdict is plain JSON, without NaN or infinity."""
    for current in (batch(500, 1, lost=1.0), batch(10, 1), profile(pa.table({}), COLUMNS)):
        for column in drift.judge(REFERENCE, current):
            assert json.loads(json.dumps(column.as_json(), allow_nan=False))["column"] == column.column


def test_benjamini_and_hochberg() -> None:
    """The level is that of the largest rank whose p-value is below it."""
    assert verdict._cut([0.001, 0.02, 0.029, 0.5], 0.04) == pytest.approx(0.03)
    assert verdict._cut([0.02, 0.5], 0.02) == -1
    assert verdict._cut([], 0.01) == -1


def test_a_test_is_held_to_the_level_and_not_to_the_best_test() -> None:
    """A column rejected by one test may drift by another that is weaker but passes the level."""
    region = found(batch(5000, 3, new=0.03))["region"]
    assert region.p_value < 1e-15
    assert region.verdict == "drift"


def test_measures_without_a_p_value_cannot_decide() -> None:
    """The stability index is refused as a test, and so are names that nobody knows."""
    with pytest.raises(VigilError, match="gives no p-value"):
        drift.judge(REFERENCE, REFERENCE, tests={**drift.DEFAULTS, "number": ("psi",)})
    with pytest.raises(VigilError, match="Did you mean 'missing_share'"):
        drift.judge(REFERENCE, REFERENCE, floors={"missing_shares": 0.1})


def test_no_column_is_called_more_often_than_stated() -> None:
    """In 150 batches of equals, at most a few have any column called drifted."""
    none = dict.fromkeys(drift.names(), 0.0)
    called = [
        any(c.verdict == "drift" for c in found(batch(200, s), floors=none).values()) for s in range(1, 151)
    ]
    assert sum(called) <= 7


def test_a_columns_tests_share_its_level() -> None:
    """The column's p-value is the smallest of its tests', times how many could have shown a change."""
    current = batch(300, 5, lost=0.01)
    reference, staff = REFERENCE.column("staff"), current.column("staff")
    tests = drift.DEFAULTS["number"]
    smallest = min(drift.measure(name, reference, staff).p_value for name in tests)
    assert found(current)["staff"].p_value == pytest.approx(len(tests) * smallest, rel=1e-9, abs=0)
    whole = batch(300, 5).column("staff")
    rest = [drift.measure(name, reference, whole).p_value for name in tests if name != "missing_share"]
    assert found(batch(300, 5))["staff"].p_value == pytest.approx(min(1.0, len(rest) * min(rest)))
