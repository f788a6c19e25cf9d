"""What every measure of drift owes: one suite over all files of the folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from vigil import drift
from vigil.drift import measures
from vigil.errors import VigilError
from vigil.profiles import ColumnProfile, Profile, profile
from vigil.records import Column, Kind

KINDS: tuple[Kind, ...] = ("number", "category", "text", "date")
OF_COLUMNS = tuple(name for name in drift.names() if name not in drift.names("batch"))
EVERY = [(name, kind) for name in OF_COLUMNS for kind in measures.get(name).KINDS]


def column(kind: Kind, rows: int, seed: int, *, moved: bool = False, lost: float = 0.1) -> ColumnProfile:
    """Profile values of one kind; moved ones are larger, wider, of other levels, more often missing."""
    random = np.random.default_rng(seed)
    drawn = random.normal(5.0 if moved else 0.0, 2.0 if moved else 1.0, rows)
    gone = random.random(rows) < (0.6 if moved else lost)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    make = {
        "number": lambda x: float(x),
        "category": lambda x: f"level {round(x)}",
        "text": lambda x: "x" * max(0, round(10 * x + 50)),
        "date": lambda x: start + timedelta(days=float(x)),
    }[kind]
    types = {"number": pa.float64(), "date": pa.timestamp("us", "UTC")}
    cells = [None if none else make(value) for value, none in zip(drawn, gone, strict=True)]
    return profile(
        pa.table({"x": pa.array(cells, types.get(kind, pa.string()))}), [Column("x", kind)]
    ).columns[0]


@pytest.fixture(params=EVERY, ids=lambda both: "-".join(both))
def both(request) -> tuple[measures.Measure, Kind]:
    """Return each measure with each kind that it fits."""
    name, kind = request.param
    return measures.get(name), kind


def test_describes_itself(both) -> None:
    """Name, kinds, floor and docstring are there, and the name finds it."""
    found, kind = both
    assert measures.get(found.NAME) is found
    assert found.NAME in drift.names(kind)
    assert set(found.KINDS) <= set(KINDS)
    assert 0 < found.FLOOR < 1
    assert found.__doc__


def test_equal_profiles_have_no_effect(both) -> None:
    """A profile against itself: no effect, and nothing significant."""
    found, kind = both
    same = found.measure(column(kind, 300, 1), column(kind, 300, 1))
    assert same.effect == pytest.approx(0, abs=1e-9)
    assert same.p_value is None or same.p_value > 0.9


def test_a_great_change_is_large_and_significant(both) -> None:
    """Values moved by five deviations exceed the floor; whoever decides finds them significant."""
    found, kind = both
    great = found.measure(column(kind, 500, 1), column(kind, 400, 2, moved=True))
    assert great.effect > found.FLOOR
    if found.DECIDES:
        assert great.p_value < 1e-6
    else:
        assert great.p_value is None


def test_effects_do_not_grow_with_rows(both) -> None:
    """Ten times the rows of the same two distributions: the same effect but for noise."""
    found, kind = both
    small = found.measure(column(kind, 2000, 1), column(kind, 2000, 2, moved=True)).effect
    large = found.measure(column(kind, 20_000, 3), column(kind, 20_000, 4, moved=True)).effect
    assert large == pytest.approx(small, rel=0.15)


def test_counts_and_plain_numbers(both) -> None:
    """Rows are counted on either side, and all results are plain finite JSON numbers."""
    found, kind = both
    result = found.measure(column(kind, 500, 1, lost=0.0), column(kind, 400, 2, lost=0.0))
    assert (result.n_ref, result.n_cur) == (500, 400)
    json.dumps(asdict(result), allow_nan=False)
    assert result.p_value is None or 0 <= result.p_value <= 1


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_any_number_of_rows(both, rows: int) -> None:
    """No rows, one row, or only missing ones: a result or None, never an error or a NaN."""
    found, kind = both
    for other in (column(kind, rows, 1, lost=0.0), column(kind, rows, 1, lost=1.1)):
        for pair in ((other, column(kind, 200, 2)), (column(kind, 200, 2), other), (other, other)):
            result = found.measure(*pair)
            if result is not None:
                json.dumps(asdict(result), allow_nan=False)
            smallest = found.detectable(*pair, 0.01)
            assert smallest is None or 0 < smallest <= 1


def test_a_constant_column(both) -> None:
    """One value on both sides cannot show a change of values."""
    found, kind = both
    reference = column(kind, 1, 1, lost=0.0)
    if reference.levels is not None:
        counts = tuple((level, 100) for level, _ in reference.levels.counts)
        many = replace(reference, rows=100, levels=replace(reference.levels, counts=counts))
    else:
        histogram = replace(reference.numbers.histogram, counts=(100,))
        numbers = replace(reference.numbers, count=100, histogram=histogram)
        many = replace(reference, rows=100, numbers=numbers)
    result = found.measure(many, many)
    assert result.effect == 0
    assert result.p_value is None


def test_detectable_shrinks_with_rows(both) -> None:
    """More rows find smaller changes; a measure without a test finds none."""
    found, kind = both
    sizes = [
        found.detectable(column(kind, 5000, 1), column(kind, rows, 2), 0.01) for rows in (100, 1000, 5000)
    ]
    if found.DECIDES:
        assert sizes == sorted(sizes, reverse=True)
        assert 0 < sizes[-1] < 0.2
    else:
        assert sizes == [None] * 3


def test_another_kind_is_not_measured() -> None:
    """A measure that does not fit a column's kind says None, as do columns of different kinds."""
    number, category = column("number", 100, 1), column("category", 100, 1)
    assert drift.measure("ks", category, category) is None
    assert drift.measure("missing_share", number, category) is None


