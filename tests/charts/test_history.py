from itertools import pairwise

from tests.documents.cases import answers
from vigil.charts.history import by_release, changes, grouped, latest, points


def test_few_batches_are_not_grouped() -> None:
    """Up to the limit every batch is a point of its own."""
    found = points(answers("degraded"))
    assert len(found) == 40
    assert grouped(found) == 1


def test_many_batches_become_groups_that_lose_none() -> None:
    """Ten thousand batches become few points, which together stand for all of them, in order."""
    found = points(answers("long"))
    assert len(found) <= 240 + 30
    assert sum(point.batches for point in found) == 10_000
    assert all(before.order < after.order for before, after in pairwise(found))


def test_a_group_holds_one_release() -> None:
    """No group reaches over a change of release."""
    returns = answers("long")
    found = points(returns)
    assert len(by_release(found)) == len({row["release"] for row in returns["scoring"]["history"]})
    assert len(changes(found)) == len(by_release(found)) - 1


def test_a_group_shows_its_gravest_verdict() -> None:
    """One degraded batch among steady ones is not lost in the grouping."""
    returns = answers("long")
    history = returns["scoring"]["history"]
    for row in history:
        row["verdict"] = "steady"
    for place in (5_000, 5_003):
        history[place]["verdict"] = "degraded"
        assert [point.verdict for point in points(returns)].count("degraded") == 1
        history[place]["verdict"] = "steady"


def test_the_latest_is_one_batch() -> None:
    """The newest batch is itself even where the chart draws groups."""
    returns = answers("long")
    newest = latest(returns)
    assert newest is not None
    assert newest.score == returns["scoring"]["history"][-1]["score"]


def test_batches_without_a_score_are_left_out() -> None:
    """A batch that was not scored is no point at zero."""
    returns = answers("steady")
    returns["scoring"]["history"][1]["score"] = None
    assert len(points(returns)) == 3
