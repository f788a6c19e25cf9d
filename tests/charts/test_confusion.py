from tests.documents.cases import answers
from vigil import charts
from vigil.charts.marks import Drawing


def _texts(drawing: Drawing | None) -> list[str]:
    """Return all words on the chart."""
    assert drawing is not None
    return [mark.words for mark in drawing.marks if mark.kind == "text"]


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
    assert sum(mark.kind == "box" for mark in figure.marks) == 16 * 16
    assert sum(int(row[2].replace(",", "")) for row in figure.rows) == total
    assert "25 others" in _texts(figure)


def test_large_counts_are_rounded_on_the_chart_and_whole_in_its_table() -> None:
    """Ten million rows take no more room than ten thousand."""
    returns = answers("steady")
    returns["scoring"]["details"]["confusion"] = [[2_740_123, 310_456], [220_789, 850_001]]
    drawing = charts.draw("confusion", returns)
    assert {"2.74 M", "310 k", "221 k", "850 k"} <= set(_texts(drawing))
    assert drawing is not None
    assert drawing.rows[0][2] == "2,740,123"


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
