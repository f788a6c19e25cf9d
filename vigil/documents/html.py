"""The report of a run as one page for any browser: the same chapters as the PDF."""

from __future__ import annotations

from typing import Any

NAME = "report.html"


def build(returns: dict[str, Any]) -> bytes:
    """Return the report as one HTML file that asks for nothing from elsewhere."""
    from vigil.documents import report
    from vigil.documents.onscreen.page import page

    return page(report.story(returns), returns, report.title(returns), report.foot(returns))
