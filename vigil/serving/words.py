"""Free text as words: each word that training kept becomes a number, 1 where the text has it, else 0.

The columns so made are called ``title ∋ studio``; a missing text leaves all of its words missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vigil.serving.coded import Columns

#: What counts as a word: 2 to 30 letters, digits or underscores in a row, in lower case.
WORD = re.compile(r"\w{2,30}")
#: The most words kept of one column, and the shares of its texts between which a word tells something.
KEPT, RAREST, COMMONEST = 60, 0.02, 0.95
#: The fewest texts that a word must stand in.
FEWEST = 10

Texts = Mapping[str, Sequence[str]]


def vocabulary(cells: np.ndarray) -> tuple[str, ...]:
    """Return the words of a column of texts that are neither rare nor everywhere, the commonest first."""
    texts = [text for text in cells.tolist() if text is not None]
    counts = Counter(word for text in texts for word in found(text))
    least, most = max(FEWEST, RAREST * len(texts)), COMMONEST * len(texts)
    kept = [(-count, word) for word, count in counts.items() if least <= count <= most]
    return tuple(word for _, word in sorted(kept)[:KEPT])


def found(text: str) -> set[str]:
    """Return the words of one text."""
    return set(WORD.findall(text.lower()))


def named(column: str, word: str) -> str:
    """Return what the column of one word is called."""
    return f"{column} ∋ {word}"


def spread(columns: Columns, texts: Texts) -> Columns:
    """Return the columns with one more (n,) float64 for each word; those of texts that are given."""
    if not texts:
        return columns
    made = dict(columns)
    for column, kept in texts.items():
        if column in columns:
            cells = [None if text is None else found(text) for text in columns[column].tolist()]
            for word in kept:
                has = [np.nan if words is None else float(word in words) for words in cells]
                made[named(column, word)] = np.array(has, dtype=np.float64)
    return made


def spread_one(row: Mapping[str, Any], texts: Texts) -> Mapping[str, Any]:
    """Return one row with a number for each word; absent and None are missing."""
    if not texts:
        return row
    made = dict(row)
    for column, kept in texts.items():
        text = row.get(column)
        words = None if text is None else found(text)
        made |= {named(column, word): None if words is None else float(word in words) for word in kept}
    return made