def test_an_unknown_name_is_refused_with_the_likely_one() -> None:
    """A misspelt measure is answered with the known one."""
    with pytest.raises(VigilError, match="Did you mean 'hellinger'"):
        drift.measure("helinger", column("number", 9, 1), column("number", 9, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_decides(kind: Kind) -> None:
    """The tests that judge a kind of column exist, fit it and give p-values."""
    for name in drift.DEFAULTS[kind]:
        assert kind in measures.get(name).KINDS
        assert measures.get(name).DECIDES


def test_every_deciding_measure_can_judge() -> None:
    """Any measure with p-values may take the place of the defaults."""
    for name in OF_COLUMNS:
        for kind in measures.get(name).KINDS if measures.get(name).DECIDES else ():
            reference = Profile(500, (column(kind, 500, 1),))
            current = Profile(500, (column(kind, 500, 2, moved=True),))
            judged = drift.judge(reference, current, tests={kind: (name,)})
            assert [one.verdict for one in judged] == ["drift"]


def test_light_to_import() -> None:
    """Importing the room loads no scipy, pandas, scikit-learn or pyarrow; judging no scipy.stats."""
    code = (
        "import sys\n"
        "from vigil import drift\n"
        "heavy = {'scipy', 'pandas', 'sklearn', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "[drift.measures._opened(name) for name in drift.names()]\n"
        "assert 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def side(rows: int, seed: int, *, turned: bool = False) -> measures.Side:
    """Draw a batch of two numbers that go together, or against each other, with its profile and rows."""
    random = np.random.default_rng(seed)
    a = random.normal(size=rows)
    b = (-0.8 if turned else 0.8) * a + 0.6 * random.normal(size=rows)
    cuts = {"a": (-0.67, 0.0, 0.67), "b": (-0.67, 0.0, 0.67)}
    found = profile(pa.table({"a": a, "b": b}), [Column("a", "number"), Column("b", "number")], cuts)
    return measures.Side(found, {"a": a, "b": b})


@pytest.fixture(params=drift.names("batch"))
def together(request) -> measures.Whole:
    """Return each measure of the batch as a whole."""
    return measures.whole(request.param)


def test_of_the_batch_describes_itself(together) -> None:
    """Name, kind, title, floor and docstring are there; it is no measure of one column."""
    assert measures.whole(together.NAME) is together
    assert together.KINDS == ("batch",)
    assert together.TITLE
    assert 0 < together.FLOOR < 1
    assert together.__doc__
    with pytest.raises(VigilError, match="is not a measure"):
        measures.get(together.NAME)
    with pytest.raises(VigilError, match="is not a measure"):
        measures.whole("ks")


def test_of_the_batch_judges_among_the_columns(together) -> None:
    """A turned pair is called, though neither column has changed; unchanged rows are not; words begin so."""
    reference = side(2000, 1)
    for turned, expected in ((True, "drift"), (False, "none")):
        current = side(600, 2, turned=turned)
        rows = (reference.rows, current.rows)
        judged = drift.judge(reference.profile, current.profile, whole=[together.NAME], rows=rows)
        assert [one.verdict for one in judged] == ["none", "none", expected]
        assert judged[-1].column == drift.TOGETHER + together.NAME
        assert judged[-1].words.startswith(f"{together.TITLE}: ")
        json.dumps(judged[-1].as_json(), allow_nan=False)


def test_of_the_batch_needs_something_to_look_at(together) -> None:
    """Without rows or columns it has no result, no smallest effect, and takes no place among the columns."""
    nothing = measures.Side(Profile(300, ()))
    assert together.measure(nothing, nothing) is None
    assert together.detectable(nothing, nothing, 0.01) is None
    assert drift.judge(Profile(300, ()), Profile(300, ()), whole=[together.NAME]) == []


def test_of_the_batch_finds_smaller_changes_in_more_rows(together) -> None:
    """The smallest effect shrinks with the rows."""
    sizes = [together.detectable(side(3000, 1), side(rows, 2), 0.01) for rows in (200, 800, 3000)]
    assert sizes == sorted(sizes, reverse=True)
    assert 0 < sizes[-1] < sizes[0] < 1
