from __future__ import annotations

import re
from typing import Any

LINE = re.compile(r'^[a-z_]+\{([a-z_]+="(?:[^"\\\n]|\\.)*",?)+\} [0-9.e+-]+$')


def test_every_line_is_in_the_exposition_format(client: Any, world: Any, batch: Any, score: Any) -> None:
    """Comments with help and type, then samples that carry the project's name."""
    april = batch(world.project, 3, 4, "2026-04.csv")
    score(world.project, 3, world.ids["second"], april, 0.72, "watch", 30.0)
    answer = client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(LINE.match(line) for line in samples)
    assert 'vigil_score{project="attrition",metric="f1"} 0.72' in samples
    assert 'vigil_verdict{project="attrition",verdict="watch"} 1.0' in samples
    assert 'vigil_verdict{project="attrition",verdict="steady"} 0.0' in samples
    assert f'vigil_release_info{{project="attrition",release="{world.ids["second"]}"}} 1.0' in samples
    assert any(line.startswith("vigil_last_tick_age_seconds") for line in samples)


def test_an_empty_project_exposes_what_it_knows(empty: Any) -> None:
    """Without a release there is no score, and the release is not loaded."""
    text = empty.client().get("/metrics").text
    assert 'vigil_release_loaded{project="attrition"} 0.0' in text
    assert "vigil_score" not in text
