"""The results of a replay on paper: the table, and both pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vigil.figures import cell
from vigil.replaying import drawing
from vigil.replaying.outcome import Outcome

#: Share of the column's width that each column of the table takes: the policy's name, then numbers.
_NAME, _NUMBER = 2.4, 1.0

#: Letters of a heading that fit into one share.
_LETTERS = 7


def build(outcomes: Sequence[Outcome], project: str, generated: str) -> bytes:
    """Return the page as PDF bytes; the same outcomes give the same bytes."""
    from vigil.documents.layout.blocks import chapter, table, text
    from vigil.documents.layout.figures import Figures
    from vigil.documents.layout.pages import print_pages
    from vigil.documents.layout.typography import load_fonts

    load_fonts()
    figures = Figures()
    heads, lines = _table(outcomes)
    widths = [_NAME, *[max(_NUMBER, max(map(len, head.split())) / _LETTERS) for head in heads[1:]]]
    story = [
        chapter("Replay"),
        text(
            "The same history under each policy. Every batch is scored by the release that was live before "
            "it came; fits counts every model that was trained, deployed or not."
        ),
        table(heads, lines, widths, "l" + "r" * (len(heads) - 1)),
        *figures.drawing(drawing.against_fits(outcomes), "What each policy gained, and what it cost."),
        *figures.drawing(drawing.over_time(outcomes), "How each policy's scores went."),
    ]
    return print_pages(story, figures, f"{project}, replay", f"{project}, replay · {generated}")


def _table(outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[Any]]]:
    """Return heads and lines, without the seconds, which say more of the machine than of a policy."""
    rows = [{k: v for k, v in one.figures().items() if k != "seconds"} for one in outcomes]
    return [name.replace("_", " ") for name in rows[0]], [[cell(v) for v in row.values()] for row in rows]
