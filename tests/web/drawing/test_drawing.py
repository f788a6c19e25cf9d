from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.web.drawing.curve import DOTS, curve
from vigil.web.drawing.evidence import evidence
from vigil.web.drawing.heat import BATCHES, COLUMNS, heat
from vigil.web.drawing.thinning import thinned

VERDICTS = ("steady", "watch", "degraded", "insufficient data")


def row(order: int, score: float, verdict: str = "steady", **more: Any) -> dict[str, Any]:
    """Return a score as the ledger has it."""
    return {
        "order": order, "batch": f"b{order}", "release": "r1", "value": score, "low": score - 0.1,
        "high": score + 0.1, "level": 0.5, "e_value": 1.0, "alarm_at": 200.0, "verdict": verdict, **more,
    }  # fmt: skip


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.sampled_from(VERDICTS)), min_size=1, max_size=300),
    st.integers(6, 60),
)
@settings(max_examples=60, deadline=None)
def test_few_points_hide_no_fall(given_rows: list[tuple[float, str]], most: int) -> None:
    """However long the history: the number is bounded, the ends, extremes and gravest verdicts stay."""
    rows = [row(at, score, verdict) for at, (score, verdict) in enumerate(given_rows)]
    kept = thinned(rows, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    assert {0, len(rows) - 1} <= set(kept)
    scores = [one["value"] for one in rows]
    assert {min(scores), max(scores)} <= {scores[at] for at in kept}
    if "degraded" in {one["verdict"] for one in rows}:
        assert "degraded" in {rows[at]["verdict"] for at in kept}


def test_a_long_history_is_drawn_in_a_bounded_number_of_parts() -> None:
    """10,000 batches are no more dots than 480 rows ask for, and the newest is one of them."""
    rows = [row(order, 0.7, "degraded" if order % 3 else "steady") for order in range(1, 10_001)]
    drawn = curve(rows, thinned(rows, 480), {}, {})
    assert len(drawn.rows) <= 480
    assert len(drawn.dots) <= DOTS + 1
    assert drawn.dots[-1].title.startswith("b10000")
    assert drawn.count == 10_000


def test_releases_and_incidents_are_marked() -> None:
    """A switch stands between the batches of two releases, an incident at the batch that opened it."""
    rows = [row(1, 0.7), row(2, 0.4), row(3, 0.8, release="r2")]
    drawn = curve(rows, [0, 1, 2], {"b1": "one"}, {2: "r1-2"}, live="r3")
    assert [mark.title for mark in drawn.switches] == ["release r2 takes over", "release r3 takes over"]
    assert [mark.title for mark in drawn.incidents] == ["incident r1-2 opened"]
    assert drawn.dots[0].x < drawn.dots[1].x < drawn.switches[0].x < drawn.dots[2].x
    assert len(drawn.levels) == 2
    assert drawn.rows[0]["name"] == "one"


def test_one_batch_is_a_drawing_too() -> None:
    """A single score stands in the middle, and its evidence is a short line."""
    drawn = curve([row(1, 0.7)], [0], {}, {})
    assert drawn.dots[0].x == 381.0
    assert " " in evidence(drawn).lines[0]


def test_evidence_has_a_bounded_scale() -> None:
    """Evidence beyond all bounds, and none at all, stay on the paper."""
    drawn = evidence(curve([row(1, 0.7, e_value=1e300), row(2, 0.7, e_value=0.0)], [0, 1], {}, {}))
    heights = [float(point.partition(",")[2]) for point in drawn.lines[0].split()]
    assert all(14 <= height <= 194 for height in heights)


def test_the_map_of_drift_is_bounded_and_shows_the_most() -> None:
    """Of many columns those with most drift are drawn, of many batches the newest; the rest is counted."""
    columns = [
        {
            "column": f"c{n}",
            "verdict": "drift" if n == 77 else "none",
            "effect": 0.5,
            "floor": 0.1,
            "words": "",
        }
        for n in range(100)
    ]
    drawn = heat([{"name": f"b{n}", "columns": columns} for n in range(100)])
    assert drawn is not None
    assert drawn.columns[0][1] == "c77"
    assert (len(drawn.columns), drawn.rest, drawn.batches) == (COLUMNS, 100 - COLUMNS, BATCHES)
    assert {cell.step for cell in drawn.cells} == {3}
    assert heat([{"name": "b", "columns": []}]) is None
