"""What is passed over unseen needs nothing done to it."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vigil.contract import cells, columns, screens
from vigil.contract.columns import typed

EDGES = st.sampled_from(["", " ", "\t", "\x1c", "\x85", "\u00a0", "\u2003", "é", "0", ".0", ".00"])
WORDS = st.sampled_from([*sorted(cells.MISSING), "Unknown", "NoNe", "un\u212anown", "north", "1", "-0"])
CELLS = st.tuples(EDGES, WORDS | st.text(max_size=5), EDGES).map("".join)
MOMENTS = st.dates().map(str) | st.datetimes().map(lambda at: at.isoformat(timespec="minutes"))


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS | st.none(), max_size=8), st.integers(0, 3))
@example(["un\u212anown"], 0)
@example(["1", "0"], 0)
def test_a_cell_that_is_not_in_doubt_is_its_own_canonical_form(texts, offset):
    """Whatever trimming, missing words or whole numbers would change is in doubt; so it is in a slice."""
    doubted = set(screens.doubtful(pa.array(texts, pa.string()).slice(offset)).tolist())
    for place, text in enumerate(texts[offset:]):
        if place not in doubted and text is not None:
            assert cells.level(text) == text
            assert cells.text_of(text) == text


def test_plain_levels_are_not_in_doubt():
    """What most columns hold is passed over, words that only begin as a missing one does included."""
    texts = pa.array(["north", "nine", "0", "1", "10.5", "c12-7", "a b", "none yet"])
    assert screens.doubtful(texts).tolist() == [1]
    assert screens.doubtful(pa.array(["none", "1.0", " a", "ä", ""])).tolist() == [0, 1, 2, 3, 4]


@settings(max_examples=200, deadline=None)
@given(st.lists(MOMENTS | CELLS, max_size=4) | st.lists(st.dates().map(str), max_size=4))
@example(["2024-02-30", "2024-01-01"])
@example(["0000-01-01"])
@example(["2024-01-01T10:30", "2024-01-01 10:30"])
@example(["2024-01-0a"])
@example(["+024-01-01"])
def test_the_short_way_with_moments_ends_as_the_long_one(texts):
    """Columns of plain moments have the values and the faults that each cell's own reading gives."""
    answer = typed(pa.chunked_array([pa.array(texts, pa.string())]), "date")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns.screens, "are_usual_moments", lambda _: False)
        careful = typed(pa.chunked_array([pa.array(texts, pa.string())]), "date")
    assert answer.values.equals(careful.values)
    assert {rule: mask.tolist() for rule, mask in answer.faults.items()} == {
        rule: mask.tolist() for rule, mask in careful.faults.items()
    }
    assert answer.guess == careful.guess


def test_moments_written_alike_are_seen_to_be():
    """Days, minutes and seconds, and a part of an array; a letter, a gap or another length is not."""
    assert screens.are_usual_moments(pa.array(["x", "2024-04-03", "1999-12-31"]).slice(1))
    assert screens.are_usual_moments(pa.array(["2024-04-03 10:30", "2024-04-03T10:31"]))
    assert screens.are_usual_moments(pa.array(["2024-04-03 10:30:59"]))
    for texts in (["2024-04-0x"], ["2024-04-03", None], ["2024-04-03", "2024-4-3"], []):
        assert not screens.are_usual_moments(pa.array(texts, pa.string()))
