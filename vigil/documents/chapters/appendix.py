"""What stands behind it all, bounded: the latest scores, and the service's answers as they came."""

from __future__ import annotations

import json
from typing import Any

from vigil.charts import wording
from vigil.charts.reading import number, rows
from vigil.documents.content import Block, Numbers, Raw, Table, chapter, more, text

_MOST = 30

#: Charts whose numbers stand nowhere else on paper.
_BEHIND = ("confusion", "residuals", "roc", "precisionrecall", "calibration", "drift", "delays")

#: Bounds of a raw answer: lines, letters of a line, items of a list, letters of a text.
_LINES, _LETTERS, _ITEMS, _WORDS = 24, 420, 2, 100


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the table of the latest scores, and the answers."""
    return [*_scores(returns), chapter("Appendix: what the service answered"), *_answers(returns)]


def _answers(returns: dict[str, Any]) -> list[Block]:
    """Return each answer, one line for each of its parts, all cut."""
    about = "Cut to be readable; whole in apireturns.json beside this report, which it is made of."
    found: list[Block] = [text(about, "lead")]
    for key, asked in _ASKED.items():
        answer = returns.get(key)
        parts = answer.items() if isinstance(answer, dict) else [("answer", answer)]
        lines = [f"{name}: {_short(part)}" for name, part in list(parts)[:_LINES]]
        found.append(Raw(asked.format(run=wording.count(returns.get("run"))), lines))
    return found


def _short(part: Any) -> str:
    """Write a part as JSON, cut to one line."""
    return wording.shorten(json.dumps(_cut(part), ensure_ascii=False), _LETTERS)


def _cut(part: Any, depth: int = 0) -> Any:
    """Return a part with few items in each list, and short texts."""
    if isinstance(part, dict):
        kept = dict(list(part.items())[:12]) if depth < 4 else {}
        return {str(key)[:_WORDS]: _cut(value, depth + 1) for key, value in kept.items()}
    if isinstance(part, list):
        cut = [_cut(value, depth + 1) for value in part[:_ITEMS]]
        return cut + ([f"… {len(part) - _ITEMS:,} more"] if len(part) > _ITEMS else [])
    if isinstance(part, str):
        return wording.shorten(part, _WORDS)
    return float(f"{part:.6g}") if isinstance(part, float) else part


def _scores(returns: dict[str, Any]) -> list[Block]:
    """Return the table of the latest scores."""
    history = rows(returns, "scoring", "history")
    history.sort(key=lambda row: number(row.get("order")) or 0.0)
    if not history:
        return []
    shown = history[-_MOST:]
    heads = (
        "No.",
        "Batch",
        "Release",
        "Score",
        "Interval",
        "Reference",
        "Alarm level",
        "Evidence",
        "Verdict",
    )
    return [
        chapter("Appendix: the numbers behind the charts"),
        text("All of them are in apireturns.json beside this report.", "lead"),
        Table(
            heads, [_line(row) for row in reversed(shown)], (6, 18, 11, 8, 15, 10, 10, 11, 12), "rllrrrrrl"
        ),
        *more(len(shown), len(history), "earlier batches"),
        Numbers(_BEHIND),
    ]


def _line(row: dict[str, Any]) -> list[str]:
    """Return one batch's line."""
    return [
        wording.count(row.get("order")),
        wording.shorten(row.get("name") or row.get("batch") or "", 26),
        wording.release(row.get("release")),
        wording.score(row.get("score")),
        wording.interval([row.get("low"), row.get("high")]) or wording.NOTHING,
        wording.score(row.get("reference")),
        wording.score(row.get("level")),
        wording.evidence(row.get("e_value")),
        wording.shorten(row.get("verdict") or "", 20),
    ]


_ASKED = {
    "scoring": "/scoring?run={run}",
    "summarystats": "/summarystats?run={run}",
    "diagnostics": "/diagnostics?run={run}",
    "run_detail": "/runs/{run}",
    "models": "/models",
}
