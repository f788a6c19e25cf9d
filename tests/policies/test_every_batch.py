from vigil import policies
from vigil.policies import Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "release": "live", "verdict": "steady"})


def test_a_labelled_row_more_replaces_the_model():
    """With rows since training all history is asked for, without any nothing is."""
    proposal = policies.propose("every_batch", Situation(score=SCORE, rows_since_training=1))
    assert (proposal.action, proposal.batches) == ("replace", None)
    assert policies.propose("every_batch", Situation(score=SCORE)).action == "nothing"
