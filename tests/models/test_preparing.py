from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from tests.models.samples import FEATURES, rows
from vigil.models.preparing import Ramps, Steps, frame, pipeline, plan
from vigil.records import Column


def test_every_kind_has_its_place() -> None:
    """Numbers and dates as they are, a text's common words as numbers of their own."""
    columns, _ = rows(300)
    made = plan(columns, FEATURES, task="binary", metric="f1", seed=0)
    assert made.numbers[:3] == ("income", "age", "joined")
    assert set(made.numbers[3:]) == {f"remark ∋ {word}" for word in made.texts["remark"]}
    assert {"gladly", "late", "zürich"} < set(made.texts["remark"])
    assert made.sources == ("income", "age", "joined", "region", "town", "remark")
    assert list(made.levels) == ["region", "town"]
    assert made.levels["region"] == ("east", "islet", "north", "south")


def test_frame_keeps_missing_and_bounds_the_absurd() -> None:
    """Infinity becomes a large number; None stays None in strings."""
    columns, _ = rows(50)
    columns["age"][0] = np.inf
    made = plan(columns, FEATURES, task="binary", metric="f1", seed=0)
    table = frame(columns, made)
    assert table["age"][0] == 1e30
    assert table["region"].dtype == object
    assert set(table["region"]) >= {None, "north"}


def test_ramps_sum_to_one() -> None:
    """Hat functions share out each number between its two neighbouring knots."""
    x = np.random.default_rng(0).exponential(size=(200, 1))
    out = Ramps(6).fit(x).transform(x)
    np.testing.assert_allclose(out.sum(axis=1), 1.0)
    assert (np.count_nonzero(out, axis=1) <= 2).all()


@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda knot: round(knot, 3)), min_size=1, max_size=9, unique=True),
    st.lists(st.floats(-2e6, 2e6), max_size=20),
)
def test_ramps_are_interpolated_between_knots(knots: list[float], cells: list[float]) -> None:
    """At the knots, between them and beyond, each hat is what interpolation gives, to the bit."""
    ramps = Ramps()
    ramps.knots_ = [np.sort(knots)]
    ramps.medians_, ramps.missing_ = np.zeros(1), np.zeros(1, dtype=bool)
    asked = np.array([*cells, *knots])
    hats = [np.interp(asked, np.sort(knots), hat) for hat in np.eye(len(knots))]
    assert ramps.transform(asked[:, None]).tolist() == np.column_stack(hats).tolist()


@pytest.mark.filterwarnings("error")
def test_knots_next_to_no_distance_apart_are_a_step() -> None:
    """Where no slope is a number, a cell has the hat of the knot below it."""
    tiny = 5e-324
    ramps = Ramps(3).fit(np.array([[0.0], [tiny], [1.0]]))
    ramps.knots_ = [np.array([0.0, tiny, 1.0])]
    out = ramps.transform(np.array([[0.0], [tiny], [0.5], [2.0]]))
    assert out.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]]


def test_a_line_on_ramps_is_a_bend() -> None:
    """A linear model on ramps follows a curve that no line follows."""
    x = np.linspace(-3, 3, 400)[:, None]
    y = np.abs(x[:, 0])
    ramps = Ramps(8).fit(x)
    fit = LinearRegression().fit(ramps.transform(x), y)
    assert np.abs(fit.predict(ramps.transform(x)) - y).max() < 0.45
    assert np.abs(LinearRegression().fit(x, y).predict(x) - y).max() > 1.4


def test_ramps_say_that_a_cell_is_missing() -> None:
    """A column of its own where training had missing cells; the median stands in."""
    x = np.array([[1.0], [2.0], [np.nan], [9.0]])
    ramps = Ramps(2).fit(x)
    out = ramps.transform(x)
    np.testing.assert_array_equal(out[:, -1], [0, 0, 1, 0])
    np.testing.assert_array_equal(out[2, :-1], out[1, :-1])


def test_an_outlier_does_not_stretch_the_ramps() -> None:
    """One absurd number among many leaves the knots near the others."""
    x = np.append(np.linspace(0, 1, 500), 1e30)[:, None]
    assert Ramps(8).fit(x).knots_[0].max() < 2.1


def test_steps_keep_order_and_missing() -> None:
    """Larger numbers have larger ordinals, missing ones none."""
    x = np.array([[5.0], [np.nan], [-1.0], [7.0]])
    out = Steps().fit(x).transform(np.array([[-9.0], [5.0], [6.0], [1e30], [np.nan]]))
    np.testing.assert_array_equal(out[:, 0], [0, 1, 1, 2, np.nan])


