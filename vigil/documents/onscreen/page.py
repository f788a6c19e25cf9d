"""Makes a page of a report's pieces: headings that can be jumped to, tables, drawings in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, TypeGuard

from vigil import charts
from vigil.charts import style, wording
from vigil.documents import content
from vigil.documents.onscreen.drawings import figure

#: Styles that look otherwise than their tag.
_CLASSES = ("subtitle", "note", "caption", "item", "opening")

#: So many letters of a cell stay on one line.
_SHORT = 22

#: Pieces of text that are more than a paragraph.
_TAGS = {"title": "h1", "chapter": "h2", "section": "h3", "opening": "h2"}


def page(story: Sequence[content.Block], returns: dict[str, Any], title: str, foot: str) -> bytes:
    """Return the page's bytes; the same story gives the same bytes."""
    chapters = [block.words for block in story if _is_chapter(block)]
    contents = "".join(f'<a href="#{_anchor(words)}">{_safe(words)}</a>' for words in chapters)
    nav = f'<nav aria-label="Chapters">{contents}</nav>\n' if chapters else ""
    told = body(story, returns)
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    made = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_safe(title)}</title><style>{_look()}</style></head>\n"
        f"<body>{nav}<main>\n{told}</main>\n"
        f"<footer>{_safe(foot)}</footer></body></html>\n"
    )
    return made.encode()


def body(story: Sequence[content.Block], returns: dict[str, Any]) -> str:
    """Return the story as HTML without the page around it; every word of it is escaped."""
    first = next((place for place, block in enumerate(story) if _is_chapter(block)), len(story))
    raised = [*(_raised(block) for block in story[:first]), *story[first:]]
    return "".join(_written(block, returns) for block in raised)


def _written(block: content.Block, returns: dict[str, Any]) -> str:
    """Return one piece as HTML."""
    if isinstance(block, content.Charts):
        figures = "".join(figure(name, returns) for name in block.names)
        return f'<div class="charts">{figures}</div>\n'
    if isinstance(block, content.Numbers):
        return ""  # they stand below each chart, folded in
    if isinstance(block, content.Together):
        return f"<section>{''.join(_written(part, returns) for part in block.parts)}</section>\n"
    return _WRITERS[type(block)](block)


def _raised(block: content.Block) -> content.Block:
    """Let headings before the first chapter be headings of the page, so that no level is left out."""
    if isinstance(block, content.Text) and block.style == "section":
        return content.Text(block.words, "opening", block.most)
    return block


def _text(block: content.Text) -> str:
    tag = _TAGS.get(block.style, "p")
    about = f' id="{_anchor(block.words)}"' if _is_chapter(block) else ""
    about += f' class="{block.style}"' if block.style in _CLASSES else ""
    return f"<{tag}{about}>{_safe(block.words, block.most)}</{tag}>\n"


def _table(block: content.Table) -> str:
    heads = "".join(
        f'<th scope="col"{_side(side)}>{_safe(head)}</th>'
        for head, side in zip(block.heads, block.sides, strict=True)
    )
    lines = "".join(_line(line, block.sides) for line in block.lines)
    whole = f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<div class="wide" tabindex="0">{whole}</div>\n'


def _line(cells: Sequence[str], sides: str) -> str:
    told = "".join(
        f"<td{_side(side, short=len(cell) <= _SHORT)}>{_safe(cell, content.MOST_IN_CELL)}</td>"
        for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{told}</tr>"


def _side(side: str, *, short: bool = False) -> str:
    """Set numbers right; let short words stay on one line, file names with hyphens above all."""
    return ' class="n"' if side == "r" else ' class="s"' if short else ""


def _facts(block: content.Facts) -> str:
    told = "".join(
        f"<div><dt>{_safe(name, 40)}</dt><dd>{_safe(value)}</dd></div>" for name, value in block.pairs
    )
    return f'<dl class="facts">{told}</dl>\n'


def _panel(block: content.Panel) -> str:
    tone = block.tone.replace(" ", "-")
    told = "".join(
        f"<div><dt>{_safe(label)}</dt><dd>{_safe(words, 900)}</dd></div>" for label, words in block.lines
    )
    head = f'<p class="chip">{_safe(block.label)}</p><p class="headline">{_safe(block.headline)}</p>'
    return f'<section class="panel {tone}">{head}<dl>{told}</dl></section>\n'


def _tiles(block: content.Tiles) -> str:
    told = "".join(
        f"<div><dt>{_safe(name)}</dt><dd><b>{_safe(value)}</b> {_safe(note)}</dd></div>"
        for name, value, note in block.tiles
    )
    return f'<dl class="tiles">{told}</dl>\n'


def _raw(block: content.Raw) -> str:
    lines = "\n".join(escape(line) for line in block.lines)
    return f"<details><summary>{_safe(block.asked)}</summary><pre>{lines}</pre></details>\n"


def _is_chapter(block: content.Block) -> TypeGuard[content.Text]:
    return isinstance(block, content.Text) and block.style == "chapter"


def _anchor(words: str) -> str:
    """Return a heading's place on the page."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in words.lower()).split())


def _safe(words: Any, most: int = content.MOST) -> str:
    """Return anyone's words as text of the page."""
    return escape(wording.shorten(words, most))


@lru_cache(maxsize=1)
def _look() -> str:
    """Return the page's style, with the charts' own colours."""
    tones = {name.replace(" ", "-"): tone for name, (tone, _) in style.VERDICTS.items()}
    edges = "".join(f".{name}{{border-color:{tone}}}" for name, tone in tones.items())
    places = (Path(charts.__path__[0]) / "look.css", Path(__file__).with_name("report.css"))
    written = "".join(place.read_text(encoding="utf-8") for place in places)
    return (re.sub(r"/\*.*?\*/", "", written) + edges).replace("\n", "")


_WRITERS: dict[type, Callable[[Any], str]] = {
    content.Text: _text,
    content.Table: _table,
    content.Facts: _facts,
    content.Panel: _panel,
    content.Tiles: _tiles,
    content.Raw: _raw,
}
