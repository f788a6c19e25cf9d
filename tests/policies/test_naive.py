import pytest

from vigil import policies
from vigil.policies import Met, Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "release": "live", "verdict": "steady"})


@pytest.mark.parametrize(
    ("merits", "action"),
    [
        ([0.7], "nothing"),
        ([0.7, 0.7], "nothing"),
        ([0.6, 0.7, 0.69], "replace"),
        ([0.8, None, 0.9], "nothing"),
    ],
)
def test_a_lower_score_than_the_last_replaces_the_model(merits, action):
    """Whichever releases had them, the two newest defined scores are compared."""
    met = tuple(Met(place, f"r{place}", merit, 100, 30.0) for place, merit in enumerate(merits))
    assert policies.propose("naive", Situation(score=SCORE, read_met=lambda: met)).action == action