def test_steps_are_limited() -> None:
    """However many values, at most 255 steps; distinct values below that keep their own."""
    many = np.random.default_rng(0).normal(size=(5000, 1))
    assert len(np.unique(Steps().fit(many).transform(many))) <= 255
    few = np.arange(40.0)[:, None]
    assert len(np.unique(Steps().fit(few).transform(few))) == 40


def test_rare_and_unseen_levels_share_a_column() -> None:
    """The pool takes both; a missing level that is not rare has a column of its own."""
    columns = {
        "c": np.array(["a"] * 100 + ["b"] * 90 + ["r1", "r2"] + [None] * 20, dtype=object),
        "d": np.arange(212.0),
    }

    features = (Column("c", "category"), Column("d", "number"))
    made = plan(columns, features, task="binary", metric="f1", seed=0)
    prepare = pipeline(made, LinearRegression(), "steps")["prepare"].fit(
        frame(columns, made), np.arange(212) % 2
    )
    asked = {"c": np.array(["r1", "new", None, "a"], dtype=object), "d": np.zeros(4)}
    out = prepare.transform(frame(asked, made))[:, 1:]
    np.testing.assert_array_equal(out[0], out[1])
    assert (out[2] != out[0]).any()
    assert (out[2] != out[3]).any()


def test_many_levels_become_their_mean_target() -> None:
    """Above 30 levels one number stands for each; an unseen one gets the overall mean."""
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 50, 5000)
    columns = {"town": np.array([f"t{code:02}" for code in codes], dtype=object)}
    y = (draw.random(5000) < codes / 50).astype(np.int64)
    made = plan(columns, (Column("town", "category"),), task="binary", metric="f1", seed=0)
    prepare = pipeline(made, LinearRegression(), "steps")["prepare"].fit(frame(columns, made), y)
    asked = {"town": np.array(["t02", "t25", "t48", "new"], dtype=object)}
    low, middle, high, unseen = prepare.transform(frame(asked, made))[:, 0]
    assert low < 0.2 < middle < 0.8 < high
    assert abs(unseen - y.mean()) < 1e-9


def test_a_value_that_repeats_has_its_mean_target_beside_it() -> None:
    """Of amounts that come back, single values may tell what their order does not; others are left alone."""
    draw = np.random.default_rng(0)
    columns = {
        "amount": draw.choice([0.0, 10.0, 20.0, 30.0, np.nan], 2000),
        "size": draw.normal(size=2000),
        "flag": draw.integers(0, 2, 2000).astype(np.float64),
    }
    tells = np.isin(columns["amount"], (10.0, 30.0))
    y = (draw.random(2000) < np.where(tells, 0.9, 0.1)).astype(np.int64)
    features = tuple(Column(name, "number") for name in columns)
    made = plan(columns, features, task="binary", metric="f1", seed=0)
    assert made.repeating == ("amount",)
    prepare = pipeline(made, LinearRegression(), "steps")["prepare"].fit(frame(columns, made), y)
    asked = {name: np.zeros(5) for name in columns} | {"amount": np.array([0.0, 10.0, 20.0, 30.0, np.nan])}
    means = prepare.transform(frame(asked, made))[:, -1]
    np.testing.assert_allclose(means, [0.1, 0.9, 0.1, 0.9, 0.1], atol=0.06)
    ramps = pipeline(made, LinearRegression(), "ramps")["prepare"].fit(frame(columns, made), y)
    assert [name for name, _, _ in ramps.transformers_] == ["numbers"]


def test_few_rows_have_no_values_that_repeat() -> None:
    """Twenty rows for each value are asked for on average, three values at least, 255 at most."""
    features = (Column("n", "number"),)
    for values, rows_of_each, repeats in ((3, 20, True), (3, 19, False), (2, 500, False), (256, 30, False)):
        columns = {"n": np.tile(np.arange(float(values)), rows_of_each)}
        made = plan(columns, features, task="binary", metric="f1", seed=0)
        assert bool(made.repeating) is repeats


def test_dates_and_several_classes_are_left_alone() -> None:
    """The days to come are all new, and each class would take a column."""
    columns = {"n": np.tile(np.arange(5.0), 200)}
    number, date = (Column("n", "number"),), (Column("n", "date"),)
    assert plan(columns, number, task="binary", metric="f1", seed=0).repeating == ("n",)
    assert not plan(columns, date, task="binary", metric="f1", seed=0).repeating
    assert not plan(columns, number, task="multiclass", metric="macro_f1", seed=0).repeating
