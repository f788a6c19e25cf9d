"""A change of correlations: right when nothing has changed, whatever the shape, and found when it has."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from vigil import drift
from vigil.drift.measures import Side, correlation_change
from vigil.profiles import profile
from vigil.records import Column

SHAPES = {
    "normal": lambda x, _s: x,
    "skewed": lambda x, _s: np.exp(2 * x),
    "heavy": lambda x, s: x / s,
    "rounded": lambda x, _s: np.round(1.5 * x),
    "mostly zero": lambda x, _s: np.where(x > 0.5, x, 0.0),
}


def drawn(random: np.random.Generator, rows: int, shape: str, r: float, columns: int = 4) -> pa.Table:
    """Draw columns that all go together with correlation r before they are bent; one in ten is missing."""
    common, scale = random.normal(size=rows), np.abs(random.normal(size=rows))
    cells = {}
    for place in range(columns):
        x = np.sqrt(r) * common + np.sqrt(1 - r) * random.normal(size=rows)
        lost = random.random(rows) < (0.1 if place == 0 else 0.0)
        cells[f"n{place}"] = pa.array(SHAPES[shape](x, scale), mask=lost)
    return pa.table(cells)


def sides(before: pa.Table, now: pa.Table) -> tuple[Side, Side]:
    """Profile both, cut at the quartiles of the first."""
    columns = [Column(name, "number") for name in before.column_names]
    ours = profile(before, columns, {})
    return Side(ours), Side(profile(now, columns, dict(ours.pairs.cuts)))


@pytest.mark.parametrize("r", [0.0, 0.9])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_in_twenty_is_below_a_twentieth_when_nothing_has_changed(shape: str, r: float) -> None:
    """The p-value holds for ties, heavy tails and any correlation: six pairs, 150 batches."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(150):
        pair = sides(drawn(random, 600, shape, r), drawn(random, 300, shape, r))
        found.append(correlation_change.measure(*pair).p_value)
    hits = int(np.sum(np.array(found) <= 0.05))
    assert stats.binomtest(hits, 150, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_correlation_is_found(shape: str) -> None:
    """Columns that no longer go together are called, the pair is named, and no column alone has changed."""
    random = np.random.default_rng(1)
    before, now = drawn(random, 2000, shape, 0.6), drawn(random, 500, shape, 0.0)
    ours, theirs = sides(before, now)
    judged = drift.judge(ours.profile, theirs.profile)
    assert [one.column for one in judged if one.verdict == "drift"] == ["_vigil_correlation_change"]
    assert judged[-1].effect > 0.2
    assert judged[-1].words.startswith("correlations: n")


def test_the_variance_is_that_of_repetitions() -> None:
    """The delta method's variance of Fisher's z is that of many draws, also where normal theory is wrong."""
    random = np.random.default_rng(2)
    z, variances = [], []
    for _ in range(200):
        table = sides(*[drawn(random, 800, "heavy", 0.9, 2)] * 2)[0].profile.pairs.tables()["n0", "n1"]
        z.append(np.arctanh(correlation_change.pairs.correlation(table)))
        variances.append(float(correlation_change._variances(table[None])[0]) / table.sum())
    assert np.var(z) == pytest.approx(np.mean(variances), rel=0.35)
    assert np.var(z) > 1.5 / 800


def test_nothing_to_compare() -> None:
    """One column, cuts of another origin, or few rows: no result, and words that say so."""
    random = np.random.default_rng(3)
    table = drawn(random, 200, "normal", 0.5, 2)
    columns = [Column(name, "number") for name in table.column_names]
    ours, other = profile(table, columns, {}), profile(table, columns, {"n0": (0.0,), "n1": (0.1,)})
    assert correlation_change.measure(Side(ours), Side(other)) is None
    assert correlation_change.measure(*sides(table, table.slice(0, 40))) is None
    alone = sides(table.select(["n0"]), table.select(["n0"]))
    assert correlation_change.measure(*alone) is None
    assert correlation_change.words(*alone) == "correlations: no two numbers to compare"
    assert [one.column for one in drift.judge(ours, other)] == ["n0", "n1"]
