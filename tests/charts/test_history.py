from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents.cases import answers
from vigil.charts.history import DRAWN, MARKS, History, history, opened, switches
from vigil.charts.thinning import thinned

VERDICTS = ("steady", "watch", "degraded", "insufficient data")


def _history(returns: dict[str, Any]) -> History:
    """Return the history in the answers."""
    found = history(returns)
    assert found is not None
    return found


def _row(order: int, release: str = "r1") -> dict[str, Any]:
    """Return a score as the answers have it."""
    return {"order": order, "name": f"b{order}", "release": release, "score": 0.7, "verdict": "steady"}


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.sampled_from(VERDICTS)), min_size=1, max_size=300),
    st.integers(6, 60),
)
@settings(max_examples=60, deadline=None)
def test_few_points_hide_no_fall(given_rows: list[tuple[float, str]], most: int) -> None:
    """However long the history: the number is bounded, the ends, extremes and gravest verdicts stay."""
    values, verdicts = [value for value, _ in given_rows], [verdict for _, verdict in given_rows]
    kept = thinned(values, verdicts, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    assert {0, len(values) - 1} <= set(kept)
    assert {min(values), max(values)} <= {values[at] for at in kept}
    if "degraded" in verdicts:
        assert "degraded" in {verdicts[at] for at in kept}


def test_few_batches_are_all_drawn() -> None:
    """Up to the limit every batch is a point of its own."""
    assert len(_history(answers("degraded")).points) == 40


def test_of_many_batches_those_that_tell_most_are_drawn() -> None:
    """Ten thousand batches become few points at their own places; the newest is itself."""
    returns = answers("long")
    found = _history(returns)
    assert len(found.points) <= DRAWN
    assert found.batches == 10_000
    assert found.newest.place == 9_999
    assert found.newest.score == returns["scoring"]["history"][-1]["score"]


def test_a_history_thinned_before_keeps_its_places() -> None:
    """Rows that say their place stand there, among as many batches as they were taken from."""
    trend = {"batches": 1000, "rows": [_row(1) | {"place": 0}, _row(1000) | {"place": 999}], "live": "r1"}
    found = _history({"trend": trend})
    assert [point.place for point in found.points] == [0, 999]
    assert found.batches == 1000


def test_releases_and_incidents_are_marked() -> None:
    """A switch stands between the batches of two releases, an incident at the batch that opened it."""
    rows = [_row(1), _row(2), _row(3, "r2")]
    incidents = [{"order": 2, "id": "r1-2"}, {"order": 3, "id": "r1-3"}]
    found = _history({"trend": {"batches": 3, "rows": rows, "live": "r3", "incidents": incidents}})
    assert switches(found) == [(1.5, "r2"), (2.0, "r3")]
    assert opened(found) == [(1, "r1-2")]


def test_marks_are_bounded() -> None:
    """A release for each batch is no thousand marks: the newest are drawn."""
    rows = [_row(order, f"r{order}") for order in range(1, 400)]
    assert len(switches(_history({"scoring": {"history": rows}}))) == MARKS


def test_batches_without_a_score_are_left_out() -> None:
    """A batch that was not scored is no point at zero."""
    returns = answers("steady")
    returns["scoring"]["history"][1]["score"] = None
    assert len(_history(returns).points) == 3
