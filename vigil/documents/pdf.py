"""The report of a run: one PDF that says first what happened, and then shows why."""

from __future__ import annotations

from typing import Any

NAME = "report.pdf"


def build(returns: dict[str, Any]) -> bytes:
    """Return the report as PDF bytes; its text can be searched, its charts are vector drawings."""
    from vigil.charts import wording
    from vigil.documents.chapters import (
        appendix,
        arrivals,
        decisions,
        operation,
        performance,
        quality,
        releases,
        summary,
    )
    from vigil.documents.layout.figures import Figures
    from vigil.documents.layout.pages import print_pages
    from vigil.documents.layout.typography import load_fonts

    load_fonts()
    figures = Figures()
    order = (summary, arrivals, performance, decisions, releases, quality, operation, appendix)
    story = [flowable for chapter in order for flowable in chapter.story(returns, figures)]
    project = wording.drawable(returns.get("project") or "Vigil", 60)
    title = f"{project}, run {wording.count(returns.get('run'))}"
    return print_pages(story, figures, title, f"{title} · {wording.moment(returns.get('generated'))}")
