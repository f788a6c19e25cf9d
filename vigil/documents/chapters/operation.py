"""How the machine runs: times, packages, and what a person should do next."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import Flowable

from vigil.charts import wording
from vigil.charts.reading import at, rows
from vigil.documents.layout.blocks import chapter, more, table, text
from vigil.documents.layout.figures import Figures
from vigil.documents.verdict import verdict

_MOST_PACKAGES = 25
_MOST_ADVICE = 15


def story(returns: dict[str, Any], figures: Figures) -> list[Flowable]:
    """Return the times, the packages and the advice."""
    return [
        chapter("Timings"),
        *figures.chart("timings", returns),
        chapter("Packages"),
        *_packages(returns),
        chapter("What to do next"),
        *_advice(returns),
    ]


def _packages(returns: dict[str, Any]) -> list[Flowable]:
    """Return the packages, those that are not as wanted first."""
    found = rows(returns, "diagnostics", "packages", "list")
    if not found:
        return [text("The packages were not looked at.")]
    found.sort(key=lambda package: package.get("ok") is not False)
    wrong = sum(package.get("ok") is False for package in found)
    shown = found[:_MOST_PACKAGES]
    lines = [
        [
            wording.shorten(package.get("name") or "", 30),
            *(
                wording.shorten(package.get(key) or wording.NOTHING, 24)
                for key in ("installed", "wanted", "latest")
            ),
            "not as wanted" if package.get("ok") is False else "as wanted",
        ]
        for package in shown
    ]
    state = (
        "All packages are as wanted." if not wrong else f"{wording.plural(wrong, 'package')} not as wanted."
    )
    return [
        text(f"{state} {_checked(at(returns, 'diagnostics', 'packages', 'checked'))}"),
        table(("Package", "Installed", "Wanted", "Latest", "State"), lines, (24, 16, 24, 16, 20), "lllll"),
        *more(len(shown), len(found), "packages"),
    ]


def _checked(checked: Any) -> str:
    """Say whether the latest versions were asked for."""
    if checked == "offline":
        return "The latest versions could not be asked for: there was no connection."
    if checked in {"not asked", None}:
        return "The latest versions were not asked for."
    return f"The latest versions were asked for on {wording.moment(checked)}."


def _advice(returns: dict[str, Any]) -> list[Flowable]:
    """Return what to do, the most urgent first."""
    urgency = {"act": 0, "warn": 1}
    found = rows(returns, "diagnostics", "advice")
    found.sort(key=lambda item: urgency.get(str(item.get("severity")), 2))
    if not found:
        return [text(verdict(returns).act)]
    shown = found[:_MOST_ADVICE]
    lines = [
        [
            _URGENCY.get(str(item.get("severity")), "For your information"),
            wording.shorten(item.get("what") or "", 200),
            wording.shorten(item.get("do") or "", 200),
        ]
        for item in shown
    ]
    return [
        table(("How urgent", "What", "What to do"), lines, (16, 40, 44), "lll"),
        *more(len(shown), len(found), "points"),
    ]


_URGENCY = {"act": "Act", "warn": "Soon"}
