from matplotlib.figure import Figure

from tests.documents.cases import answers
from vigil import charts


def _texts(figure: Figure | None) -> str:
    """Return all text of the chart's axes."""
    assert figure is not None
    return " | ".join(text.get_text() for text in figure.axes[0].texts)


def test_the_latest_score_and_its_lines_are_named() -> None:
    """The score, the reference and the alarm level stand beside their lines."""
    texts = _texts(charts.draw("scores", answers("steady")))
    assert "F1 0.7" in texts
    assert "reference 0.750" in texts
    assert "alarm below 0.701" in texts


def test_an_error_alarms_above() -> None:
    """Where lower is better, the alarm looks above its level."""
    assert "alarm above" in _texts(charts.draw("scores", answers("regression")))
    assert "above" in charts.describe("scores", answers("regression"))


def test_a_change_of_release_is_named() -> None:
    """The release that went live is marked by its short id."""
    assert "a81e44c0" in _texts(charts.draw("scores", answers("degraded")))


def test_verdicts_have_marks_of_their_own() -> None:
    """Watch and degraded batches are marked and the marks explained; steady ones are not."""
    figure = charts.draw("scores", answers("degraded"))
    assert figure is not None
    assert figure.axes[0].get_legend_handles_labels()[1] == ["watch", "degraded"]


def test_a_long_history_stays_small() -> None:
    """Ten thousand batches are drawn as a few hundred points that say what they are."""
    figure = charts.draw("scores", answers("long"))
    assert figure is not None
    assert sum(len(line.get_xdata()) for line in figure.axes[0].lines) < 1_000
    assert any("median" in text.get_text() for text in figure.texts)
    assert "0.720" in charts.describe("scores", answers("long"))
