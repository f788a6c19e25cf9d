"""How thresholds are chosen from trials."""

from __future__ import annotations

import pytest

from bench.broken import rules
from bench.broken.trials import Trial
from vigil import faults


def sound(*sures: float) -> Trial:
    """Return a sound batch on which one fault was named with some confidences."""
    return Trial("made", "", 0.0, (), tuple(("stuck", ("x",), sure) for sure in sures))


def test_clean_batches_do_not_make_a_threshold_low() -> None:
    """Two hundred sound batches with no finding leave room for some in a thousand others."""
    levels = rules.tail([sound()] * 200)
    assert set(levels) == set(faults.names())
    assert min(levels.values()) > 0.8
    assert rules.lowest([sound()] * 200)["stuck"] == 0.5


def test_more_sound_batches_let_a_threshold_be_lower() -> None:
    """What more batches do not show is rarer."""
    few, many = (rules.tail([sound()] * count)["stuck"] for count in (200, 1000))
    assert many < few


@pytest.mark.parametrize("sure", [0.55, 0.9])
def test_a_finding_on_a_sound_batch_raises_its_threshold(sure: float) -> None:
    """A fault that had a word for a sound batch must be surer than one that had none, and than it was."""
    levels = rules.tail([sound()] * 199 + [sound(sure)])
    assert levels["stuck"] > max(levels["clipped"], sure)


def test_a_fault_that_takes_the_first_place_from_others_gets_a_higher_threshold() -> None:
    """Where it comes first in more than 1 % of the batches that are broken otherwise, it must be surer."""
    wrong = [Trial("made", "clipped", 0.1, ("x",), (("stuck", ("x",), 0.96),))] * 5
    assert rules.tail([sound()] * 200 + wrong)["stuck"] == 0.98
