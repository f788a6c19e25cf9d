from matplotlib.figure import Figure

from tests.documents.cases import answers
from vigil import charts


def _texts(figure: Figure | None) -> list[str]:
    """Return all texts inside the chart's axes."""
    assert figure is not None
    return [text.get_text() for text in figure.axes[0].texts]


def test_counts_and_shares_of_the_truth() -> None:
    """Every cell shows its count and its share of the rows of that truth."""
    texts = _texts(charts.draw("confusion", answers("steady")))
    assert {"274", "31", "22", "85"} <= set(texts)
    assert "90 % of row" in texts
    assert "21 % of row" in texts


def test_truth_is_in_rows() -> None:
    """The sentence names the most frequent mistake the right way round."""
    assert "0 taken for 1 (31)" in charts.describe("confusion", answers("steady"))


def test_many_classes_are_gathered_without_losing_rows() -> None:
    """Forty classes become sixteen, and no row is lost in it."""
    returns = answers("wide")
    figure = charts.draw("confusion", returns)
    total = sum(map(sum, returns["scoring"]["details"]["confusion"]))
    assert figure is not None
    assert len(figure.axes[0].patches) == 16 * 16
    assert sum(int(text.replace(",", "")) for text in _texts(figure) if "predicted" not in text) == total
    assert figure.axes[0].get_yticklabels()[-1].get_text() == "25 others"


def test_a_matrix_that_is_not_square_is_none() -> None:
    """A damaged matrix is not drawn."""
    returns = answers("steady")
    returns["scoring"]["details"]["confusion"] = [[1, 2], [3]]
    assert charts.draw("confusion", returns) is None


def test_why_there_is_none() -> None:
    """Without a matrix the sentence gives the reason that holds."""
    assert "regression" in charts.describe("confusion", answers("regression"))
    assert "No model is deployed" in charts.describe("confusion", answers("no_skill"))
    assert "no labelled batch" in charts.describe("confusion", answers("first"))
