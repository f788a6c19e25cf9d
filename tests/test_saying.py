"""A run in one line."""

from vigil.saying import summary, too_little


def test_a_run_that_decided_is_not_called_without_news():
    """Challengers that were kept out are news; a run that decided nothing has none."""
    assert summary([], []) == "nothing new"
    assert summary([], [{"outcome": "refresh"}, {"outcome": "keep"}]) == "nothing promoted"
    assert summary([], [{"outcome": "refresh"}, {"outcome": "promote"}]) == "1 promoted"


def test_what_helps_depends_on_what_is_wanting():
    """Labels that are missing, and held-out rows that were too few, do not come by raising max_drop."""
    whole = {"rows": 200, "labelled": 200, "level": 0.7}
    assert too_little(whole)[1].startswith("Bring more labelled rows, or raise")
    what, do = too_little({**whole, "labelled": 90})
    assert "90 of 200 rows of the newest batch have a label." in what
    assert "files of their own" in do
    what, do = too_little({**whole, "level": None})
    assert "Too few rows were held out" in what
    assert do.endswith("--force-retrain")
