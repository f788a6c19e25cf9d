"""What every policy promises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil import policies
from vigil.errors import ConfigError
from vigil.policies import Met, Proposal, Situation
from vigil.records import Score


def score(**changes):
    """Return a steady score, with changes."""
    base = dict.fromkeys(Score.__dataclass_fields__)
    base |= {
        "verdict": "steady",
        "reason": "",
        "e_value": 1.0,
        "alarm_at": 200.0,
        "rows": 100,
        "labelled": 100,
    }
    return Score(**{**base, **changes})


def situation(**changes):
    """Return a situation at rest, with changes."""
    return Situation(**{"score": score(), "trained_rows": 1000, **changes})


@pytest.mark.parametrize("name", policies.names())
@settings(max_examples=30, deadline=None)
@given(
    is_open=st.booleans(),
    drifting=st.booleans(),
    attempts=st.integers(0, 20),
    counts=st.lists(st.integers(0, 10**9), min_size=5, max_size=5),
    met=st.lists(
        st.builds(
            Met,
            order=st.just(1),
            release=st.sampled_from(["live", "before"]),
            merit=st.none() | st.floats(-1e9, 1.0),
            rows=st.just(50),
            wrong=st.floats(0.0, 50.0),
        ),
        max_size=4,
    ),
)
def test_every_situation_has_an_answer_in_words(name, is_open, drifting, attempts, counts, met):
    """A policy answers any situation, with one of five actions and a reason, twice the same."""
    fields = ("tried_rows", "rows_since_change", "rows_since_training", "trained_rows")
    found = dict(zip(fields, counts[:4], strict=True)) | {"batches_since_training": counts[4]}
    asked = situation(
        score=score(release="live"),
        drifting=drifting,
        incident_open=is_open,
        attempts=attempts,
        read_met=lambda: tuple(met),
        **found,
    )
    proposal = policies.propose(name, asked)
    assert isinstance(proposal, Proposal)
    assert proposal.action in ("retrain", "refresh", "renew", "replace", "nothing")
    assert proposal.reason.endswith(".")
    assert proposal.batches is None or proposal.batches >= 1
    assert proposal == policies.propose({"name": name}, asked)


@pytest.mark.parametrize("name", policies.names())
def test_at_rest_nothing_is_asked_for(name):
    """Right after training, without an alarm, every policy leaves the model alone."""
    assert policies.propose(name, situation()).action == "nothing"


@pytest.mark.parametrize("name", policies.names())
def test_unknown_and_wrong_options_are_all_told(name):
    """An option that the policy does not have, or that is no number, is a config fault."""
    _, options = policies.opened(name)
    wrong = {"name": name, "nonsense": 1, **dict.fromkeys(options, "many")}
    with pytest.raises(ConfigError) as caught:
        policies.opened(wrong)
    assert len(caught.value.faults) == 1 + len(options)
    assert {fault.id for fault in caught.value.faults} == {"config-policy"}


@pytest.mark.parametrize("name", policies.names())
def test_options_have_defaults_that_can_be_changed(name):
    """Every option is a number with a default, and a given one replaces it."""
    _, options = policies.opened(name)
    for option, value in options.items():
        assert policies.opened({"name": name, option: value + 1})[1] == {**options, option: value + 1}
