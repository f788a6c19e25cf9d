"""All alarms of a release together: each moved once, none averaged, and what calls for retraining."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from vigil.stats import alarm, metrics, past, standardised, watch
from vigil.stats.spread import Spread, thinned

F1 = metrics.get("f1")
BUDGET = alarm.budget(0.05)
HOLDOUT = {"confusion": [[7500, 500], [500, 1500]]}
SAME = {"confusion": [[750, 50], [50, 150]]}
FEWER = {"confusion": [[844, 56], [25, 75]]}
WORSE = {"confusion": [[720, 80], [80, 120]]}


def start(tally: dict = HOLDOUT, choices: int = 1) -> watch.Start:
    """Return what a release with this holdout starts from."""
    level = F1.level(tally, delta=0.02, tolerance=0.02)
    even = standardised.level(F1, tally, delta=0.02, tolerance=0.02)
    return watch.Start(F1, 2, level, tally, even, choices)


def fed(begin: watch.Start, batches: list[dict]) -> watch.Watch:
    """Return the watch after some batches."""
    now = watch.Watch.resumed(begin, None)
    for number, tally in enumerate(batches):
        growth = F1.log_l_of(tally, begin.level) if begin.level else None
        now = watch.after(now, begin, tally, growth, batch=str(number))
    return now


def judged(begin: watch.Start, batches: list[dict]) -> tuple[bool, str]:
    """Return whether retraining is called for after some batches, and what is said."""
    now = fed(begin, batches)
    reading = watch.read(now, begin, BUDGET)
    change = past.change(F1, batches, begin.tally) if reading.alarms else None
    log_e, notes = watch.weighed(now, begin, reading, change, tolerance=0.02)
    return log_e >= reading.alarm, " ".join(notes)


def test_at_rest_nothing_is_said() -> None:
    """Without a batch the evidence is 0 in logs on each scale; batches like the holdout leave it low."""
    begin = start()
    reading = watch.read(watch.Watch.resumed(begin, None), begin, BUDGET)
    assert (reading.plain, reading.level, reading.past) == pytest.approx((0, 0, 0), abs=1e-9)
    assert judged(begin, [SAME] * 40) == (False, "")


def test_a_changed_mix_is_told_apart() -> None:
    """Half the positives, the same model: plain F1 alarms, the sentence says why, nothing is called for."""
    calls, said = judged(start(), [SAME] * 5 + [FEWER] * 60)
    assert not calls
    assert said.startswith("The class mix changed: F1 as it is has reached its alarm")
    assert "in the holdout" in said


def test_a_worse_model_calls_for_retraining() -> None:
    """A real drop is found by the alarm against the level, and by the comparison with the past."""
    begin = start()
    assert judged(begin, [WORSE] * 8)[0]
    calls, said = judged(begin, [SAME] * 20 + [WORSE] * 8)
    assert calls
    assert said.startswith("Against its own past the score has changed: 0.7")


def test_the_past_is_heard_without_a_level() -> None:
    """A holdout too small for a level does not make the alarm blind."""
    begin = start({"confusion": [[30, 1], [1, 5]]})
    assert begin.driver is None
    calls, said = judged(begin, [SAME] * 40 + [WORSE] * 20)
    assert calls
    assert "past" in said


def test_what_is_told_at_the_holdouts_mix_is_at_all_of_its_rows() -> None:
    """Clustered rows give a level as fewer do, rounded; the holdout's own score stays what it is."""
    held = {"confusion": [[547, 132], [9, 27]]}
    even = standardised.level(F1, thinned(held, 8.73), delta=0.02, tolerance=0.02)
    assert even is not None
    begin = watch.Start(F1, 2, None, held, even)
    assert begin.at_own_mix(held) == pytest.approx(F1.value(held))


def test_what_does_not_move_the_score_calls_for_nothing() -> None:
    """More false positives, fewer false negatives, F1 as before: a change, and no alarm."""
    other = {"confusion": [[700, 100], [10, 190]]}
    calls, said = judged(start(), [SAME] * 40 + [other] * 15)
    assert not calls
    assert said == "Answers have changed, and the score is not worse by the tolerance."


def test_a_chosen_holdout_raises_the_bar_of_the_past() -> None:
    """The same evidence is closer to the alarm of a release that was not chosen among ten."""
    readings = [
        watch.read(fed(start(choices=count), [SAME] * 20 + [WORSE] * 4), start(), BUDGET) for count in (1, 10)
    ]
    assert readings[0].past > 0
    chosen = start(choices=10)
    assert watch.read(fed(chosen, [SAME] * 20 + [WORSE] * 4), chosen, BUDGET).past < readings[0].past


