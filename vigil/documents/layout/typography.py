"""Fonts, paragraph styles, and other people's text made safe for them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from vigil.charts import style, wording
from vigil.documents.layout.scripts import visual

REGULAR, BOLD = "VigilSans", "VigilSans-Bold"
_FILES = {REGULAR: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}

#: Chinese, Japanese and Korean letters come from the reader's own fonts; they are not in ours.
_HAN, _HANGUL = "STSong-Light", "HYSMyeongJo-Medium"

INK, MUTED, FAINT, PALE = (HexColor(tone) for tone in (style.INK, style.MUTED, style.FAINT, style.PALE))


def load_fonts() -> None:
    """Make the report's fonts known to reportlab; a second call changes nothing."""
    known = pdfmetrics.getRegisteredFontNames()
    for name, file in _FILES.items():
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, str(wording.font_folder() / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    for name in (_HAN, _HANGUL):
        if name not in known:
            pdfmetrics.registerFont(UnicodeCIDFont(name))


@lru_cache(maxsize=32)
def paragraph(name: str) -> ParagraphStyle:
    """Return one of the report's paragraph styles by name."""
    base: dict[str, Any] = {"fontName": REGULAR, "fontSize": 8.5, "leading": 12.5, "textColor": INK}
    base |= {"splitLongWords": 1, "allowWidows": 0, "allowOrphans": 0}
    return ParagraphStyle(name, **(base | _STYLES[name]))


def markup(value: Any, most: int = 400) -> str:
    """Return any text as paragraph markup: cut, escaped, every letter in a font that has it."""
    text = _UNIT.sub("\u00a0", visual(wording.shorten(value, most)))
    known = _letters()
    if all(ord(letter) in known for letter in text):
        return escape(text)
    return "".join(escape(c) if ord(c) in known else _borrowed(c) for c in text)


def heading(text: str) -> str:
    """Return a heading's key in the outline."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _borrowed(letter: str) -> str:
    """Return a letter that our font lacks, from another font or as its code."""
    code = ord(letter)
    if 0x1100 <= code <= 0x11FF or 0xAC00 <= code <= 0xD7A3:
        return f'<font name="{_HANGUL}">{letter}</font>'
    if 0x3000 <= code <= 0x9FFF or 0xFF00 <= code <= 0xFFEF:
        return f'<font name="{_HAN}">{letter}</font>'
    return f"⟨U+{code:04X}⟩"


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """Return the code points of the report's regular font."""
    return frozenset(pdfmetrics.getFont(REGULAR).face.charToGlyph)


#: The blank between a number and its unit, where no line may end.
_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|s|min)(?:\W|$))")

_STYLES: dict[str, dict[str, Any]] = {
    "title": {"fontName": BOLD, "fontSize": 19, "leading": 24},
    "subtitle": {"textColor": MUTED, "spaceAfter": 10},
    "chapter": {
        "fontName": BOLD,
        "fontSize": 12.5,
        "leading": 16,
        "spaceBefore": 18,
        "spaceAfter": 5,
        "keepWithNext": 1,
    },
    "section": {
        "fontName": BOLD,
        "fontSize": 9,
        "leading": 13,
        "spaceBefore": 8,
        "spaceAfter": 2,
        "keepWithNext": 1,
    },
    "body": {"spaceAfter": 4},
    "lead": {"spaceAfter": 4, "keepWithNext": 1},
    "caption": {"fontSize": 8, "leading": 11.5, "textColor": MUTED, "spaceBefore": 2, "spaceAfter": 8},
    "cell": {"fontSize": 7.5, "leading": 10},
    "number": {"fontSize": 7.5, "leading": 10, "alignment": 2},
    "head": {"fontSize": 7, "leading": 9, "textColor": MUTED},
    "numberhead": {"fontSize": 7, "leading": 9, "textColor": MUTED, "alignment": 2},
    "label": {"fontSize": 7.5, "leading": 12.5, "textColor": MUTED},
    "chip": {"fontName": BOLD, "fontSize": 8, "leading": 11},
    "headline": {"fontName": BOLD, "fontSize": 15, "leading": 20},
    "tile": {"fontSize": 16, "leading": 20},
    "note": {"fontSize": 7, "leading": 10, "textColor": MUTED},
    "item": {"leftIndent": 9, "bulletIndent": 0, "firstLineIndent": -9, "spaceAfter": 1},
    "raw": {"fontSize": 6, "leading": 8, "leftIndent": 8, "firstLineIndent": -8},
}
