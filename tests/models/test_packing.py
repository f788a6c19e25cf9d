from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models.samples import fitted, rows
from vigil import bundles, models
from vigil.models import folding, packing
from vigil.models.kinds import logistic
from vigil.serving import Prediction

TRAIN = """
import sys
from pathlib import Path
from tests.models.samples import fit, rows, target
from vigil import models
columns, score = rows(40)
for kind, task in (("boosting", "binary"), ("forest", "multiclass"), ("logistic", "regression")):
    print(models.pack(fit(kind, task, columns, target(score, task)), Path(sys.argv[1])))
"""


def test_two_processes_write_the_same_bundles(tmp_path: Path) -> None:
    """Trained twice on the same rows, under other hash seeds: the same bytes, the same ids."""
    ids = []
    for seed in ("1", "77"):
        out = subprocess.run(
            [sys.executable, "-c", TRAIN, str(tmp_path / seed)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        ids.append(out.stdout.split())
    assert len(ids[0]) == 3
    assert ids[0] == ids[1]
    for release in ids[0]:
        first, second = (_contents(tmp_path / seed / release) for seed in ("1", "77"))
        assert first == second


def _contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_columns_are_folded_alike_together_and_one_by_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many columns' cells are prepared at a time changes no byte of the compiled form."""
    model = fitted(kind, "binary")
    together = packing.compiled(model).files()
    for rows_at_once in (1, 12):
        monkeypatch.setattr(folding, "_AT_ONCE", rows_at_once)
        assert packing.compiled(model).files() == together


def test_a_form_that_disagrees_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the pipeline answers, and the manifest says so."""
    model = fitted("logistic", "binary")
    good = logistic.fold

    def wrong(*given: object) -> object:
        folded = good(*given)
        shape = dataclasses.replace(folded.shape, intercept=folded.shape.intercept + 1e-6)
        return dataclasses.replace(folded, shape=shape)

    monkeypatch.setattr(logistic, "fold", wrong)
    release = models.pack(model, tmp_path)
    assert bundles.load_manifest(tmp_path, release)["compiled"] is False
    assert not (tmp_path / release / "compiled.npz").exists()
    answerer = models.open_answerer(tmp_path, release)
    assert answerer.answered_by == "pipeline"
    assert answerer.classes == ("no", "yes")
    assert answerer.levels["region"] == model.plan.levels["region"]
    columns, _ = rows(40, seed=6)
    one, other = answerer.predict(columns), model.predict(columns)
    np.testing.assert_array_equal(one.outcome, other.outcome)
    np.testing.assert_array_equal(one.probability, other.probability)


def test_every_held_out_row_is_compared() -> None:
    """One row among many, of which training has none alike, is enough to leave the compiled form out."""
    model = fitted("logistic", "binary")
    form = packing.compiled(model)
    held_out, _ = rows(500, seed=6)
    assert packing.answers_alike(model, form, held_out)
    held_out["age"][321] = 1234.5

    class Astray:
        """Answers as the form does, but for that row."""

        def predict(self, columns: dict[str, np.ndarray]) -> Prediction:
            found = form.predict(columns)
            assert found.probability is not None
            off = 1e-6 * (columns["age"] == 1234.5)
            return Prediction(found.outcome, found.probability + off)

    assert packing.answers_alike(model, Astray(), {})  # type: ignore[arg-type]
    assert not packing.answers_alike(model, Astray(), held_out)  # type: ignore[arg-type]


def test_the_manifest_says_what_the_model_is(tmp_path: Path) -> None:
    """Everything that a page or a successor needs, in JSON values."""
    model = fitted("boosting", "binary")
    manifest = bundles.load_manifest(tmp_path, models.pack(model, tmp_path, {"rows_trained": 160}))
    assert manifest["model"] == "boosting"
    assert manifest["positive"] == "yes"
    assert manifest["classes"] == ["no", "yes"]
    assert manifest["threshold"] == model.threshold
    assert manifest["calibration"] == model.calibration
    assert manifest["params"]["learning_rate"] == 0.08
    assert manifest["features"][0] == {**manifest["features"][0], "name": "income", "kind": "number"}
    assert manifest["rows_trained"] == 160
    assert manifest["baseline"]["answer"] == 1.0


def test_answering_a_bundle_loads_no_heavy_library(tmp_path: Path) -> None:
    """Opening and answering a compiled release imports no scikit-learn, pandas or pyarrow."""
    release = models.pack(fitted("boosting", "binary"), tmp_path)
    code = (
        "import sys\nimport numpy as np\nfrom pathlib import Path\nfrom vigil import models\n"
        f"a = models.open_answerer(Path({str(tmp_path)!r}), {release!r})\n"
        "a.predict({'income': np.array([1.0]), 'age': np.array([2.0]), 'joined': np.array([3.0]),"
        " 'region': np.array(['x'], dtype=object), 'town': np.array([None], dtype=object),"
        " 'remark': np.array(['Paid'], dtype=object)})\n"
        "print([m for m in ('sklearn', 'skops', 'pandas', 'scipy', 'pyarrow') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_hostile_rows_hold_every_strange_cell() -> None:
    """Missing, infinite, unseen and empty cells are all among the rows that are checked."""
    found = packing.hostile(fitted("logistic", "binary"))
    assert np.isnan(found["age"]).any()
    assert np.isinf(found["age"]).any()
    assert {None, "", "never seen before"} <= set(found["region"])
