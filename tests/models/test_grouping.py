from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.models.samples import CLASSES, FEATURES, METRICS, fit, rows, target
from vigil import models
from vigil.bundles import open_pipeline
from vigil.models import packing
from vigil.models.preparing import frame
from vigil.models.spaces import GROUPED
from vigil.records import Column, Task
from vigil.serving import Compiled

TOGETHER = {GROUPED: 1}
each_task = pytest.mark.parametrize("task", list(CLASSES))


@each_task
def test_groups_of_levels_compile(task: Task) -> None:
    """Fresh rows and hostile ones are answered as by the pipeline, one by one as well."""
    columns, score = rows(600)
    model = fit("boosting", task, columns, target(score, task), settings=TOGETHER)
    assert model.plan.grouped == ("region",)
    form = Compiled.from_files(packing.compiled(model).files())
    for asked in (rows(500, seed=5)[0], packing.hostile(model)):
        assert packing.answers_alike(model, form, asked)
    outcome, _ = form.predict_one({name: cells[7] for name, cells in columns.items()})
    assert outcome == pytest.approx(model.predict(columns).outcome[7])


def test_one_split_parts_many_levels() -> None:
    """Where half of 24 levels mean yes, few small trees know them all; told apart one by one they do not."""
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 24, 3000)
    yes = draw.permutation(24) < 12
    columns = {"part": np.array([f"p{code:02}" for code in codes], dtype=object)}
    small = {"trees": 40, "leaves": 4, "learning_rate": 0.02}

    def spread(**more: float) -> float:
        """Return how far apart the answers for the two kinds of level are at the least."""
        model = models.fit(
            "boosting", columns, yes[codes].astype(np.int64), task="binary", classes=CLASSES["binary"],
            features=[Column("part", "category")], metric="log_loss", seed=0, settings=small | more,
        )  # fmt: skip
        said = model.pipeline.predict_proba(frame(columns, model.plan))[:, 1]
        return float(said[yes[codes]].min() - said[~yes[codes]].max())

    assert spread(**TOGETHER) > 0.4 > 0.2 > spread()


@each_task
def test_columns_without_levels_do_no_harm(task: Task) -> None:
    """A category that is all missing, or one level, neither stops the fit nor the answering."""
    columns, score = rows(60)
    columns |= {"mute": np.full(60, None, dtype=object), "same": np.full(60, "x", dtype=object)}
    features = (*FEATURES, Column("mute", "category"), Column("same", "category"))
    model = fit("boosting", task, columns, target(score, task), features=features, settings=TOGETHER)
    assert packing.answers_alike(model, packing.compiled(model), {})


def test_the_bundle_opens_and_is_the_same_again(tmp_path: Path) -> None:
    """What a model of groups holds is trusted, compiled, and the same bytes from the same rows."""
    columns, score = rows(200)
    made = [fit("boosting", "binary", columns, target(score, "binary"), settings=TOGETHER) for _ in range(2)]
    names = {models.pack(model, tmp_path) for model in made}
    assert len(names) == 1
    (release,) = names
    assert models.open_answerer(tmp_path, release).answered_by == "compiled"
    assert open_pipeline(tmp_path, release)["model"].categorical_features == [0]


def test_without_a_category_nothing_changes() -> None:
    """Numbers alone give the usual model."""
    columns, score = rows(200)
    numbers = [column for column in FEATURES if column.kind == "number"]
    y = target(score, "binary")
    one, two = (
        fit("boosting", "binary", columns, y, features=numbers, settings=given, metric=METRICS["binary"])
        for given in ({}, TOGETHER)
    )
    np.testing.assert_array_equal(one.predict(columns).probability, two.predict(columns).probability)
