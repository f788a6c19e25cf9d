"""What one cell means."""

import math

import pytest

from vigil.contract import cells


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0), (" 12 ", 12.0), ("+1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0),
        ("1,234", 1234.0), ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("0,25", 0.25), ("1,5", 1.5),
        ("1 234,5", 1234.5), ("1'234.5", 1234.5), ("12%", 0.12), ("12,5 %", 0.125), ("0,123", 0.123),
    ],
)  # fmt: skip
def test_numbers_in_every_usual_writing(text, value):
    """Signs, thousands, decimal commas and percent are understood."""
    assert cells.number(text) == (pytest.approx(value), "")


@pytest.mark.parametrize(
    "text", ["abc", "1.2.3", "12a", "1_000", "0x10", "--1", "1,23,4", "nan(1)", "-nan", "٣"]
)
def test_what_is_not_a_number(text):
    """Forms that Python or C would take are no numbers here."""
    value, rule = cells.number(text)
    assert math.isnan(value)
    assert rule == "not a number"


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e400", math.inf, 10**400])
def test_infinities_are_named(value):
    """A number beyond the range of floats is not a finite number."""
    assert cells.number(value)[1] == "not a finite number"


@pytest.mark.parametrize(
    "text", ["", "  ", "?", "NA", "n/a", "NaN", "null", "None", "-", "Unknown", "UNKNOWN "]
)
def test_missing_words(text):
    """Each word means that there is no value, whatever the kind, and breaks no rule."""
    assert cells.level(text) is None
    assert cells.text_of(text) is None
    assert cells.moment(text) == (None, "")
    assert math.isnan(cells.number(text)[0])
    assert cells.number(text)[1] == ""


@pytest.mark.parametrize(
    ("value", "level"),
    [("1.0", "1"), (1, "1"), (1.0, "1"), (" a ", "a"), ("-0.00", "0"), ("007", "007"), ("1.50", "1.50"),
     (True, "True"), ("true", "true"), (0.1, "0.1"), ("00.0", "00.0")],
)  # fmt: skip
def test_levels_are_canonical(value, level):
    """Whole floats agree with integers; everything else is kept as written."""
    assert cells.level(value) == level


@pytest.mark.parametrize(
    "text",
    ["2024-04-03", "2024/4/3", "2024.04.03", "3.4.2024", "3-Apr-2024", "3 April 2024", "April 3, 2024",
     "2024-04-03T00:00", "2024-04-03 00:00:00.000", "2024-04-03T02:00:00+02:00", "2024-04-03 12:00 AM",
     "2024-04-03T00:00:00Z", "2024-04-02 22:00-0200"],
)  # fmt: skip
def test_dates_in_every_unambiguous_form(text):
    """All of them mean the same moment."""
    assert cells.moment(text) == (1_712_102_400_000_000, "")


def test_day_and_month_are_told_apart_or_refused():
    """A date such as 03/04/2024 is read only where an order is known."""
    assert cells.moment("03/04/2024") == (None, "ambiguous: day and month cannot be told apart")
    assert cells.moment("03/04/2024", "day") == cells.moment("2024-04-03")
    assert cells.moment("03/04/2024", "month") == cells.moment("2024-03-04")
    assert cells.moment("13/04/2024", "month") == cells.moment("2024-04-13")


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2024-13-01", "20240403", "3.4.24", "soon", "2024-04-03 25:00", "0000-01-01",
     "2024-04-03 13:00 PM", "3 Foo 2024", "0001-01-01 00:00+14:00", "9999-12-31 23:59:59-12:00"],
)  # fmt: skip
def test_what_is_not_a_date(text):
    """Impossible days and forms that leave room for doubt are no dates."""
    assert cells.moment(text) == (None, "not a date")
