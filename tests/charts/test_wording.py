import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.charts import wording


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (41250, "41,250"), (41250.337, "41,250"), (1.1, "1.1"), (0.0021, "0.0021"), (-3.25, "−3.25"),
        (1.2e9, "1.20 × 10⁹"), (3e-7, "3.00 × 10⁻⁷"), (None, "–"), (float("nan"), "–"),
        (True, "–"), ("x", "–"),
    ],
)  # fmt: skip
def test_figures_have_four_significant_digits(value: object, written: str) -> None:
    """A number is written with four digits, and what is none is a dash."""
    assert wording.figure(value) == written


def test_a_small_score_is_not_zero() -> None:
    """A loss keeps its digits, however small; a negative score has a minus that is one."""
    assert [wording.score(value) for value in (0.00042, -0.25, 12345.6)] == ["0.00042", "−0.250", "12,346"]


@given(st.floats(min_value=1e-4, max_value=9e6))
@settings(max_examples=60)
def test_a_figure_is_near_its_number(value: float) -> None:
    """Reading a written figure gives the number back to four digits: no digit is lost from the front."""
    assert float(wording.figure(value).replace(",", "")) == pytest.approx(value, rel=6e-4)


def test_days_are_written_as_days() -> None:
    """Dates are kept as seconds; a reader wants the day, and what no calendar has is still no crash."""
    assert wording.day_of(1_774_656_000.0) == "2026-03-28"
    assert wording.day_of(None) == "–"
    assert wording.day_of(-1e9) == "1938-04-24"
    assert wording.day_of(1e20) == "1.00 × 10²⁰"


def test_frequent_levels_have_shares_and_limits() -> None:
    """The first three are written; one that is known exactly has no limits, what is no level is left out."""
    found = [["x", 31, 24, 39], ["y", 20, 20, 20], "odd", ["z", 10, 9, 12], ["w", 1, 1, 1]]
    written = "x about 3.1 % [2.4, 3.9], y 2.0 %, z about 1.0 % [0.9, 1.2]"
    assert wording.often({"count": 1000, "most_frequent_about": found}) == written
    assert wording.often({"count": 0, "most_frequent_about": found}) == ""
    assert wording.often({"count": 10, "most_frequent_about": None}) == ""


def test_a_tiny_share_is_not_zero() -> None:
    """Three cells in a million are not written as none."""
    assert wording.percent(3e-6) == "< 0.1 %"
    assert wording.percent(0) == "0.0 %"
    assert wording.percent(0.043) == "4.3 %"


@pytest.mark.parametrize(
    ("value", "written"), [(0.0521, "52 ms"), (2.43, "2.4 s"), (300, "5.0 min"), (None, "–")]
)
def test_durations(value: float | None, written: str) -> None:
    """A duration is written in the unit that fits it."""
    assert wording.seconds(value) == written


def test_moments_are_utc() -> None:
    """A time with another zone is written in UTC; what is no time is a dash."""
    assert wording.moment("2026-11-23T14:10:05Z") == "23 November 2026, 14:10 UTC"
    assert wording.moment("2026-11-23T01:10:00+02:00") == "22 November 2026, 23:10 UTC"
    assert wording.moment("soon") == "–"


@given(st.text(max_size=80), st.integers(min_value=6, max_value=40))
@settings(max_examples=80)
def test_names_are_one_short_line(name: str, most: int) -> None:
    """Any name becomes one line of at most the letters asked for, without controls."""
    short = wording.shorten(name, most)
    assert len(short) <= most
    assert "\n" not in short
    assert "\x00" not in short
    short.encode()


def test_a_long_name_keeps_its_end() -> None:
    """Two long names that differ at their ends only stay different."""
    assert wording.shorten("x" * 300 + "_old", 40) != wording.shorten("x" * 300 + "_new", 40)


def test_letters_without_a_shape_are_spelt_out() -> None:
    """A chart shows the code of a letter that its font lacks, and a nameless column says so."""
    assert wording.drawable("🚀 go") == "⟨U+1F680⟩ go"
    assert wording.drawable("Größe") == "Größe"
    assert wording.drawable("\n") == "(no name)"
