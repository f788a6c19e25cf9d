import numpy as np
import pytest

from tests.conftest import leavers
from vigil.bundles import pointer
from vigil.stats import metrics
from vigil.trials.panel import Panel
from vigil.trials.snapshot import CHOOSING, GATING, snapshot


@pytest.fixture
def seated(site):
    """A panel on the rows of a first batch and of a changed one, and the ids of an old and a new model."""
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 900, seed=3, turned=True)
    site.tick()
    live = pointer.read(site.root / "production")
    project = site.project()
    contract = project.contract()

    def seat(since):
        rows = snapshot(project.table, contract, through=2, holdout=0.2, test_data=None)
        return Panel(rows, contract, metrics.get("f1"), project.models, since=since), rows

    return seat, live.previous, live.release


def test_the_best_is_the_one_with_the_better_score(seated):
    """On the rows since the change the new model is best; ties go to the first."""
    seat, old, new = seated
    panel, _ = seat(2)
    assert panel.best([old, new]) == panel.best([new, old]) == new
    assert seat(2)[0].best([old, old]) == old


def test_rows_are_those_of_the_side_since_the_change(seated):
    """A panel judges held-out rows from its first batch on, and no other."""
    seat, _, new = seated
    for since in (1, 2):
        panel, rows = seat(since)
        for sides in ((CHOOSING,), (GATING,), (CHOOSING, GATING)):
            expected = int((np.isin(rows.sides, sides) & (rows.orders >= since)).sum())
            assert len(panel.judged(new, *sides).truth) == expected


def test_a_reference_holds_what_an_alarm_needs(seated):
    """Score, interval, rows, baseline and tally; more candidates make the level more careful."""
    seat, _, new = seated
    panel, _ = seat(1)
    judged = panel.judged(new, CHOOSING)
    reference, level = panel.reference(judged, delta=0.02, tolerance=0.02, choices=1)
    low, high = reference["interval"]
    assert low < reference["score"] < high
    assert reference["rows"] == len(judged.truth)
    assert level["value"] < reference["score"]
    _, careful = panel.reference(judged, delta=0.02, tolerance=0.02, choices=10)
    assert careful["value"] < level["value"]


def test_an_undefined_score_beats_nothing(seated):
    """Only a defined, strictly better score counts."""
    panel, _ = seated[0](1)
    assert panel.beats(0.5, 0.4)
    for value, other in ((0.4, 0.4), (0.3, 0.4), (None, 0.1), (0.1, None), (None, None)):
        assert not panel.beats(value, other)


def test_no_rows_have_no_baseline(seated):
    """A panel without rows is no ground for a first release."""
    seat, _, new = seated
    panel, _ = seat(99)
    judged = panel.judged(new, CHOOSING)
    assert len(judged.truth) == 0
    assert panel.baseline(judged) is None
    assert panel.best([new]) == new


def test_held_out_rows_that_hang_together_count_as_fewer(site):
    """Each customer four times, much alike: the level is that of a quarter of the rows, the score of all."""
    header, *lines = leavers(500).splitlines()
    cells = [line.split(",") for line in lines for _ in range(4)]
    # What a customer has staff for moves nothing, and makes no two rows the same.
    again = [",".join([*row[:2], str(number % 4), *row[3:]]) for number, row in enumerate(cells)]
    site.write("w-1.csv", "\n".join([header, *again]) + "\n")
    site.tick()
    project, live = site.project(), pointer.read(site.root / "production").release
    contract = project.contract()
    assert contract.by_role("key")
    rows = snapshot(project.table, contract, through=1, holdout=0.4, test_data=None)
    panel = Panel(rows, contract, metrics.get("f1"), project.models)
    judged = panel.judged(live, CHOOSING, GATING)
    rules = ("design_effect", "largest", "ignore")
    factors = [panel.spread(judged, rule, CHOOSING, GATING) for rule in rules]
    assert factors[1:] == [4, 1]
    assert 3 < factors[0] <= 4
    options = {"delta": 0.02, "tolerance": 0.02, "choices": 1}
    whole, _ = panel.reference(judged, **options)
    fewer, level = panel.reference(judged, **options, factor=4.0)
    assert (fewer["score"], fewer["tally"], fewer["spread"]) == (whole["score"], whole["tally"], 4)
    quarter = {"confusion": (np.array(whole["tally"]["confusion"]) // 4).tolist()}
    assert level["value"] == pytest.approx(
        metrics.get("f1").level(quarter, delta=0.02, tolerance=0.02)["value"]
    )
    assert fewer["even"]["value"] < whole["even"]["value"]
