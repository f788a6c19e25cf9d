"""A run in one line."""

from vigil.saying import summary


def test_a_run_that_decided_is_not_called_without_news():
    """Challengers that were kept out are news; a run that decided nothing has none."""
    assert summary([], []) == "nothing new"
    assert summary([], [{"outcome": "refresh"}, {"outcome": "keep"}]) == "nothing promoted"
    assert summary([], [{"outcome": "refresh"}, {"outcome": "promote"}]) == "1 promoted"
