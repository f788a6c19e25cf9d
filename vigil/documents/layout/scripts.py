"""Puts right-to-left text in the order in which a printer draws it, with joined Arabic letters.

A small part of the Unicode bidirectional algorithm (UAX 9): runs of right-to-left letters inside a
left-to-right line. Arabic letters take their presentation forms (Unicode block FE70–FEFF).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RUN = re.compile(f"[{_RIGHT}](?:[^A-Za-z\u00c0-\u02af\u0370-\u052f]*[{_RIGHT}])?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MIRROR = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def visual(text: str) -> str:
    """Return the text in drawing order, left to right."""
    if not re.search(f"[{_RIGHT}]", text):
        return text
    return _RUN.sub(lambda run: _turned(run.group()), joined(text))


def joined(text: str) -> str:
    """Return the text with each Arabic letter in the form that its neighbours ask for."""
    forms = _forms()
    letters = []
    for i, letter in enumerate(text):
        known = forms.get(letter)
        if known is None:
            letters.append(letter)
            continue
        before = i > 0 and "initial" in forms.get(text[i - 1], {})
        after = i + 1 < len(text) and text[i + 1] in forms and "final" in forms[text[i + 1]]
        letters.append(_form(letter, known, before=before, after=after))
    return "".join(letters)


def _form(letter: str, known: dict[str, str], *, before: bool, after: bool) -> str:
    """Return the form of a letter that joins the one before it, the one after it, both or none."""
    after = after and "initial" in known
    wanted = "medial" if before and after else "final" if before else "initial" if after else "isolated"
    return known.get(wanted, letter)


def _turned(run: str) -> str:
    """Reverse a right-to-left run; numbers in it keep their order, brackets change sides."""
    turned = run[::-1].translate(_MIRROR)
    return _NUMBER.sub(lambda number: number.group()[::-1], turned)


@lru_cache(maxsize=1)
def _forms() -> dict[str, dict[str, str]]:
    """Return the presentation forms of each Arabic letter, by position."""
    forms: dict[str, dict[str, str]] = {}
    for code in range(0xFE80, 0xFEF5):
        position, *parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 1:
            forms.setdefault(chr(int(parts[0], 16)), {})[position.strip("<>")] = chr(code)
    return forms
