"""Free text becomes numbers that are the same for one row as for many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vigil.serving import words

TEXTS = np.array(
    ["Sunny studio", "sunny LOFT", None, "loft, loft!", *["quiet room"] * 20, *["Loft"] * 10], dtype=object
)


def test_common_words_are_kept_once_each_and_the_commonest_first():
    """A word counts once for each text, whatever its case; too rare ones are left out."""
    assert words.vocabulary(TEXTS) == ("quiet", "room", "loft")


def test_a_word_that_is_everywhere_tells_nothing():
    """A word of every text is not kept, nor is anything of texts that are all missing."""
    assert words.vocabulary(np.full(50, "nice place", dtype=object)) == ()
    assert words.vocabulary(np.full(50, None, dtype=object)) == ()


def test_no_more_than_sixty_are_kept():
    """The number of columns is bounded, whatever the texts."""
    texts = np.array(
        [" ".join(f"word{i}" for i in range(j % 90, j % 90 + 45)) for j in range(900)], dtype=object
    )
    assert len(words.vocabulary(texts)) == words.KEPT


def test_a_missing_text_is_missing_in_every_word():
    """Absence of a text is not absence of a word."""
    made = words.spread({"title": TEXTS[:3]}, {"title": ("loft",)})
    np.testing.assert_array_equal(made["title ∋ loft"], [0.0, 1.0, np.nan])
    assert words.spread_one({"title": None}, {"title": ("loft",)})["title ∋ loft"] is None
    assert words.spread_one({}, {"title": ("loft",)})["title ∋ loft"] is None


@given(st.lists(st.none() | st.text(max_size=30), min_size=1, max_size=8))
def test_one_row_is_read_as_many_are(texts):
    """The two ways of reading give the same numbers, for any text."""
    kept = {"title": ("loft", "room", "ß", "été")}
    many = words.spread({"title": np.array(texts, dtype=object)}, kept)
    for place, text in enumerate(texts):
        one = words.spread_one({"title": text}, kept)
        for word in kept["title"]:
            name = words.named("title", word)
            same = many[name][place]
            assert one[name] == same or (one[name] is None and np.isnan(same))
