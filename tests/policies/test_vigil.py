import pytest

from vigil import policies
from vigil.policies import Situation
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "verdict": "degraded"})


def action(setting="vigil", **facts):
    """Return what the policy asks for."""
    return policies.propose(setting, Situation(score=SCORE, **facts)).action


def test_an_alarm_is_answered_at_once():
    """The first decision after an alarm asks for challengers, however few rows there are."""
    assert action(incident_open=True, attempts=0, rows_since_change=1) == "retrain"


@pytest.mark.parametrize(("rows", "expected"), [(100, "nothing"), (199, "nothing"), (200, "retrain")])
def test_another_try_waits_until_rows_have_doubled(rows, expected):
    """Challengers run again when the labelled rows since the change are twice those of the last try."""
    assert action(incident_open=True, attempts=1, tried_rows=100, rows_since_change=rows) == expected


def test_the_growth_is_an_option():
    """A config may ask for more rows before another try."""
    facts = {"incident_open": True, "attempts": 1, "tried_rows": 100, "rows_since_change": 250}
    assert action({"name": "vigil", "growth": 3}, **facts) == "nothing"
    assert action({"name": "vigil", "growth": 2.5}, **facts) == "retrain"


def test_without_an_incident_nothing_happens():
    """A degraded score alone asks for nothing: the incident does."""
    assert action(rows_since_change=10**6, rows_since_training=10**6) == "nothing"
