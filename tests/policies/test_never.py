from vigil import policies
from vigil.policies import Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "verdict": "degraded"})


def test_not_even_an_alarm_retrains():
    """Under this policy a person decides."""
    asked = Situation(score=SCORE, incident_open=True, rows_since_change=10**6, rows_since_training=10**6)
    assert policies.propose("never", asked).action == "nothing"
