"""The releases: what was live, since when, trained on what."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import rows
from vigil.documents.content import Block, Table, chapter, more, text

_MOST = 12


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the table of releases, newest first."""
    found = rows(returns, "models", "releases")
    if not found:
        return [chapter("Releases"), text("There is no release: nothing is deployed.")]
    shown = found[:_MOST]
    heads = ("Release", "Model", "State", "Live since", "Through", "Rows", "Reference", "Why")
    return [
        chapter("Releases"),
        Table(
            heads, [_line(release) for release in shown], (10.5, 10, 11.5, 17.5, 15, 8.5, 11, 19), "lllllrrl"
        ),
        *more(len(shown), len(found), "older releases"),
    ]


def _line(release: dict[str, Any]) -> list[str]:
    """Return one release's line."""
    return [
        wording.release(release.get("id")),
        wording.shorten(release.get("model") or "", 20),
        str(release.get("state") or ""),
        wording.day(release.get("live_since")),
        wording.shorten(release.get("through") or "", 24),
        wording.count(release.get("trained_rows")),
        wording.score(release.get("reference")),
        wording.shorten(release.get("reason") or "", 120),
    ]
