"""The top of the first page: what happened, how sure that is, what to do next, in ten seconds."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from vigil.charts import style, wording
from vigil.charts.reading import at, higher_is_better, number
from vigil.documents.layout.blocks import COLUMN, text
from vigil.documents.layout.figures import Figures
from vigil.documents.layout.typography import FAINT, markup, paragraph
from vigil.documents.verdict import Verdict, verdict


def story(returns: dict[str, Any], _: Figures) -> list[Flowable]:
    """Return the title, the verdict and the four numbers behind it."""
    project = wording.shorten(returns.get("project") or "Vigil", 60)
    return [
        text(project, "title"),
        text(_source(returns), "subtitle"),
        _panel(verdict(returns)),
        Spacer(0, 10),
        *_tiles(returns),
    ]


def _source(returns: dict[str, Any]) -> str:
    """Say which run, when, and which model this is about."""
    parts = [f"Run {wording.count(returns.get('run'))}", wording.moment(returns.get("generated"))]
    if at(returns, "scoring", "release"):
        model = wording.shorten(at(returns, "scoring", "model") or "model", 30)
        parts.append(f"release {wording.release(at(returns, 'scoring', 'release'))} ({model})")
    return "   ·   ".join(parts)


def _panel(found: Verdict) -> Table:
    """Return the verdict: a coloured edge, the headline, and three lines of words."""
    tone = HexColor(style.VERDICTS[found.tone][0])
    dark = HexColor(_LABEL_TONES[found.tone])
    chip = Paragraph(markup(found.label.upper()), paragraph("chip").clone("chip", textColor=dark))
    lines = [("What happened", found.what), ("How sure", found.sure), ("What to do next", found.act)]
    rows = [[chip, ""], [text(found.headline, "headline"), ""]]
    rows += [[text(label, "label"), text(words, "body", 900)] for label, words in lines]
    panel = Table(rows, colWidths=[92, COLUMN - 92])
    panel.setStyle(
        [
            ("SPAN", (0, 0), (1, 0)),
            ("SPAN", (0, 1), (1, 1)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f7f9fa")),
            ("LINEBEFORE", (0, 0), (0, -1), 4, tone, "butt"),
            ("LEFTPADDING", (0, 0), (0, -1), 14),
            ("LEFTPADDING", (1, 0), (1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 12),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ("TOPPADDING", (0, 0), (-1, 0), 10),
            ("BOTTOMPADDING", (0, 1), (-1, 1), 7),
            ("BOTTOMPADDING", (0, -1), (-1, -1), 8),
        ]
    )
    return panel


#: Amber is too light for small letters; the others are the verdicts' own colours.
_LABEL_TONES = {name: "#8a5a00" if name == "watch" else tone for name, (tone, _) in style.VERDICTS.items()}


def _tiles(returns: dict[str, Any]) -> list[Flowable]:
    """Return the four numbers of the verdict side by side; nothing when no model is deployed."""
    scoring = returns.get("scoring")
    if not at(scoring, "release"):
        return []
    metric = wording.sentence(wording.metric(at(scoring, "metric")))
    bounds = wording.interval(at(scoring, "interval"))
    alarm = number(at(scoring, "evidence", "alarm_at"))
    tiles = [
        (f"{metric} now", wording.score(at(scoring, "score")), bounds or "no labelled batch yet"),
        (f"{metric} at deployment", wording.score(at(scoring, "reference", "score")), _baseline(returns)),
        (
            "Evidence of decay",
            wording.figure(at(scoring, "evidence", "e_value")),
            "" if alarm is None else f"alarm at {wording.figure(alarm)}",
        ),
        (
            f"Smallest visible {'drop' if higher_is_better(returns) else 'rise'}",
            wording.score(at(scoring, "detectable")),
            "with 80 % power, by now" if number(at(scoring, "detectable")) is not None else "not yet known",
        ),
    ]
    columns = [[text(name, "label"), text(value, "tile"), text(note, "note")] for name, value, note in tiles]
    row = Table([columns], colWidths=[COLUMN / 4] * 4)
    row.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 14),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("LINEBEFORE", (1, 0), (-1, -1), 0.6, FAINT),
        ]
    )
    return [row]


def _baseline(returns: dict[str, Any]) -> str:
    """Say what a model that has learnt nothing scores."""
    baseline = number(at(returns, "scoring", "reference", "baseline"))
    return "" if baseline is None else f"a trivial model: {wording.score(baseline)}"
