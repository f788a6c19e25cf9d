import pytest

from vigil import policies
from vigil.policies import Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "release": "live", "verdict": "steady"})


def action(setting="scheduled", **facts):
    """Return what the policy asks for."""
    return policies.propose(setting, Situation(score=SCORE, **{"rows_since_training": 100, **facts})).action


@pytest.mark.parametrize(("days", "expected"), [(29.9, "nothing"), (30.0, "refresh")])
def test_an_old_model_is_refreshed(days, expected):
    """Thirty days live are the usual limit, and 0 takes it away."""
    assert action(days_live=days) == expected
    assert action({"name": "scheduled", "days": 0}, days_live=days) == "nothing"


def test_batches_are_an_age_too():
    """A limit in batches stands beside the one in days."""
    setting = {"name": "scheduled", "batches": 4}
    assert action(setting, batches_since_training=3) == "nothing"
    assert action(setting, batches_since_training=4) == "refresh"


def test_an_alarm_comes_first_and_no_labels_mean_no_refresh():
    """An open incident asks for a better model; without labelled rows there is nothing to train on."""
    assert action(incident_open=True, days_live=99) == "retrain"
    assert action(days_live=99, rows_since_training=0) == "nothing"
