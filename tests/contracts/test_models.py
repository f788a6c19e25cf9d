"""What every model type keeps, whatever its file says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.models.samples import CLASSES, FEATURES, METRICS, fit, fitted, rows, target, telco
from vigil import models
from vigil.errors import VigilError
from vigil.models import packing, registry
from vigil.models.spaces import filled, special
from vigil.records import Column, Task
from vigil.serving import Compiled

PAIRS = [(kind, task) for kind in models.names() for task in registry.get(kind).TASKS]
each = pytest.mark.parametrize(("kind", "task"), PAIRS)


@pytest.mark.parametrize("kind", models.names())
def test_file_offers_the_whole_contract(kind: str) -> None:
    """Each type has tasks, a way to build and a way to fold, and says what it is."""
    module = registry.get(kind)
    assert module.TASKS
    assert module.FLAW >= 0.0
    assert callable(module.build)
    assert callable(module.fold)
    assert module.__doc__


@each
def test_usual_settings_are_what_is_built_without_a_search(kind: str, task: Task) -> None:
    """Every usual value lies in its range; naming all of them changes nothing, a range's ends do."""
    space, many = registry.get(kind).SPACE, tuple(f"number_{i}" for i in range(100))
    made = replace(fitted(kind, task).plan, rows=100_000, numbers=many)
    usual = filled(space, {})
    assert all(one.holds(usual[name]) for name, one in space.items())
    assert special(space, usual) == {}
    ends = [{name: end} for name, one in space.items() for end in {one.low, one.high} - {one.usual}]
    built = [registry.get(kind).build(replace(made, settings=given)) for given in ({}, *ends)]
    assert len({str(one.get_params()) for one in built}) == len(built)


@each
def test_learns_more_than_the_baseline(kind: str, task: Task) -> None:
    """Out of fold, the model beats the best constant answer on data with a plain signal."""
    model = fitted(kind, task)
    assert model.score is not None
    assert model.baseline.score is not None
    better = (
        model.score < model.baseline.score if task == "regression" else model.score > model.baseline.score
    )
    assert better


@each
def test_answers_have_the_shapes_of_the_task(kind: str, task: Task) -> None:
    """Codes with probabilities that sum to one, or finite values."""
    columns, _ = rows(30, seed=9)
    answer = fitted(kind, task).predict(columns)
    assert answer.outcome.shape == (30,)
    if task == "regression":
        assert answer.probability is None
        assert np.isfinite(answer.outcome).all()
        return
    assert answer.probability is not None
    assert answer.probability.shape == ((30,) if task == "binary" else (30, len(CLASSES[task])))
    assert ((answer.probability >= 0) & (answer.probability <= 1)).all()
    assert set(answer.outcome) <= set(range(len(CLASSES[task])))
    if task == "multiclass":
        np.testing.assert_allclose(answer.probability.sum(axis=1), 1.0)


@each
def test_compiled_form_answers_like_the_pipeline(kind: str, task: Task) -> None:
    """On fresh rows and on hostile ones the two forms agree to 1e-9."""
    model = fitted(kind, task)
    form = Compiled.from_files(packing.compiled(model).files())
    for columns in (rows(500, seed=5)[0], packing.hostile(model)):
        one, other = model.predict(columns), form.predict(columns)
        if one.probability is None:
            np.testing.assert_allclose(other.outcome, one.outcome, rtol=1e-9, atol=1e-9)
        else:
            np.testing.assert_allclose(other.probability, one.probability, rtol=0, atol=1e-9)
            np.testing.assert_array_equal(other.outcome, one.outcome)


@each
def test_one_row_answers_like_many(kind: str, task: Task) -> None:
    """The path for a single row gives what the path for columns gives."""
    model = fitted(kind, task)
    form = packing.compiled(model)
    columns = packing.hostile(model)
    many = form.predict(columns)
    for i in range(0, len(many.outcome), 3):
        row = {name: cells[i] for name, cells in columns.items()}
        outcome, probability = form.predict_one(row)
        assert outcome == pytest.approx(many.outcome[i], rel=1e-12)
        if many.probability is not None:
            np.testing.assert_allclose(probability, many.probability[i], rtol=0, atol=1e-12)


@each
def test_bundle_is_compiled_and_answers_again(kind: str, task: Task, tmp_path: Path) -> None:
    """What is packed opens, compiled, and answers as before."""
    model = fitted(kind, task)
    release = models.pack(model, tmp_path, {"batch": "first"}, {"card.md": b"# card"})
    manifest = json.loads((tmp_path / release / "manifest.json").read_bytes())
    assert manifest["compiled"] is True
    assert manifest["batch"] == "first"
    answerer = models.open_answerer(tmp_path, release)
    assert answerer.answered_by == "compiled"
    columns, _ = rows(50, seed=8)
    np.testing.assert_allclose(answerer.predict(columns).outcome, model.predict(columns).outcome, rtol=1e-9)


