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


def drifting(setting="vigil", **facts):
    """Return the proposal on a stream that drifts."""
    base = {"drifting": True, "rows_since_training": 300, "still_good": 3.0}
    return policies.propose(setting, Situation(score=SCORE, **{**base, **facts}))


@pytest.mark.parametrize(("since", "batches"), [(1, None), (4, None), (5, 8), (9, 8)])
def test_a_drifting_stream_is_renewed_after_every_batch(since, batches):
    """Past releases vote each time; every fifth batch there is a fit besides."""
    proposal = drifting(batches_since_fit=since)
    assert (proposal.action, proposal.batches) == ("renew", batches)


@pytest.mark.parametrize(("since", "words"), [(3, "after 2 more batches."), (4, "after the next batch.")])
def test_when_the_next_fit_is_due_is_said(since, words):
    """One batch is not several."""
    assert drifting(batches_since_fit=since).reason.endswith(words)


def test_a_fit_reaches_as_far_back_as_past_releases_stay_good():
    """Many good releases mean that older rows still tell the truth."""
    assert drifting(batches_since_fit=9, still_good=12.0, past_releases=16).batches == 30
    assert drifting(batches_since_fit=5, still_good=15.0, past_releases=16).batches == 47


@pytest.mark.parametrize(
    ("good", "past", "batches"), [(1.0, 1, 75), (3.0, 5, 75), (2.0, 5, 38), (1.0, 5, 8), (16.0, 16, 75)]
)
def test_a_fit_reaches_back_by_how_long_the_first_release_lasted(good, past, batches):
    """Five times as far while half of the other releases are good; where fewer are, it falls to the least."""
    assert drifting(batches_since_fit=5, lasted=15, still_good=good, past_releases=past).batches == batches


def test_a_release_that_lasted_a_batch_or_two_tells_of_no_more_than_the_least():
    """A stream that drifts fast is fitted on the fewest batches, whatever is still good of its releases."""
    assert [drifting(batches_since_fit=5, lasted=lasted).batches for lasted in (0, 1)] == [8, 8]


@pytest.mark.parametrize(("since", "batches"), [(30, None), (31, 500)])
def test_a_long_fit_waits_for_a_sixteenth_of_its_batches(since, batches):
    """A release that lasted a hundred batches does not have five hundred fitted after every fifth."""
    assert drifting(batches_since_fit=since, lasted=100).batches == batches


def test_an_alarm_goes_to_the_gate_before_anything_votes():
    """The first answer to an incident is the gate's; what votes already is renewed."""
    assert drifting(incident_open=True).action == "retrain"
    assert drifting(incident_open=True, attempts=1).action == "renew"
    assert drifting(incident_open=True, voting=True).action == "renew"


def test_drift_can_be_left_to_the_alarm():
    """With ``every`` at 0, or without labels, nothing is renewed."""
    assert drifting({"name": "vigil", "every": 0}).action == "nothing"
    assert drifting(rows_since_training=0).action == "nothing"
