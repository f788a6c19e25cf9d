"""Of several classes: macro F1 and accuracy judged at the holdout's class mix."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vigil.stats import alarm, betting, metrics, past, rates, standardised, watch

MACRO, ACCURACY = metrics.get("macro_f1"), metrics.get("accuracy")
BUDGET = alarm.budget(0.05)
MIX, OTHER = (0.5, 0.3, 0.2), (0.2, 0.3, 0.5)
#: How the rows of each class are answered: the third is the hardest.
ROWS = np.array([[0.90, 0.06, 0.04], [0.10, 0.82, 0.08], [0.15, 0.15, 0.70]])
WORSE = np.array([[0.90, 0.06, 0.04], [0.10, 0.82, 0.08], [0.30, 0.20, 0.50]])


def draw(
    random: np.random.Generator, rows: int, mix: tuple[float, ...], answers: np.ndarray, streams: int
) -> np.ndarray:
    """Draw tables (streams, K, K), truth down."""
    sizes = random.multinomial(rows, mix, streams)
    return np.stack([random.multinomial(sizes[:, one], answers[one]) for one in range(len(mix))], 1)


def expected(mix: tuple[float, ...], answers: np.ndarray = ROWS) -> np.ndarray:
    """Return the table of a million rows on average."""
    return 1e6 * np.array(mix)[:, None] * answers


def fired(mix: tuple[float, ...], answers: np.ndarray, batches: int, streams: int = 100) -> list[float]:
    """Return the shares of streams in which the plain alarm and that at the holdout's mix ever fire."""
    random, held = np.random.default_rng(2), {"confusion": expected(MIX).astype(int).tolist()}
    options = {"delta": BUDGET.delta_a, "tolerance": 0.02}
    plain, even = MACRO.level(held, **options), standardised.level(MACRO, held, **options)
    evidence, ever = [betting.Evidence.fresh(4, (streams,)) for _ in range(2)], np.zeros((2, streams), bool)
    for _ in range(batches):
        tables = draw(random, 500, mix, answers, streams)
        both = (
            np.stack([MACRO.log_l_of({"confusion": one.tolist()}, plain) for one in tables]),
            standardised.log_growth(MACRO, tables, even),
        )
        for number, growth in enumerate(both):
            evidence[number] = betting.update(evidence[number], growth)
            ever[number] |= betting.log_e_value(evidence[number]) >= -math.log(BUDGET.alpha_a)
    return ever.mean(axis=1).tolist()


def test_a_changed_mix_alone_raises_no_alarm() -> None:
    """More rows of the hardest class move macro F1 and accuracy down: plain fires, at the own mix nothing."""
    plain, even = fired(OTHER, ROWS, 60)
    assert plain > 0.9
    assert even == 0


def test_nothing_changed_means_no_alarm() -> None:
    """At the holdout's mix and rates no stream of a hundred fires."""
    assert fired(MIX, ROWS, 60)[1] == 0


def test_a_real_drop_is_found_whatever_the_mix() -> None:
    """One class answered worse is found at its old share of the rows and at another."""
    for mix in (MIX, OTHER):
        assert fired(mix, WORSE, 25, streams=40)[1] > 0.95


def test_at_the_level_itself_the_bets_are_fair() -> None:
    """Against exactly the score at the holdout's mix no wealth grows on average, at another mix."""
    table, random = expected(MIX), np.random.default_rng(4)
    hit, miss = MACRO.masks(3)
    hits, misses = (hit * table).sum(axis=(1, 2)), (miss * table).sum(axis=(1, 2))
    level = {"shares": (hits / (hits + misses)).tolist(), "mix": MIX}
    tables = draw(random, 300, OTHER, ROWS, 20_000)
    growth = standardised.log_growth(MACRO, tables, level)
    # The boldest bets' wealth is carried by too few streams to be averaged.
    assert np.exp(growth[..., :3]).mean(axis=0).max() < 1.03


