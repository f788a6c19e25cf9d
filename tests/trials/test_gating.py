"""The hurdles beside the champion: an earlier anchor, slices, calibration, latency."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vigil.bundles import pointer
from vigil.stats import metrics
from vigil.trials import gating
from vigil.trials.panel import Panel
from vigil.trials.snapshot import GATING, snapshot

RULES = gating.Rules(attempt=1, margin=0.01, refresh=False, seed=0, slices=["region"])


@pytest.fixture
def world(site):
    """A panel on a changed batch, with the release from before the change and the one from after it."""
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 1500, seed=3, turned=True)
    site.tick()
    live = pointer.read(site.root / "production")
    project = site.project()
    contract = project.contract()
    rows = snapshot(project.table, contract, through=2, holdout=0.2, test_data=None)
    return Panel(rows, contract, metrics.get("f1"), project.models, since=2), live.previous, live.release


def test_hurdles_after_an_alarm(world):
    """A better model takes them all; one that misses a budget stays out, and the reason says by how much."""
    panel, old, new = world
    kind = replace(RULES, calibration=0.5, latency_ms=10_000.0)
    result, found = gating.gated(panel, new, old, kind)
    assert result.promote
    assert found["slices_compared"] == 2
    assert found["calibration_low"] <= found["calibration_gap"] <= found["calibration_high"] < 0.5
    assert 0 < found["latency_ms"] < 10_000
    # The stale model's probabilities are wrong by now; the new one's are not, however small the budget.
    stale, fresh = panel.judged(old, GATING), panel.judged(new, GATING)
    pair = gating.Contest(
        panel.metric, 2, stale.truth, fresh.heard, stale.heard, stale.probability, {}, one_row=lambda: list
    )
    missed, off = gating.hurdled(pair, replace(RULES, calibration=1e-6), result)
    assert off["calibration_low"] > 0
    slow, _ = gating.gated(panel, new, old, replace(RULES, latency_ms=1e-6))
    for kept, words in ((missed, "beyond chance, and 1e-06 is allowed"), (slow, "ms to answer one row")):
        assert (kept.promote, kept.outcome) == (False, "keep")
        assert words in kept.reason
        assert "takes over" not in kept.reason


def test_hurdles_of_a_refresh(world, monkeypatch):
    """What passes the champion by a wide margin is still held against the anchor and in every slice."""
    panel, old, new = world
    refresh = replace(RULES, refresh=True, margin=1.5, slices=())
    assert gating.gated(panel, old, new, refresh)[0].promote
    assert "anchor" not in gating.gated(panel, new, old, replace(refresh, anchors=[old, new]))[1]
    # A third release that stands for an anchor: the better model under a name of its own.
    better = {key: judged for key, judged in panel._known.items() if key[0] == new}
    panel._known |= {("third", sides): judged for (_, sides), judged in better.items()}
    panel.judged(new, 1)
    panel._known["third", (1,)] = panel.judged(new, 1)
    result, found = gating.gated(panel, old, new, replace(refresh, anchors=["third"]))
    assert result.promote
    assert (found["anchor"], found["anchor_difference"] < -0.3) == ("third", True)
    result, _ = gating.gated(panel, old, old, replace(refresh, margin=0.05, anchors=["third"]))
    assert not result.promote
    monkeypatch.setattr(gating, "_compared", lambda *_: replace(result, promote=True, outcome="promote"))
    held, found = gating.gated(panel, old, new, replace(refresh, margin=0.05, slices=["region"]))
    assert not held.promote
    assert set(found["worse_slices"]) <= {"region = north", "region = south"}
    assert "worse by more than the margin where region = " in held.reason
