"""The profile in a bundle, and that of a model's answers."""

import numpy as np
import pyarrow as pa

from vigil.profiles import FILE, dump, load, of_answers, profile
from vigil.records import Column


def test_a_stored_profile_comes_back(tmp_path) -> None:
    """What was dumped is read again, odd levels included; damage gives None and no error."""
    made = profile(pa.table({"a": ["x", "ü\x00", None]}), [Column("a", "category")])
    (tmp_path / FILE).write_bytes(dump(made))
    assert load(tmp_path) == made
    (tmp_path / FILE).write_bytes(b"VP\x00\x80")
    assert load(tmp_path) is None
    assert load(tmp_path / "nowhere") is None


def test_answers_have_a_profile() -> None:
    """Classes are counted by name with the positive class's probability; values are numbers."""
    chance = np.array([0.1, 0.9, 0.8])
    found = of_answers((chance > 0.5).astype(np.int64), chance, ("no", "yes"))
    assert [column.kind for column in found.columns] == ["category", "number"]
    assert found.columns[0].levels.counts == (("no", 1), ("yes", 2))
    values = of_answers(np.array([1.5, 2.5]), None, ())
    assert values.columns[0].numbers.maximum == 2.5
    many = of_answers(np.array([2, 0]), np.full((2, 3), 1 / 3), ("a", "b", "c"))
    assert len(many.columns) == 1
