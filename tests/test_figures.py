from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil import figures


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "undefined"), (0.0, "0.000"), (0.7692, "0.769"), (9.9996, "10.000"), (27310.4, "27,310"),
        (341.26, "341.3"), (-12.5, "-12.5"), (0.0042, "0.0042"), (1_224_048.28, "1,224,048"),
    ],
)  # fmt: skip
def test_scores_are_read_and_not_deciphered(value: float | None, written: str) -> None:
    """Three decimals for shares, four digits and thousands apart for losses in the target's units."""
    assert figures.score(value) == written


def test_a_gain_has_its_sign() -> None:
    """Both directions are told apart at a glance, in losses too."""
    assert (figures.gain(0.4284), figures.gain(-122404.828)) == ("+0.428", "-122,405")
    assert figures.digits(0.4284235, sign="+") == "+0.4284"


@given(st.floats(min_value=1e-5, max_value=1e11))
def test_four_digits_are_the_number_and_no_power_of_ten(value: float) -> None:
    """What is written is near what was meant, and never in a form that needs counting of zeros."""
    written = figures.digits(value)
    assert "e" not in written
    assert float(written.replace(",", "")) == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0.0, "0"), (1e-28, "< 0.0001"), (0.0005, "0.0005"), (0.0213, "0.021"), (1.0, "1.000")],
)
def test_a_p_value_stops_where_it_says_no_more(value: float | None, written: str) -> None:
    """A chance in ten thousand and one in a quintillion are acted on alike."""
    assert figures.chance(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0.0, "0.0"), (0.01, "< 0.1"), (0.6961, "0.7"), (44.2, "44"), (1240.4, "1,240"),
     (1e200, "over 1,000,000"), (float("inf"), "over 1,000,000")],
)  # fmt: skip
def test_evidence_has_as_many_digits_as_mean_something(value: float | None, written: str) -> None:
    """Evidence is a weight: the third digit of it says nothing to anybody."""
    assert figures.evidence(value) == written


def test_one_is_one_and_times_end_with_the_second() -> None:
    """What is counted stands in the singular for one alone; a stored time says that it is UTC."""
    assert [figures.counted(n, "row") for n in (0, 1, 2, 1200)] == ["0 rows", "1 row", "2 rows", "1,200 rows"]
    assert figures.moment("2026-03-01T12:00:00.123456+00:00") == "2026-03-01T12:00:00Z"
