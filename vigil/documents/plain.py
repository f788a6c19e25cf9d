"""Writes a report's pieces as Markdown, for terminals and for folders of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from vigil import charts
from vigil.charts import wording
from vigil.documents import content

_HEADS = {"title": "# ", "chapter": "## ", "section": "## ", "item": "- "}

#: Characters that Markdown would take for marks.
_MARKS = str.maketrans({letter: f"\\{letter}" for letter in "\\`*[]<>|"})


def written(story: Sequence[content.Block], returns: dict[str, Any]) -> str:
    """Return the story as Markdown; of charts only their sentences."""
    whole, last = "", ""
    for part in _parts(story, returns):
        gap = "" if not whole else "\n" if part[:2] == last[:2] == "- " else "\n\n"
        whole, last = f"{whole}{gap}{part}", part
    return whole + "\n"


def _parts(story: Sequence[content.Block], returns: dict[str, Any]) -> list[str]:
    """Return paragraphs, lists and tables."""
    found: list[str] = []
    for block in story:
        if isinstance(block, content.Charts):
            found += [_safe(charts.placed(name, returns)[1]) for name in block.names]
        elif isinstance(block, content.Numbers):
            continue
        elif isinstance(block, content.Together):
            found += _parts(block.parts, returns)
        else:
            found += _WRITERS[type(block)](block)
    return [part for part in found if part]


def _text(block: content.Text) -> list[str]:
    words = _safe(block.words, block.most)
    return [_HEADS.get(block.style, "") + (words.removeprefix("• ") if block.style == "item" else words)]


def _table(block: content.Table) -> list[str]:
    rules = ["---:" if side == "r" else "---" for side in block.sides]
    lines = [[_safe(head) for head in block.heads], rules]
    lines += [[_safe(cell, content.MOST_IN_CELL) for cell in line] for line in block.lines]
    return ["\n".join(f"| {' | '.join(line)} |" for line in lines)]


def _facts(block: content.Facts) -> list[str]:
    return ["\n".join(f"- {_safe(name)}: {_safe(value)}" for name, value in block.pairs)]


def _panel(block: content.Panel) -> list[str]:
    return [f"**{_safe(block.headline)}**", *(f"{_safe(k)}: {_safe(v, 900)}" for k, v in block.lines)]


def _tiles(block: content.Tiles) -> list[str]:
    return [
        "\n".join(f"- {_safe(name)}: {_safe(value)} ({_safe(note)})" for name, value, note in block.tiles)
    ]


def _raw(block: content.Raw) -> list[str]:
    return [_safe(block.asked), "\n".join(f"    {wording.plain(line)}" for line in block.lines)]


def _safe(words: Any, most: int = content.MOST) -> str:
    """Return anyone's words as text and nothing else."""
    return wording.shorten(words, most).translate(_MARKS)


_WRITERS: dict[type, Callable[[Any], list[str]]] = {
    content.Text: _text,
    content.Table: _table,
    content.Facts: _facts,
    content.Panel: _panel,
    content.Tiles: _tiles,
    content.Raw: _raw,
}
