import numpy as np
import pytest

from vigil.serving import Compiled
from vigil.serving.additive import Additive, Knots, Table
from vigil.serving.readers import Levels
from vigil.serving.vote import Vote

COLUMNS = {"x": np.array([-1.0, 0.0, 2.0, np.nan]), "c": np.array(["a", "b", None, "new"], dtype=object)}


def member(slope, levels=("a",), calibration=None):
    """Return a small binary model: a line in x, and levels."""
    knots = Knots("x", np.array([-2.0, 2.0]), np.array([[-2.0 * slope], [2.0 * slope]]))
    table = Table(Levels.of("c", levels), np.linspace(0.0, 1.0, len(levels) + 2)[:, None])
    shape = Additive.of(np.array([0.1]), [knots, table])
    return Compiled(shape, "binary", ("no", "yes"), (0, 1), "logit", calibration, 0.5)


def vote(weights=(1.0, 3.0), calibration=None):
    """Return a vote of two, the second calibrated by itself."""
    platt = {"method": "platt", "a": 0.5, "b": 0.2}
    members = (member(1.0), member(-2.0, ("a", "b"), platt))
    return Compiled(
        Vote.of(weights, members), "binary", ("no", "yes"), (0, 1), "share", calibration, 0.4
    ), members


def test_a_vote_is_the_weighted_mean_of_calibrated_probabilities():
    """Each member answers as it would alone, and weights need not sum to 1."""
    found, members = vote()
    own = [one.predict(COLUMNS).probability for one in members]
    assert found.predict(COLUMNS).probability == pytest.approx(0.25 * own[0] + 0.75 * own[1])


@pytest.mark.parametrize("calibration", [None, {"method": "platt", "a": 2.0, "b": -0.3}])
def test_one_row_is_answered_like_many(calibration):
    """The two ways of answering agree, with a calibration of the whole and without."""
    found, _ = vote(calibration=calibration)
    many = found.predict(COLUMNS)
    for place in range(4):
        row = {name: cells[place] for name, cells in COLUMNS.items()}
        code, positive = found.predict_one(row)
        assert code == many.outcome[place]
        probability = positive[1] if isinstance(positive, list) else positive
        assert probability == pytest.approx(many.probability[place])


def test_a_vote_comes_back_from_its_files():
    """What was written answers the same, to the bit, and is written the same again."""
    found, _ = vote()
    again = Compiled.from_files(found.files())
    assert (again.predict(COLUMNS).probability == found.predict(COLUMNS).probability).all()
    assert again.files() == found.files()
    assert again.levels == {"c": ("a", "b")}
