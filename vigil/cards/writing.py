"""A card as Markdown and as a page, from the same pieces as the report's chapter about it."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.documents.chapters import card as chapter
from vigil.documents.content import Block, text


def markdown(card: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    from vigil.documents.plain import written

    return written(_story(card), chapter.drawn_from(card))


def page(card: dict[str, Any]) -> bytes:
    """Return the card as one HTML page that asks for nothing from elsewhere."""
    from vigil.documents.onscreen.page import page as made

    return made(_story(card), chapter.drawn_from(card), _title(card), _title(card))


def body(card: dict[str, Any]) -> str:
    """Return the card as HTML that a page of the service puts into its own frame."""
    from vigil.documents.onscreen.page import body as made

    return made(_story(card), chapter.drawn_from(card))


def _story(card: dict[str, Any]) -> list[Block]:
    """Return the card under a title of its own."""
    return [text(_title(card), "title"), *chapter.whole(card)]


def _title(card: dict[str, Any]) -> str:
    project = wording.shorten(card.get("project") or "Vigil", 60)
    return f"{project}: model card of release {wording.shorten(card.get('release') or '', 16)}"
