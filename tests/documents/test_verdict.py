import pytest

from tests.documents.cases import CASES, answers
from vigil.documents.chapters import summary
from vigil.documents.verdict import verdict


@pytest.mark.parametrize(
    ("case", "label"),
    [
        ("steady", "steady"), ("watch", "watch"), ("degraded", "degraded"), ("promoted", "replaced"),
        ("first", "deployed"), ("no_skill", "nothing deployed"), ("empty", "nothing deployed"),
        ("bare", "nothing deployed"), ("insufficient", "insufficient data"), ("regression", "watch"),
    ],
)  # fmt: skip
def test_each_situation_has_its_verdict(case: str, label: str) -> None:
    """The label follows the service's verdict and what the run switched."""
    assert verdict(answers(case)).label == label


def test_an_alarm_outweighs_a_switch() -> None:
    """A run that promoted a release and then found that one degraded reports the alarm."""
    returns = answers("promoted")
    returns["scoring"]["verdict"] = "degraded"
    assert verdict(returns).label == "degraded"


def test_a_rollback_is_told() -> None:
    """A rollback in this run is the headline when nothing is worse."""
    returns = answers("steady")
    returns["run_detail"]["decisions"] = [{"kind": "rollback", "outcome": "promote", "reason": "By hand."}]
    found = verdict(returns)
    assert found.label == "rolled back"
    assert "By hand." in found.what


def test_the_numbers_are_in_the_words() -> None:
    """The words name the score, its interval, the reference, the evidence and the false-alarm rate."""
    found = verdict(answers("degraded"))
    for expected in ("0.582", "0.546 to 0.618", "0.750", "95 %"):
        assert expected in found.what
    for expected in ("1,240", "200", "5 %", "0.043"):
        assert expected in found.sure


def test_the_first_page_tells_a_newcomer_how_to_read_it() -> None:
    """What Vigil is, what the numbers mean and where to type; without a model, no word of its score."""
    words = str(summary.story(answers("degraded"))[-1])
    for expected in (
        "Vigil watches",
        "higher is better",
        "at 200 the alarm is raised",
        "holds fullprocess.py",
    ):
        assert expected in words
    assert "lower is better" in str(summary.story(answers("regression"))[-1])
    assert "is better" not in str(summary.story(answers("empty"))[-1])


def test_an_error_rises() -> None:
    """Where lower is better, the words speak of a rise."""
    assert "rise in MAE" in verdict(answers("regression")).sure


def test_what_must_be_done_comes_first() -> None:
    """Advice to act replaces the verdict's own next step."""
    assert verdict(answers("refused")).act.startswith("june.csv was refused. Mend")
    assert verdict(answers("steady")).act == "Nothing. Soon: 1 point under To do."


@pytest.mark.parametrize("case", sorted(CASES))
def test_no_word_is_empty(case: str) -> None:
    """In every situation each part says something."""
    found = verdict(answers(case))
    for words in (found.label, found.headline, found.what, found.sure, found.act):
        assert words.strip()
        assert "None" not in words
