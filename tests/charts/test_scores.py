from tests.documents.cases import answers
from vigil import charts
from vigil.charts.history import DOTS, DRAWN
from vigil.charts.marks import Drawing


def _drawn(case: str, name: str = "scores") -> Drawing:
    """Return one case's chart."""
    found = charts.draw(name, answers(case))
    assert found is not None
    return found


def _key(drawing: Drawing) -> list[str]:
    """Return the words of the key."""
    return [words for _, words in drawing.key]


def test_the_latest_score_and_its_lines_are_named() -> None:
    """The score, the reference and the alarm level stand in the key with their values."""
    words = _key(_drawn("steady"))
    assert words[0].startswith("F1 0.7")
    assert {"reference 0.750", "alarm below 0.701", "its interval"} <= set(words)


def test_an_error_alarms_above() -> None:
    """Where lower is better, the alarm looks above its level."""
    assert any(words.startswith("alarm above") for words in _key(_drawn("regression")))
    assert "above" in charts.describe("scores", answers("regression"))


def test_a_change_of_release_is_named() -> None:
    """The release that went live is marked by its short id, and in the key."""
    drawing = _drawn("degraded")
    assert "a81e44c0" in [mark.words for mark in drawing.marks]
    assert "another release" in _key(drawing)


def test_the_line_breaks_where_the_release_changes() -> None:
    """Scores of two releases are two lines."""
    lines = [mark for mark in _drawn("degraded").marks if mark.tone == "series"]
    assert len(lines) == 2


def test_verdicts_have_marks_of_their_own() -> None:
    """Watch and degraded batches are marked and the marks explained."""
    drawing = _drawn("degraded")
    assert {"watch", "bad"} <= {mark.tone for mark in drawing.marks if mark.kind == "dot"}
    assert {"watch", "degraded"} <= set(_key(drawing))


def test_a_long_history_stays_small() -> None:
    """Ten thousand batches are drawn as a few hundred points that say what they are."""
    drawing = _drawn("long")
    assert sum(len(mark.at) for mark in drawing.marks if mark.tone == "series") <= DRAWN
    assert sum(mark.kind == "dot" for mark in drawing.marks) <= DOTS + 1
    assert len(drawing.spots) <= DRAWN
    assert "over 10,000 batches" in drawing.summary
    assert "every low among them" in drawing.summary


def test_evidence_has_a_bounded_scale() -> None:
    """Evidence beyond all bounds, and none at all, stay on the sheet."""
    returns = answers("steady")
    for row, value in zip(returns["scoring"]["history"], (1e300, 0.0), strict=False):
        row["e_value"] = value
    drawing = charts.draw("evidence", returns)
    assert drawing is not None
    heights = [y for mark in drawing.marks if mark.tone == "series" for _, y in mark.at]
    assert all(drawing.span[0] <= y <= drawing.span[1] for y in heights)


def test_a_single_batch_is_a_drawing_too() -> None:
    """One score stands in the middle, and its evidence is a short line."""
    returns = answers("steady")
    returns["scoring"]["history"] = returns["scoring"]["history"][-1:]
    scores, evidence = charts.draw("scores", returns), charts.draw("evidence", returns)
    assert scores is not None
    assert evidence is not None
    assert next(mark for mark in scores.marks if mark.kind == "dot").at[0][0] == 381.0
    assert len(next(mark for mark in evidence.marks if mark.tone == "series").at) == 2
