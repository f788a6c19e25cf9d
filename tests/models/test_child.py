"""The slow path: a pipeline that answers in a process of its own."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models.samples import fitted, rows
from vigil import models
from vigil.errors import BundleError
from vigil.models.answer import open_served
from vigil.models.child import ChildAnswerer
from vigil.models.kinds import logistic


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Pack a model whose compiled form disagrees, so that its pipeline has to answer."""
    good = logistic.fold

    def wrong(*given: object) -> object:
        folded = good(*given)
        shape = dataclasses.replace(folded.shape, intercept=folded.shape.intercept + 1e-6)
        return dataclasses.replace(folded, shape=shape)

    monkeypatch.setattr(logistic, "fold", wrong)
    return models.pack(fitted("logistic", "binary"), tmp_path)


def test_a_child_answers_as_the_pipeline_does_also_after_a_kill(tmp_path: Path, release: str) -> None:
    """Equal answers, missing cells included; a killed child is started anew; it ends with its owner."""
    columns, _ = rows(40, seed=6)
    expected = models.open_answerer(tmp_path, release).predict(columns)
    answerer = open_served(tmp_path, release)
    assert isinstance(answerer, ChildAnswerer)
    assert answerer.answered_by == "pipeline"
    for _ in range(2):
        found = answerer.predict(columns)
        np.testing.assert_array_equal(found.outcome, expected.outcome)
        np.testing.assert_array_equal(found.probability, expected.probability)
        child = answerer._child
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    answerer.predict(columns)
    child = answerer._child
    del answerer
    assert child.wait(timeout=20) == 0


def test_the_owner_stays_light(tmp_path: Path, release: str) -> None:
    """The process that serves imports neither scikit-learn nor pandas, whoever answers."""
    code = (
        "import sys\nimport numpy as np\nfrom pathlib import Path\n"
        "from vigil.models.answer import open_served\n"
        f"a = open_served(Path({str(tmp_path)!r}), {release!r})\n"
        "a.predict({'income': np.array([1.0]), 'age': np.array([2.0]), 'joined': np.array([3.0]),"
        " 'region': np.array(['x'], dtype=object), 'town': np.array([None], dtype=object),"
        " 'remark': np.array(['Paid'], dtype=object)})\n"
        "print([m for m in ('sklearn', 'skops', 'pandas', 'scipy', 'pyarrow') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_what_a_child_cannot_open_is_said_in_words(tmp_path: Path, release: str) -> None:
    """A bundle of another scikit-learn is refused by the child, and the service hears why."""
    from vigil import bundles

    manifest = bundles.load_manifest(tmp_path, release)
    with pytest.raises(BundleError, match="cannot be read"):
        ChildAnswerer(tmp_path, "0" * 12, manifest)
