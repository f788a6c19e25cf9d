"""Changes that no column shows alone."""

import numpy as np
import pyarrow as pa

from vigil.changes import together
from vigil.records import Column

FEATURES = (Column("a", "number"), Column("b", "number"), Column("c", "category"), Column("d", "text"))


def rows(seed: int, count: int = 1200, *, turned: bool = False) -> pa.Table:
    """Draw two numbers that go together, or against each other; each alone is the same."""
    draw = np.random.default_rng(seed)
    a = draw.normal(size=count)
    b = (-0.8 if turned else 0.8) * a + 0.6 * draw.normal(size=count)
    words = draw.choice(["one", "a few"], count).tolist()
    return pa.table({"a": a, "b": b, "c": draw.choice(["x", "y"], count).tolist(), "d": [None, *words[1:]]})


def test_a_turned_correlation_is_found() -> None:
    """Rows can be told apart, by the two columns of the pair, whose correlation turned."""
    found = {one.test: one for one in together.compare(rows(1), rows(2, turned=True), FEATURES)}
    assert {one.verdict for one in found.values()} == {"drift"}
    assert found["domain_classifier"].statistic > 0.8
    assert "(a adds" in found["domain_classifier"].words or "(b adds" in found["domain_classifier"].words
    assert "c adds" not in found["domain_classifier"].words
    assert found["correlation_change"].words.startswith("correlations: a with b +0.7")
    assert all(line.endswith("they differ") for line in together.told(list(found.values())))


def test_the_same_rows_do_not_differ() -> None:
    """Rows of one distribution: no drift; and few rows say nothing."""
    found = together.compare(rows(1), rows(2), FEATURES)
    assert [one.verdict for one in found] == ["none", "none"]
    assert together.told(together.compare(rows(1, 40), rows(2), FEATURES)) == [
        "too little data to compare rows"
    ]
