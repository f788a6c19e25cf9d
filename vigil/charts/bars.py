"""Lying bars, one for each name, with a mark at what was before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vigil.charts import wording
from vigil.charts.marks import WIDE, Drawing, Mark, box, line, text

#: A name, its value now, and its value before, where it is known.
Bar = tuple[str, float, float | None]

_NAMES, _VALUES, _ROW = 200.0, 70.0, 22.0


def drawing(
    title: str,
    subtitle: str,
    bars: Sequence[Bar],
    write: Callable[[float], str],
    heads: tuple[str, str, str],
    key: tuple[str, str],
) -> Drawing:
    """Return bars for names, the longest as long as there is room; ``write`` writes a value.

    ``key`` says what a bar and what the mark on it mean.
    """
    most = max(max(now, before or 0.0) for _, now, before in bars) or 1.0
    marks: list[Mark] = []
    for place, (name, now, before) in enumerate(bars):
        foot = 4 + place * _ROW
        end = _length(now, most)
        marks.append(text("ink", (_NAMES - 8, foot + 14), wording.shorten(name, 21), "end"))
        marks.append(
            box("bar", (_NAMES, foot + 3), (end, foot + 17), f"{wording.quoted(name)}: {write(now)}")
        )
        if before is not None:
            mark = _length(before, most)
            marks.append(line("before", (mark, foot), (mark, foot + 20)))
        marks.append(text("tick", (max(end, _length(before or 0.0, most)) + 6, foot + 14), write(now)))
    known = any(before is not None for _, _, before in bars)
    return Drawing(
        title,
        subtitle,
        WIDE,
        int(8 + _ROW * len(bars)),
        tuple(marks),
        heads,
        tuple(
            (wording.plain(name), write(now), wording.NOTHING if before is None else write(before))
            for name, now, before in bars
        ),
        "lrr",
        key=(("bar", key[0]), ("before", key[1])) if known else (("bar", key[0]),),
    )


def _length(value: float, most: float) -> float:
    """Return where a bar of a value ends."""
    return round(_NAMES + max(value, 0.0) / most * (WIDE - _NAMES - _VALUES), 1)
