from __future__ import annotations

import numpy as np
import pytest

from vigil.serving.leaves import CHUNK, Leaves, Masks, _only_bit
from vigil.serving.readers import Levels, Steps

#: One tree: x <= 1 gives 10; else level a gives 20, anything else 30. Bits 0, 1, 2.
X = np.array([[0b001], [0b110]], dtype=np.uint32)
C = np.array([[0b011], [0b101]], dtype=np.uint32)


def model() -> Leaves:
    """Return the tree above, with a missing x sent to the right."""
    x = Masks(Steps("x", np.array([1.0])), np.array([0, 1, 1]), X)
    c = Masks(Levels.of("c", ("a",)), np.array([0, 1, 1]), C)
    return Leaves.of(np.array([0.5]), np.array([[[10.0], [20.0], [30.0]]]), [x, c])


def test_masks_leave_one_leaf() -> None:
    """Each row ends in the leaf that a walk down the tree would reach."""
    x = np.array([0.0, 1.0, 2.0, 2.0, np.nan, np.inf])
    c = np.array(["b", "a", "a", None, "a", "new"], dtype=object)
    expected = [10.5, 10.5, 20.5, 30.5, 20.5, 30.5]
    np.testing.assert_array_equal(model().raw({"x": x, "c": c})[:, 0], expected)
    one_by_one = [model().raw_one({"x": a, "c": b}) for a, b in zip(x, c, strict=True)]
    np.testing.assert_array_equal(one_by_one, np.array(expected)[:, None])


def test_chunks_join_up() -> None:
    """More rows than one chunk holds give the same answers as few."""
    rows = 2 * CHUNK + 7
    x = np.arange(rows) % 3.0
    c = np.full(rows, "a", dtype=object)
    np.testing.assert_array_equal(model().raw({"x": x, "c": c})[:, 0], np.where(x <= 1, 10.5, 20.5))


@pytest.mark.parametrize(("kind", "words"), [(np.uint32, 1), (np.uint64, 1), (np.uint64, 4)])
def test_every_bit_is_found(kind: type, words: int) -> None:
    """The place of the only bit, in the first word or a later one."""
    width = np.dtype(kind).itemsize * 8
    bits = width * words
    masks = np.zeros((bits, words, 1), dtype=kind)
    for bit in range(bits):
        masks[bit, bit // width, 0] = kind(1) << kind(bit % width)
    assert _only_bit(masks)[:, 0].tolist() == list(range(bits))


def test_trees_take_turns_or_answer_everything() -> None:
    """With one value a leaf, trees belong to outputs in turn; with one per output, to all."""
    words = np.array([[1, 1]], dtype=np.uint32)
    column = Masks(Steps("x", np.array([])), np.array([0, 0]), words)
    turns = Leaves.of(np.array([0.0, 100.0]), np.array([[[1.0]], [[2.0]]]), [column])
    whole = Leaves.of(np.array([0.0, 0.0]), np.array([[[1.0, 5.0]], [[2.0, 6.0]]]), [column])
    rows = {"x": np.array([3.0])}
    assert turns.raw(rows).tolist() == [[1.0, 102.0]]
    assert whole.raw(rows).tolist() == [[3.0, 11.0]]


def test_what_is_dumped_is_restored() -> None:
    """A round trip keeps the answers."""
    again = Leaves.restore(*model().dump())
    columns = {"x": np.array([0.3, np.nan]), "c": np.array(["a", None], dtype=object)}
    np.testing.assert_array_equal(again.raw(columns), model().raw(columns))
    assert again.levels() == {"c": ("a",)}
