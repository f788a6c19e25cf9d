import pytest

from vigil import policies
from vigil.policies import Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "verdict": "steady"})


def action(setting="volume", **facts):
    """Return what the policy asks for."""
    return policies.propose(setting, Situation(score=SCORE, trained_rows=1000, **facts)).action


@pytest.mark.parametrize(("rows", "expected"), [(999, "nothing"), (1000, "refresh")])
def test_a_refresh_is_due_at_the_volume_asked_for(rows, expected):
    """As many new rows as were trained on call for a refresh."""
    assert action(rows_since_training=rows) == expected


def test_the_share_is_an_option():
    """A tenth of the trained rows suffices when the config says so."""
    assert action({"name": "volume", "share": 0.1}, rows_since_training=100) == "refresh"


def test_an_alarm_comes_first():
    """An open incident asks for a better model, not for a newer one."""
    assert action(incident_open=True, rows_since_training=5000) == "retrain"
    assert action(incident_open=True, attempts=1, tried_rows=9, rows_since_training=5000) == "nothing"
