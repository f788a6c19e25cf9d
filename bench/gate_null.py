"""How often the gate promotes an equal challenger, and a better one, beside the rule "new > old".

Run from the project's folder: python -m bench.gate_null [--quick]

Champion and challenger have prevalence 0.2, recall 0.75 and precision 0.75; given the truth, the challenger
repeats the champion's answer with probability 1/3 and else answers on its own, which makes the difference
of the two scores vary as much as one score does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import numpy.typing as npt

from vigil.stats import buckets, gate, intervals, metrics

PREVALENCE, F1, COPIED = 0.2, 0.75, 1 / 3


def chances(champion: float, challenger: float) -> npt.NDArray[np.float64]:
    """Return the probability of each (truth, champion, challenger), for models with these F1 scores."""
    cells = np.zeros((2, 2, 2))
    # Recall = precision = F1 fixes the rate of positive answers for each truth.
    rates = [[PREVALENCE * (1 - f1) / (1 - PREVALENCE), f1] for f1 in (champion, challenger)]
    for truth, weight in ((0, 1 - PREVALENCE), (1, PREVALENCE)):
        first, second = rates[0][truth], rates[1][truth]
        # A challenger that copies must answer the rest so that its own rate comes out.
        rest = min(max((second - COPIED * first) / (1 - COPIED), 0.0), 1.0)
        for old, share in ((0, 1 - first), (1, first)):
            yes = COPIED * old + (1 - COPIED) * rest
            cells[truth, old] = weight * share * np.array([1 - yes, yes])
    return cells


def promoted(rows: int, gain: float, tries: int, seed: int) -> tuple[str, str]:
    """Return how often the naive rule and the gate promote, each with its exact 95 % limits."""
    metric = metrics.get("f1")
    random = np.random.default_rng(seed)
    drawn = random.multinomial(rows, chances(F1, F1 + gain).ravel(), size=tries).reshape(-1, 2, 2, 2)
    # The rows see one comparison: attempt 0 runs at the whole level.
    results = [gate.compare_cells(metric, cells, level=0.05, attempt=0) for cells in drawn]
    naive = sum(result.difference is not None and result.difference > 0 for result in results)
    return share_of(naive, tries), share_of(sum(result.promote for result in results), tries)


def reused(lives: int, attempts: int, rows: int, *, rule: bool) -> str:
    """Return the share of lives in which one of many equal challengers is promoted on the same rows."""
    metric = metrics.get("f1")
    random = np.random.default_rng(5)
    table = chances(F1, F1)
    lost = 0
    for _ in range(lives):
        # The champion's own counts stay; each challenger splits them anew.
        held = random.multinomial(rows, table.sum(axis=2).ravel()).reshape(2, 2)
        yes = table[..., 1] / table.sum(axis=2)
        for attempt in range(1, attempts + 1):
            said = random.binomial(held, yes)
            cells = np.stack([held - said, said], axis=-1)
            if gate.compare_cells(metric, cells, attempt=attempt if rule else 0).promote:
                lost += 1
                break
    return share_of(lost, lives)


def clustered(rows: int, gain: float, tries: int, seed: int, *, each: int = 10) -> tuple[str, str]:
    """Return how often the gate promotes by rows and by buckets, when an entity's rows are all alike."""
    metric = metrics.get("f1")
    random = np.random.default_rng(seed)
    shares = chances(F1, F1 + gain).ravel()
    by_rows = by_buckets = 0
    for _ in range(tries):
        entities = random.multinomial(1, shares, size=rows // each)
        counts = np.zeros((buckets.BUCKETS, 8))
        np.add.at(counts, random.integers(0, buckets.BUCKETS, len(entities)), each * entities)
        cells = counts.reshape(-1, 2, 2, 2)
        by_rows += gate.compare_cells(metric, cells.sum(axis=0), attempt=0).promote
        by_buckets += gate.compare_cells(metric, cells, attempt=0).promote
    return share_of(by_rows, tries), share_of(by_buckets, tries)


def chain(steps: int, lives: int, loss: float, *, anchored: bool) -> tuple[float, float]:
    """Return the mean true F1 after many refreshes that each lose a little, and how many went live.

    Each refresh is judged on 4,000 new rows, level 0.05, margin 0.01.
    """
    metric, found = metrics.get("f1"), []
    for life in range(lives):
        random = np.random.default_rng([life, anchored])
        live, promoted_ones = F1, 0
        for _ in range(steps):
            new = live - loss

            def passes(old: float, new: float = new, random: np.random.Generator = random) -> bool:
                cells = random.multinomial(4000, chances(old, new).ravel()).reshape(2, 2, 2)
                return gate.compare_cells(metric, cells, margin=0.01, attempt=0).promote

            if passes(live) and (not anchored or passes(F1)):
                live, promoted_ones = new, promoted_ones + 1
        found.append((live, promoted_ones))
    live, count = np.mean(found, axis=0)
    return float(live), float(count)


def reported(promotions: int, lives: int, choices: int = 5) -> tuple[str, str]:
    """Return how often a reported score's interval holds the truth over many promotions without a gain.

    Five equal challengers a time, the best of them on the choosing half goes on; its score is reported
    from the choosing half with the interval that allows for the choice, beside the naive 95 % interval of
    the rows that promoted it.
    """
    metric, table = metrics.get("f1"), chances(F1, F1)
    ours = naive = total = 0
    for life in range(lives):
        random = np.random.default_rng([life, 77])
        # One holdout for the whole life: the truth of its rows stays, challengers answer anew.
        truth = table.sum(axis=(1, 2))
        held = [random.multinomial(1000, truth) for _ in range(2)]
        yes = table.sum(axis=1)[:, 1] / truth
        for _ in range(promotions):
            halves = [random.binomial(half, yes, size=(choices, 2)) for half in held]
            tallies = [
                [{"confusion": [[half[0] - n, n], [half[1] - p, p]]} for n, p in said]
                for half, said in zip(held, halves, strict=True)
            ]
            best = max(range(choices), key=lambda one: metric.value(tallies[0][one]) or 0.0)
            low, high = metric.interval(tallies[0][best], 1 - 0.05 / choices) or (0.0, 1.0)
            ours += low <= F1 <= high
            promoted_by = max(tallies[1], key=lambda one: metric.value(one) or 0.0)
            low, high = metric.interval(promoted_by, 0.95) or (0.0, 1.0)
            naive += low <= F1 <= high
            total += 1
    return share_of(ours, total), share_of(naive, total)


def share_of(hits: int, total: int) -> str:
    """Write a share with its exact 95 % limits."""
    low = float(intervals.share_lower(hits, total - hits, 0.025))
    high = float(intervals.share_upper(hits, total - hits, 0.025))
    return f"{hits / total:.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, about ten seconds")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    tries = 400 if quick else 4000
    print("Promoted [95 % limits], one comparison at level 0.05")
    print(f"{'rows':>6}  {'equal: new > old':>22}  {'equal: gate':>22}  {'+0.05: gate':>22}")
    for rows in (50, 200, 500, 2000):
        naive, same = promoted(rows, 0.0, tries, seed=rows)
        _, better = promoted(rows, 0.05, tries, seed=rows + 1)
        print(f"{rows:>6}  {naive:>22}  {same:>22}  {better:>22}")
    lives = 30 if quick else 300
    print("\n100 equal challengers on the same 2,000 rows: one is promoted in this share of lives")
    print(f"  every attempt at 0.05          {reused(lives, 100, 2000, rule=False)}")
    print(f"  k-th attempt at 0.05/(k(k+1))  {reused(lives, 100, 2000, rule=True)}")
    print("\nTen rows an entity, all alike, 2,000 rows: promoted [95 % limits]")
    for gain, name in ((0.0, "equal"), (0.1, "+0.10")):
        by_rows, by_buckets = clustered(2000, gain, tries // 4, seed=3)
        print(f"  {name:>6}  counted by rows {by_rows:>22}   by buckets {by_buckets:>22}")
    steps = 20 if quick else 200
    print(f"\n{steps} refreshes in turn, each truly 0.004 worse than the last, margin 0.01: F1 in the end")
    for anchored, name in ((False, "against the champion alone"), (True, "and against the anchor")):
        live, count = chain(steps, 5 if quick else 20, 0.004, anchored=anchored)
        print(f"  {name:<28}  {live:.3f} (from {F1}), {count:.0f} promoted")
    ours, naive = reported(steps, 10 if quick else 50)
    print(f"\n{steps} promotions without a true gain, best of 5, one holdout: interval holds the truth")
    print(f"  from the choosing half, allowing for the choice  {ours}")
    print(f"  95 % interval of the best on the promoting half  {naive}")
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
