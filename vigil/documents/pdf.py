"""The report of a run as a PDF that people hand on: first what happened, then why."""

from __future__ import annotations

from typing import Any

NAME = "report.pdf"


def build(returns: dict[str, Any]) -> bytes:
    """Return the report as PDF bytes; its text can be searched, its charts are vector drawings."""
    from vigil.documents import report
    from vigil.documents.layout.figures import Figures
    from vigil.documents.layout.pages import print_pages
    from vigil.documents.layout.printing import printed
    from vigil.documents.layout.typography import load_fonts

    load_fonts()
    figures = Figures()
    story = printed(report.story(returns), returns, figures)
    return print_pages(story, figures, report.title(returns), report.foot(returns))
