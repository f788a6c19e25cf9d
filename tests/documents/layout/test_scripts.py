import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.documents.layout.scripts import joined, visual


@pytest.mark.parametrize(
    ("logical", "drawn"),
    [
        ("plain text", "plain text"),
        ("\u05d0\u05d1", "\u05d1\u05d0"),
        ("a \u05d0\u05d1 b", "a \u05d1\u05d0 b"),
        ("\u05d0 12 \u05d1", "\u05d1 12 \u05d0"),
        ("\u05d0(\u05d1", "\u05d1)\u05d0"),
    ],
)
def test_runs_are_turned(logical: str, drawn: str) -> None:
    """Right-to-left letters are turned; numbers inside keep their order, brackets change sides."""
    assert visual(logical) == drawn


def test_arabic_letters_join() -> None:
    """A letter takes the form that its neighbours ask for, and alef never joins to its left."""
    names = [unicodedata.name(letter) for letter in joined("\u0628\u0628\u0628 \u0627\u0628")]
    forms = [name.split()[-2] for name in names if "LETTER" in name]
    assert forms == ["INITIAL", "MEDIAL", "FINAL", "ISOLATED", "ISOLATED"]


@given(st.text(alphabet="ab 12().\u05d0\u05d1\u05d2", max_size=30))
@settings(max_examples=80)
def test_no_letter_is_lost(text: str) -> None:
    """Turning changes the order of letters only, brackets aside."""
    brackets = str.maketrans("", "", "()")
    assert sorted(visual(text).translate(brackets)) == sorted(text.translate(brackets))
