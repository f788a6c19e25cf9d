"""The pictures of a replay can be read: whole numbers below, and no name upon another."""

from itertools import combinations

import pytest

from vigil.replaying import drawing
from vigil.replaying.outcome import Outcome

POLICIES = ("adwin", "ddm", "every_batch", "hddm", "kswin", "never", "page_hinkley", "vigil", "window")


def outcome(policy: str, fits: int, pooled: float, batches: int = 4) -> Outcome:
    """Return what came of a policy, as far as it is drawn."""
    scores = tuple((order, pooled + 0.001 * order) for order in range(2, 2 + batches))
    return Outcome(
        policy, "f1", "F1", True, pooled, 0.8, pooled, batches, fits, 100, 1, 0, 1.0, scores, (3,), (1, 3)
    )


@pytest.mark.parametrize(
    ("fits", "shown"),
    [([1, 2, 5], ["1", "2", "5"]), ([1, 127], ["1", "2", "5", "10", "20", "50", "100"]), ([3, 3], ["3"])],
)
def test_fits_are_counted_in_plain_numbers(fits, shown):
    """Few fits or many, the axis has 1, 2, 5 and their tenfolds, and no powers."""
    figure = drawing.against_fits([outcome("never", few, 0.7) for few in fits])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == shown
    assert not [tick.get_text() for tick in figure.axes[0].get_xticklabels(minor=True) if tick.get_text()]


@pytest.mark.parametrize("spread", [0.0, 0.0002, 0.01])
def test_no_name_lies_upon_another(spread):
    """However close the points lie, each policy's name can be read."""
    found = [outcome(name, 1 + place, 0.7 + spread * place) for place, name in enumerate(POLICIES)]
    figure = drawing.against_fits(found)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == len(POLICIES)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize(("batches", "is_said"), [(4, False), (40, True)])
def test_a_mean_is_drawn_where_there_are_batches_for_it(batches, is_said):
    """A few batches are drawn as they are; their places are whole numbers."""
    figure = drawing.over_time([outcome("never", 1, 0.7, batches)])
    assert any("mean of 9 batches" in text.get_text() for text in figure.texts) == is_said
    pale, strong = figure.axes[0].lines[:2]
    assert (list(pale.get_ydata()) == list(strong.get_ydata())) != is_said
    assert all(float(tick).is_integer() for tick in figure.axes[0].get_xticks())
