"""What each column adds to an answer: sums that hold exactly, and values that a formula gives."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models.samples import fitted, rows
from vigil import models
from vigil.bundles import pointer
from vigil.comparing import shapley
from vigil.errors import VigilError
from vigil.models import registry

pytest.importorskip("shap", reason="the extra 'shap' is not installed")
ROOT = Path(__file__).resolve().parents[2]
PAIRS = [(kind, task) for kind in models.names() for task in registry.get(kind).TASKS]


@pytest.fixture
def answering(tmp_path):
    """Return a function that opens a packed model of a type and a task, as a service does."""

    def opened(kind, task):
        release = models.pack(fitted(kind, task), tmp_path)
        return models.open_answerer(tmp_path, release)

    return opened


@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_base_and_values_add_up_to_the_raw_answer(answering, kind, task):
    """For every model type and task: the mean answer plus what each column adds is the row's answer."""
    cells, _ = rows(90, seed=5)
    base, values, raw = shapley.parts(answering(kind, task), cells, seed=1)
    assert values.shape == (45, len(cells), 3 if task == "multiclass" else 1)
    np.testing.assert_allclose(base + values.sum(axis=1), raw, atol=1e-8)


def test_values_of_a_sum_of_columns_are_what_each_column_adds(answering):
    """Where an answer is a sum of one part a column, a value is that part less its mean of the background."""
    answerer, (cells, _) = answering("logistic", "regression"), rows(90, seed=5)
    _, values, _ = shapley.parts(answerer, cells, seed=1)
    order = np.random.default_rng(1).permutation(90)
    behind, explained = order[:45], order[45:]
    rest = {name: np.repeat(column[:1], 90) for name, column in cells.items()}
    for at, name in enumerate(cells):
        part = answerer.predict(rest | {name: cells[name]}).outcome
        np.testing.assert_allclose(
            values[:, at, 0], part[explained] - part[behind].mean(), atol=1e-8, err_msg=name
        )


def test_the_same_seed_gives_the_same_values_and_few_rows_are_enough(answering):
    """Rows and orders are drawn with the seed; a single row is explained against itself."""
    answerer, (cells, _) = answering("boosting", "binary"), rows(90, seed=5)
    one, two = (shapley.parts(answerer, cells, seed=4)[1] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    base, values, raw = shapley.parts(answerer, {name: part[:1] for name, part in cells.items()}, seed=0)
    np.testing.assert_allclose(values, 0.0, atol=1e-12)
    np.testing.assert_allclose(base, raw[0])
    with pytest.raises(VigilError, match="no row is held out"):
        shapley.parts(answerer, {name: part[:0] for name, part in cells.items()}, seed=0)


@pytest.fixture
def trained(site):
    """A project with a live release, of whose columns only activity tells."""
    site.leavers("a-1.csv", 600, seed=1)
    site.tick()
    return site


def test_the_command_writes_a_picture_and_tables(trained):
    """The live release is explained: the telling column first, each row's parts in a file that adds up."""
    command = [sys.executable, "training.py", "--config", trained.config, "--shap"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    live = pointer.read(trained.root / "production").release
    folder = trained.project().reports / "comparison"
    assert done.stdout.splitlines()[0].endswith("activity")
    assert (folder / f"shap-{live}.png").read_bytes().startswith(b"\x89PNG")
    lines = list(csv.DictReader(io.StringIO((folder / f"shap-rows-{live}.csv").read_text())))
    for line in lines:
        parts = [float(value) for name, value in line.items() if name not in ("row", "output", "raw")]
        assert sum(parts) == pytest.approx(float(line["raw"]), abs=1e-6)


def test_without_the_extra_it_says_what_to_install(trained, monkeypatch):
    """Where the library is not there, the message names the extra and what can be had without it."""
    monkeypatch.setattr(shapley, "NEEDS", "no_such_library")
    with pytest.raises(VigilError, match=r"not installed.*pip install '\.\[shap\]'"):
        shapley.explain(trained.project(), "0" * 12)
