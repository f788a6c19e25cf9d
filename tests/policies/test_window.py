import pytest

from vigil import policies
from vigil.policies import Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "release": "live", "verdict": "steady"})


@pytest.mark.parametrize(("since", "action"), [(1, "nothing"), (3, "nothing"), (4, "replace")])
def test_the_window_moves_every_so_many_batches(since, action):
    """The latest batches are trained on, as many as the config says and as often."""
    asked = Situation(score=SCORE, rows_since_training=10, batches_since_training=since)
    proposal = policies.propose({"name": "window", "batches": 6, "every": 4}, asked)
    assert proposal.action == action
    assert proposal.batches == (6 if action == "replace" else None)


def test_rows_without_labels_move_nothing():
    """A batch that nobody has labelled yet gives nothing to train on."""
    asked = Situation(score=SCORE, rows_since_training=0, batches_since_training=9)
    assert policies.propose("window", asked).action == "nothing"
