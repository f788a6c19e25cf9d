"""How the machine runs: its last runs, their times, the packages."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, rows
from vigil.documents.content import Block, Table, chapter, charts, more, text

_MOST_PACKAGES = 12
_MOST_RUNS = 12


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the last runs, the times and the packages."""
    return [
        *_runs(returns),
        chapter("Timings"),
        charts("timings"),
        chapter("Packages"),
        *_packages(returns),
    ]


def _runs(returns: dict[str, Any]) -> list[Block]:
    """Return the last runs with news, newest first."""
    found = rows(returns, "runs")[:_MOST_RUNS]
    if not found:
        return []
    lines = [
        [
            wording.count(run.get("run")),
            wording.day(run.get("finished") or run.get("started")),
            wording.shorten(run.get("trigger") or "", 20),
            wording.shorten(run.get("status") or "", 20),
            wording.shorten(run.get("summary") or "", 120),
        ]
        for run in found
    ]
    heads = ("Run", "Ended", "Started by", "State", "What it did")
    return [chapter("The last runs"), Table(heads, lines, (7, 20, 13, 12, 48), "rllll")]


def _packages(returns: dict[str, Any]) -> list[Block]:
    """Return the packages, those that are not as wanted."""
    every = rows(returns, "diagnostics", "packages", "list")
    if not every:
        return [text("The packages were not looked at.")]
    found = [package for package in every if package.get("ok") is False]
    shown = found[:_MOST_PACKAGES]
    lines = [
        [
            wording.shorten(package.get("name") or "", 30),
            *(
                wording.shorten(package.get(key) or wording.NOTHING, 24)
                for key in ("installed", "wanted", "latest")
            ),
        ]
        for package in shown
    ]
    wrong = f"{wording.plural(len(found), 'package')} of {len(every)} not as wanted."
    state = wrong if found else f"All {len(every)} packages are as wanted."
    heads, widths = ("Package", "Installed", "Wanted", "Latest"), (28, 24, 28, 20)
    return [
        text(f"{state} {_checked(at(returns, 'diagnostics', 'packages', 'checked'))}"),
        *([Table(heads, lines, widths, "llll")] if lines else []),
        *more(len(shown), len(found), "packages"),
    ]


def _checked(checked: Any) -> str:
    """Say whether the latest versions were asked for."""
    if checked == "offline":
        return "The latest versions could not be asked for: there was no connection."
    if checked in {"not asked", None}:
        return "The latest versions were not asked for."
    return f"The latest versions were asked for on {wording.moment(checked)}."
