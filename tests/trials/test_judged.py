"""A release's answers on the rows of a table."""

import numpy as np
import pyarrow as pa
import pytest

from vigil.bundles import pointer
from vigil.stats import metrics
from vigil.trials import judged


@pytest.mark.parametrize("asked", [1, 37, 300])
def test_answers_come_in_any_parts(site, monkeypatch, asked):
    """A large table is answered so many rows at a time; labels, answers and the score are the same."""
    site.leavers("w-1.csv", 300)
    site.tick()
    project, live = site.project(), pointer.read(site.root / "production").release
    rows, contract = project.table.batch(1), project.contract()
    rows = pa.concat_tables([rows, rows.slice(0, 40)])

    def of(table):
        return judged.judge(project.models, live, table, contract, metrics.get("f1"))

    whole = of(rows)
    monkeypatch.setattr(judged, "ASKED", asked)
    parts = of(rows)
    assert (parts.answer == whole.answer).all()
    assert np.allclose(parts.probability, whole.probability, rtol=1e-12)
    assert (parts.truth == whole.truth).all()
    assert parts.labelled.all()
    assert len(of(rows.slice(0, 0)).answer) == 0