def test_it_is_stored_and_resumed() -> None:
    """Through JSON nothing is lost; rows of an earlier version start what they lack."""
    begin = start()
    now = fed(begin, [SAME] * 3)
    stored = json.loads(json.dumps(now.as_json(), allow_nan=False))
    again = watch.Watch.resumed(begin, stored)
    assert again.as_json() == now.as_json()
    old = watch.Watch.resumed(begin, {"process": stored["process"], "since": stored["since"]})
    assert np.array_equal(old.plain.log_wealth, now.plain.log_wealth)
    assert (old.even.batches, old.past.batches) == (0, 0)
    assert watch.Start.of(F1, 2, begin.level, {"tally": HOLDOUT}).driver == begin.level
    assert (old.outset.passed, again.outset.passed) == (0, now.outset.passed)
    fewer = {**stored, "past": {**stored["past"], "log_wealth": stored["past"]["log_wealth"][:2]}}
    assert watch.Watch.resumed(begin, fewer).past.batches == 0


def test_spread_divides_all_evidence() -> None:
    """Counts said to vary four times as much weigh a quarter against the level."""
    begin, growth = start(), F1.log_l_of(WORSE, start().level)
    parts = [
        watch.after(
            watch.Watch.resumed(begin, None), begin, WORSE, growth, batch="a", spread=Spread(factor=factor)
        )
        for factor in (1.0, 4.0)
    ]
    weight = math.log(0.2505)
    for name in ("plain", "even"):
        whole, quarter = (getattr(part, name).log_wealth - weight for part in parts)
        assert quarter == pytest.approx(whole / 4, abs=1e-3)
    assert parts[1].past.log_wealth.max() < parts[0].past.log_wealth.max()


def test_a_guarantee_that_is_approximate_is_said() -> None:
    """Where evidence was divided, the reason says by how much and what that means."""
    begin = start()
    now = watch.Watch.resumed(begin, None)
    now = watch.after(now, begin, SAME, None, batch="a", spread=Spread(factor=2.34))
    notes = watch.weighed(now, begin, watch.read(now, begin, BUDGET), None, tolerance=0.02)[1]
    assert notes[-1].startswith("Evidence divided by 2.3")


def test_a_slice_that_becomes_worse_is_found_and_named() -> None:
    """The whole holds, one slice of it falls: the alarm is raised, and the slice is named."""
    held = {"region = north": {"confusion": [[1500, 100], [100, 300]]}, "region = south": HOLDOUT}
    levels = watch.levels_of_slices(F1, held, delta=0.01, tolerance=0.02, choices=1)
    begin = watch.Start(F1, 2, start().level, HOLDOUT, start().even, slices=levels)
    parts = {"region = north": {"confusion": [[100, 60], [30, 10]]}, "region = south": SAME}
    now = watch.Watch.resumed(begin, None)
    for number in range(6):
        now = watch.after(now, begin, SAME, None, batch=str(number), slices=parts)
    reading = watch.read(now, begin, BUDGET)
    assert reading.alarms
    notes = watch.weighed(now, begin, reading, None, tolerance=0.02)[1]
    assert notes == ("It is worse where region = north.",)
    stored = json.loads(json.dumps(now.as_json(), allow_nan=False))
    assert watch.Watch.resumed(begin, stored).as_json() == now.as_json()


def test_slices_at_rest_lower_nothing_but_the_power() -> None:
    """Without a batch the average of all is 1; slices that hold raise no alarm."""
    levels = watch.levels_of_slices(F1, {"a = 1": HOLDOUT}, delta=0.01, tolerance=0.02, choices=1)
    begin = watch.Start(F1, 2, start().level, HOLDOUT, start().even, slices=levels)
    now = watch.Watch.resumed(begin, None)
    assert watch.read(now, begin, BUDGET).level == pytest.approx(0, abs=1e-9)
    for number in range(30):
        now = watch.after(now, begin, SAME, None, batch=str(number), slices={"a = 1": SAME})
    assert watch.read(now, begin, BUDGET).level < 0.1


def test_the_class_that_became_worse_is_named() -> None:
    """Of three classes the one that is now mistaken for another; none before the alarm or for F1."""
    macro = metrics.get("macro_f1")
    held = {"confusion": [[300, 20, 20], [20, 300, 20], [20, 20, 300]]}
    worse = {"confusion": [[9, 0, 1], [1, 9, 0], [5, 1, 4]]}
    level = macro.level(held, delta=BUDGET.delta_a, tolerance=0.02)
    begin = watch.Start(macro, 3, level, held)
    now, named = watch.Watch.resumed(begin, None), []
    for number in range(25):
        growth = macro.log_l_of(worse, level)
        now = watch.after(now, begin, worse, growth, batch=f"b{number}")
        named.append(watch.worst_class(now, begin, watch.read(now, begin, BUDGET)))
    assert named[0] is None
    assert named[-1] == 2
    binary = start()
    late = fed(binary, [WORSE] * 30)
    assert watch.worst_class(late, binary, watch.read(late, binary, BUDGET)) is None
