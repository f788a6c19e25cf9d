"""The report of a run: which chapters, in which order, for paper and screen alike."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.documents.chapters import (
    appendix,
    arrivals,
    card,
    decisions,
    feed,
    labels,
    operation,
    performance,
    quality,
    releases,
    summary,
)
from vigil.documents.content import Block

#: In the order in which a reader needs them.
CHAPTERS = (
    summary,
    performance,
    decisions,
    arrivals,
    feed,
    labels,
    quality,
    releases,
    card,
    operation,
    appendix,
)


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the whole report's pieces."""
    return [block for chapter in CHAPTERS for block in chapter.story(returns)]


def title(returns: dict[str, Any]) -> str:
    """Return what the report is about."""
    project = wording.drawable(returns.get("project") or "Vigil", 60)
    return f"{project}, run {wording.count(returns.get('run'))}"


def foot(returns: dict[str, Any]) -> str:
    """Return what stands at the foot of each page."""
    return f"{title(returns)} · {wording.moment(returns.get('generated'))}"