def test_a_class_that_is_missing_is_no_reason_to_alarm() -> None:
    """Without rows of the hardest class its own F1 and accuracy say nothing, and the others stay fair."""
    table, random = expected(MIX), np.random.default_rng(5)
    hit, miss = MACRO.masks(3)
    hits, misses = (hit * table).sum(axis=(1, 2)), (miss * table).sum(axis=(1, 2))
    level = {"shares": (hits / (hits + misses)).tolist(), "mix": MIX}
    growth = standardised.log_growth(MACRO, draw(random, 300, (0.6, 0.4, 0.0), ROWS, 20_000), level)
    assert not growth[:, [2, 3]].any()
    assert growth[:, :2].any()
    assert np.exp(growth[..., :3]).mean(axis=0).max() < 1.03


def test_the_levels_hold() -> None:
    """Over 200 small holdouts some bound lies above its truth as seldom as allowed, and not far below."""
    random, wrong, gap = np.random.default_rng(6), 0, []
    for table in draw(random, 240, MIX, ROWS, 200):
        sizes = table.sum(axis=1)
        truth = MACRO._counts(sizes[:, None] * ROWS)
        share = truth[0] / (truth[0] + truth[1])
        found = standardised.level(MACRO, {"confusion": table.tolist()}, delta=0.1, tolerance=0.0)
        wrong += any(bound > one for bound, one in zip(found["shares"], share, strict=True))
        plain = MACRO.level({"confusion": table.tolist()}, delta=0.1, tolerance=0.0)
        gap.append(found["value"] - plain["value"])
    assert wrong <= 20
    assert abs(np.mean(gap)) < 0.01


def test_a_bound_over_pooled_classes_is_safe_and_hardly_lower() -> None:
    """What is convex lies above what is not, and the bound pays little for it."""
    table = np.array([[300.0, 20.0], [25.0, 75.0]])
    pooled = rates.score_lower(metrics.get("f1"), table, 0.02, pooled=True)
    assert rates.score_lower(metrics.get("f1"), table, 0.02) == pytest.approx(pooled, abs=0.01)
    tails = np.sort(np.random.default_rng(1).random((3, 40)), axis=1)
    convex = rates._convex(tails)
    assert (convex >= tails - 1e-12).all()
    assert (np.diff(convex, n=2, axis=1) >= -1e-12).all()


def test_accuracy_of_three_classes_has_a_level_too() -> None:
    """One process, at the bound of the share that is right."""
    held = {"confusion": expected(MIX).astype(int).tolist()}
    found = standardised.level(ACCURACY, held, delta=0.02, tolerance=0.02)
    assert found["value"] == pytest.approx(ACCURACY.value(held) - 0.02, abs=0.002)
    assert standardised.value(ACCURACY, {"confusion": expected(OTHER).tolist()}, MIX) == pytest.approx(
        ACCURACY.value(held), abs=1e-4
    )


def test_the_changed_mix_is_told_and_the_class_that_fails_is_named() -> None:
    """Through the watch: the mix alone calls for nothing and is said; a class that fails is the named one."""
    held = {"confusion": expected(MIX).astype(int).tolist()}
    options = {"delta": BUDGET.delta_a, "tolerance": 0.02}
    begin = watch.Start(
        MACRO, 3, MACRO.level(held, **options), held, standardised.level(MACRO, held, **options)
    )
    random, said, worst = np.random.default_rng(3), [], []
    for mix, answers in ((OTHER, ROWS), (MIX, WORSE)):
        now, tallies = watch.Watch.resumed(begin, None), []
        for number, table in enumerate(draw(random, 500, mix, answers, 60)):
            tallies.append({"confusion": table.tolist()})
            growth = MACRO.log_l_of(tallies[-1], begin.level)
            now = watch.after(now, begin, tallies[-1], growth, batch=str(number))
        reading = watch.read(now, begin, BUDGET)
        change = past.change(MACRO, tallies, held) if reading.alarms else None
        said.append(" ".join(watch.weighed(now, begin, reading, change, tolerance=0.02)[1]))
        worst.append(watch.worst_class(now, begin, reading))
    assert said[0].startswith("The class mix changed: macro F1 as it is has reached its alarm")
    assert said[0].endswith("one class is 19.9% of the rows, 50.0% in the holdout.")
    assert worst == [None, 2]
    assert watch.Watch.resumed(begin, now.as_json()).as_json() == now.as_json()
