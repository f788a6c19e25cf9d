"""The quarantine as a file for spreadsheets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.batches.export import harmless


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-a"])
def test_formulas_are_harmless(cell):
    """What a spreadsheet would run gets an apostrophe before it."""
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "+1,234.5", "-1e5", "- ", "-12 %", "a=1", "", "2024-01-01"])
def test_numbers_and_texts_stay(cell):
    """Negative numbers are no formulas."""
    assert harmless(cell) == (f"'{cell}" if cell == "- " else cell)


@given(st.text())
def test_any_text_is_one_harmless_cell(text):
    """No text begins as a formula but a number, nor breaks out of its cell."""
    made = harmless(text)
    assert made in {text, f"'{text}"}
    assert made[:1] not in {"=", "@", "\t", "\r"}
    line = io.StringIO(newline="")
    csv.writer(line).writerow([made, "next"])
    line.seek(0)
    assert next(csv.reader(line))[-1] == "next"