@each
def test_eleven_rows_are_enough_to_run(kind: str, task: Task) -> None:
    """Tiny data give a model, with its score, and compiled equal to the pipeline."""
    model = fitted(kind, task, 11)
    columns, _ = rows(11)
    assert packing.answers_alike(model, packing.compiled(model), {})
    assert np.isfinite(model.predict(columns).outcome).all()


@each
def test_useless_columns_do_no_harm(kind: str, task: Task) -> None:
    """Columns that are all missing or constant neither stop the fit nor the answering."""
    columns, score = rows(40)
    columns |= {
        "void": np.full(40, np.nan),
        "flat": np.full(40, 7.0),
        "mute": np.full(40, None, dtype=object),
        "same": np.full(40, "x", dtype=object),
        "huge": np.where(np.arange(40) == 3, 1e308, np.arange(40.0)),
    }
    kinds = {"void": "number", "flat": "number", "mute": "category", "same": "category", "huge": "number"}
    features = (*FEATURES, *(Column(name, kind_) for name, kind_ in kinds.items()))
    model = fit(kind, task, columns, target(score, task), features=features)
    assert packing.answers_alike(model, packing.compiled(model), {})


@pytest.mark.parametrize("kind", models.names())
def test_only_useless_columns_still_answer(kind: str) -> None:
    """With nothing to go by, the model answers something finite."""
    columns = {"void": np.full(40, np.nan), "mute": np.full(40, None, dtype=object)}
    features = (Column("void", "number"), Column("mute", "category"))
    model = fit(kind, "binary", columns, np.arange(40) % 2, features=features)
    assert packing.answers_alike(model, packing.compiled(model), {})


@each
def test_the_same_rows_give_the_same_model(kind: str, task: Task) -> None:
    """Fitting twice gives equal answers, to the bit."""
    columns, score = rows(11)
    one, two = fitted(kind, task, 11), fit(kind, task, columns, target(score, task))
    assert (one.threshold, one.calibration, one.clip) == (two.threshold, two.calibration, two.clip)
    assert packing.compiled(one).files() == packing.compiled(two).files()


@pytest.mark.parametrize("kind", models.names())
def test_weights_count(kind: str) -> None:
    """Rows weighed down lose their say: upside-down targets at weight 0.001 do not matter."""
    columns, score = rows(200)
    y = target(score, "binary")
    wrong = np.arange(200) % 2 == 0
    model = fit(kind, "binary", columns, np.where(wrong, 1 - y, y), weights=np.where(wrong, 0.001, 1.0))
    fresh, truth = rows(300, seed=4)
    agreement = np.corrcoef(model.predict(fresh).outcome, target(truth, "binary"))[0, 1]
    assert agreement > 0.3


@pytest.mark.parametrize("kind", models.names())
def test_a_class_that_never_occurs_gets_no_probability(kind: str) -> None:
    """The contract may list a class that the snapshot lacks."""
    columns, score = rows(60)
    y = target(score, "binary") * 2
    model = fit(kind, "multiclass", columns, y)
    probability = packing.compiled(model).predict(columns).probability
    assert probability is not None
    assert probability[:, 1].max() < 1e-6
    assert packing.answers_alike(model, packing.compiled(model), {})


@pytest.mark.parametrize("kind", models.names())
def test_a_constant_label_is_refused_in_words(kind: str) -> None:
    """One class only: nothing to learn, and the message says so."""
    columns, _ = rows(20)
    with pytest.raises(VigilError, match="every label is the same"):
        fit(kind, "binary", columns, np.zeros(20, dtype=np.int64))


@pytest.mark.parametrize("kind", models.names())
def test_real_customers_compile_and_beat_the_baseline(kind: str) -> None:
    """On a real table of 19 columns the compiled form agrees on every row, and F1 passes 0.58."""
    columns, y, features = telco(2000)
    model = models.fit(
        kind,
        columns,
        y,
        task="binary",
        classes=("No", "Yes"),
        features=features,
        metric=METRICS["binary"],
        seed=0,
    )
    assert model.score is not None
    assert model.score > 0.58 > (model.baseline.score or 0)
    ours = packing.compiled(model).predict(columns)
    theirs = model.predict(columns)
    np.testing.assert_allclose(ours.probability, theirs.probability, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(ours.outcome, theirs.outcome)
