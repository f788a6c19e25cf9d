"""Verdicts: which one, and the words that go with it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vigil.stats import alarm, betting, metrics

F1 = metrics.get("f1")
HOLDOUT = {"confusion": [[9000, 500], [500, 2000]]}
BATCH = {"confusion": [[2400, 130], [130, 500]]}
WORSE = {"confusion": [[2300, 300], [300, 260]]}
ALPHA = alarm.budget(0.05).alpha_a


def judged(batches: list[dict], holdout: dict = HOLDOUT, max_drop: float = 0.15) -> tuple[str, str]:
    """Feed batches to the alarm and return the verdict after the last."""
    level = F1.level(holdout, delta=0.02, tolerance=0.02)
    evidence, since = betting.Evidence.fresh(1), None
    for batch in batches:
        since = batch if since is None else F1.add(since, batch)
        if level:
            evidence = betting.update(evidence, F1.log_l_of(batch, level))
    found = alarm.smallest_drop(F1, level, since, holdout, alpha=ALPHA)
    log_e, rows = float(betting.log_e_value(evidence)), int(np.sum(batches[-1]["confusion"]))
    seen = alarm.Seen(F1, level, log_e, batches[-1], rows, holdout, found)
    return alarm.verdict(seen, alpha=ALPHA, max_drop=max_drop)


def test_the_budget_adds_up() -> None:
    """A tenth, four tenths and a half; the alarm at 0.05 is raised at an e-value of 200."""
    split = alarm.budget(0.05)
    assert (split.alpha_a, split.delta_a, split.alpha_b) == pytest.approx((0.005, 0.02, 0.025))
    assert split.alpha_a + split.delta_a + split.alpha_b == pytest.approx(0.05)
    assert split.alarm_at == pytest.approx(200)


def test_a_model_that_holds_is_steady() -> None:
    """Batches like the holdout are steady, and the reason reads as a sentence with its figures."""
    verdict, reason = judged([BATCH] * 3)
    assert verdict == "steady"
    assert reason.startswith("F1 0.794 on 3,160 rows; reference 0.800, alarm below 0.7")
    assert " of 200; a drop of 0." in reason
    assert reason.endswith("or more would have been found.")


def test_a_worse_model_is_degraded() -> None:
    """A large drop raises the alarm."""
    assert judged([WORSE] * 3)[0] == "degraded"


def test_rising_evidence_is_watched() -> None:
    """Evidence between a tenth of the alarm and the alarm is watched."""
    level = F1.level(HOLDOUT, delta=0.02, tolerance=0.02)
    for e_value, verdict in ((19.0, "steady"), (21.0, "watch"), (199.0, "watch"), (201.0, "degraded")):
        seen = alarm.Seen(F1, level, math.log(e_value), BATCH, 10, HOLDOUT, 0.05)
        assert alarm.verdict(seen, alpha=ALPHA, max_drop=0.15)[0] == verdict


def test_too_small_a_holdout_is_said() -> None:
    """Without a level nothing is claimed, also when the batches are bad."""
    verdict, reason = judged([WORSE] * 3, holdout={"confusion": [[50, 1], [1, 10]]})
    assert verdict == "insufficient data"
    assert "too few held-out rows" in reason


def test_no_news_without_power_is_not_good_news() -> None:
    """When only drops larger than max_drop would have been found, "steady" is not claimed."""
    small = {"confusion": [[24, 1], [1, 5]]}
    assert judged([small])[0] == "insufficient data"
    verdict, reason = judged([BATCH], max_drop=0.01)
    assert verdict == "insufficient data"
    assert reason.endswith("It should be 0.010 at most (max_drop).")


def test_a_recent_drop_is_harder_to_find() -> None:
    """A drop begun late has less restart capital behind it."""
    level = F1.level(HOLDOUT, delta=0.02, tolerance=0.02)
    drops = [alarm.smallest_drop(F1, level, BATCH, HOLDOUT, alpha=ALPHA, begun=batch) for batch in (1, 50)]
    assert 0 < drops[0] < drops[1]
    assert alarm.smallest_drop(F1, level, BATCH, HOLDOUT, alpha=ALPHA) == drops[0]


def test_regression_is_worded_upwards() -> None:
    """For a loss the alarm lies above the reference, and max_drop is a share of the reference."""
    mae = metrics.get("mae")
    random = np.random.default_rng(0)
    truth = random.normal(size=20_000) * 100
    guess = truth + random.normal(size=20_000) * 30
    tally = mae.tally(truth, guess, classes=0, clip=80.0)
    level = mae.level(tally, delta=0.02, tolerance=0.02)
    evidence = betting.update(betting.Evidence.fresh(2), mae.log_l(truth, guess, level, classes=0))
    found = alarm.smallest_drop(mae, level, tally, tally, alpha=ALPHA)
    seen = alarm.Seen(mae, level, float(betting.log_e_value(evidence)), tally, 20_000, tally, found)
    verdict, reason = alarm.verdict(seen, alpha=ALPHA, max_drop=0.15)
    assert verdict == "steady"
    assert "alarm above" in reason
    assert "a rise of" in reason
    assert alarm.verdict(seen, alpha=ALPHA, max_drop=0.001)[0] == "insufficient data"


def test_huge_evidence_is_readable() -> None:
    """Evidence beyond a million is not written out."""
    assert "evidence over 1,000,000 of 200" in judged([WORSE] * 30)[1]


def test_evidence_without_a_level_alarms_too() -> None:
    """A comparison with the past needs no level, and is heard when the holdout gave none."""
    seen = alarm.Seen(F1, None, math.log(201), BATCH, 10, HOLDOUT, None)
    assert alarm.verdict(seen, alpha=ALPHA, max_drop=0.15)[0] == "degraded"


def test_the_class_mix_is_said_where_it_matters() -> None:
    """The score at the holdout's mix is named when it differs, and notes follow the reason."""
    seen = alarm.Seen(F1, None, 0.0, BATCH, 10, HOLDOUT, None, even=0.7, notes=("And so on.",))
    reason = alarm.verdict(seen, alpha=ALPHA, max_drop=0.15)[1]
    assert "F1 0.794 on 10 rows, 0.700 at the holdout's class mix;" in reason
    assert reason.endswith("And so on.")
    same = alarm.Seen(F1, None, 0.0, BATCH, 10, HOLDOUT, None, even=F1.value(BATCH))
    assert "mix" not in alarm.verdict(same, alpha=ALPHA, max_drop=0.15)[1]


def test_power_for_a_recent_change_is_told() -> None:
    """Beside the drop since the first batch stands the one since a recent batch, or that there is none."""
    for least, words in ((0.2, "one of 0.200 or more"), (None, "none yet")):
        level = F1.level(HOLDOUT, delta=0.02, tolerance=0.02)
        seen = alarm.Seen(F1, level, 0.0, BATCH, 10, HOLDOUT, 0.05, recent=(10, least))
        reason = alarm.verdict(seen, alpha=ALPHA, max_drop=0.15)[1]
        assert reason.endswith(
            f"a drop of 0.050 or more would have been found, {words} had it begun 10 batches ago."
        )
