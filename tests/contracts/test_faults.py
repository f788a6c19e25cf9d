"""What every fault owes: one suite over all files of the folder."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from vigil import faults, profiles
from vigil.errors import VigilError
from vigil.faults import Case, mending, surprise
from vigil.faults.kinds import swapped_columns
from vigil.faults.naming import get, holds
from vigil.records import Column, Contract

ROWS = 400
CONTRACT = Contract(
    version=1,
    task="binary",
    columns=(
        Column("customer", "category", "key"),
        Column("seen", "date", "time"),
        Column("visits", "number"),
        Column("spend", "number"),
        Column("age", "number"),
        Column("plan", "category"),
        Column("note", "text"),
        Column("left", "category", "target", levels=("no", "yes")),
    ),
    classes=("no", "yes"),
    positive="yes",
)
PLANS = ("Basic monthly", "Standard yearly", "Premium yearly", "Family monthly")


def rows(seed: int, count: int = ROWS) -> pa.Table:
    """Draw customers who come at office hours; who visits little leaves."""
    draw = np.random.default_rng(seed)
    visits = np.round(np.exp(draw.normal(3, 0.5, count)), 1)
    spend = np.round(visits * np.exp(draw.normal(2, 0.3, count)), 2)
    age = np.round(draw.normal(45, 12, count), 1)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=30 * seed)
    hours = np.clip(draw.normal(11, 1.5, count), 0, 23.9)
    seen = sorted(
        start + timedelta(days=int(d), hours=float(h))
        for d, h in zip(draw.integers(0, 28, count), hours, strict=True)
    )
    plan = [PLANS[i] for i in draw.choice(4, count, p=[0.4, 0.3, 0.2, 0.1])]
    leaves = draw.random(count) < 1 / (1 + np.exp(0.35 * (visits - 16)))
    return pa.table(
        {
            "customer": pa.array([f"c{seed}-{i}" for i in range(count)], pa.string()),
            "seen": pa.array(seen, pa.timestamp("us", "UTC")),
            "visits": visits,
            "spend": spend,
            "age": age,
            "plan": pa.array(plan, pa.string()),
            "note": pa.array(["x" * int(n) for n in draw.integers(5, 60, count)], pa.string()),
            "left": pa.array(np.where(leaves, "yes", "no").tolist(), pa.string()),
        }
    )


PAST = tuple(rows(seed) for seed in range(1, 7))
COLUMNS = CONTRACT.kept
BEFORE = tuple(profiles.profile(part, COLUMNS) for part in PAST)


def case(table: pa.Table, *, dropped: int = 0) -> Case:
    """Put rows before the faults, with six sound batches."""
    return Case(
        contract=CONTRACT,
        rows=table,
        profile=profiles.profile(table, COLUMNS),
        past=PAST,
        before=BEFORE,
        reference=profiles.merge(BEFORE),
        dropped=dropped,
        files=[(part.num_rows, 0) for part in PAST],
    )


def beside(past: Sequence[pa.Table], table: pa.Table, columns: Sequence[Column]) -> Case:
    """Put rows of other columns before the faults, with the sound batches before them."""
    before = tuple(profiles.profile(part, columns) for part in past)
    return Case(
        contract=replace(CONTRACT, columns=tuple(columns)),
        rows=table,
        profile=profiles.profile(table, columns),
        past=past,
        before=before,
        reference=profiles.merge(before),
        files=[(part.num_rows, 0) for part in past],
    )


def changed(name: str, change: Callable[[Any], Any], table: pa.Table | None = None) -> Case:
    """Change the numbers of a column."""
    table = rows(9) if table is None else table
    return case(mending.with_numbers(table, name, change(mending.numbers_of(table, name))))


def levelled(name: str, renamed: dict[str, str]) -> Case:
    """Rename levels of a column."""
    return case(mending.with_levels(rows(9), name, renamed))


def on_every(step: int, value: Any) -> Callable[[Any], Any]:
    """Return what writes a value into every so many cells."""
    return lambda values: np.where(np.arange(len(values)) % step == 0, value, values)


def half_constant() -> Case:
    """Write one label from the middle on."""
    table = rows(9)
    labels = table.column("left").to_pylist()
    made = labels[: ROWS // 2] + ["no"] * (ROWS - ROWS // 2)
    return case(mending.with_column(table, "left", pa.chunked_array([pa.array(made)])))


def leaking() -> Case:
    """Write the label into a column."""
    table = rows(9)
    truth = np.array([label == "yes" for label in table.column("left").to_pylist()], dtype=float)
    return case(mending.with_numbers(table, "age", truth))


EXAMPLES: dict[str, Callable[[], Case]] = {
    "case_change": lambda: levelled("plan", {plan: plan.upper() for plan in PLANS}),
    "clipped": lambda: changed("spend", lambda values: np.minimum(values, np.quantile(values, 0.85))),
    "clock_shift": lambda: case(
        faults.get("clock_shift").mend(rows(9), {"column": "seen", "seconds": 5 * 3600.0})
    ),
    "constant_labels": half_constant,
    "duplicated": lambda: case(pa.concat_tables([rows(9, 200), PAST[-1].slice(0, 200)])),
    "flipped_labels": lambda: levelled("left", {"yes": "no", "no": "yes"}),
    "leak": leaking,
    "merged_levels": lambda: levelled("plan", {PLANS[1]: "Yearly", PLANS[2]: "Yearly"}),
    "null_spike": lambda: changed("age", on_every(3, np.nan)),
    "partial_file": lambda: case(rows(9, 120)),
    "precision_loss": lambda: changed("age", lambda values: np.round(values, -1)),
    "renamed_levels": lambda: levelled("plan", {PLANS[0]: "Starter"}),
    "sentinel": lambda: changed("spend", on_every(20, -999.0)),
    "shifted_columns": lambda: case(
        mending.exchanged(
            rows(9), {"visits": None, "spend": "visits", "age": "spend"}, np.ones(ROWS, dtype=bool)
        )
    ),
    "stuck": lambda: changed(
        "visits", lambda values: np.where(np.arange(len(values)) > 200, values[0], values)
    ),
    "swapped_columns": lambda: case(
        mending.exchanged(rows(9), {"visits": "spend", "spend": "visits"}, np.ones(ROWS, dtype=bool))
    ),
    "truncated": lambda: levelled("plan", {plan: plan[:6] for plan in PLANS}),
    "unit_change": lambda: changed("spend", lambda values: values * 1000),
}


@pytest.fixture(scope="module")
def found() -> dict[str, list[faults.Finding]]:
    """Look at each example once."""
    return {name: faults.look(make()) for name, make in EXAMPLES.items()}


@pytest.mark.parametrize("name", faults.names())
def test_describes_itself(name: str) -> None:
    """Name, title, threshold and docstring are there, and what it explains exists."""
    fault = faults.get(name)
    assert name == fault.NAME
    assert fault.TITLE
    assert importlib.import_module(f"vigil.faults.kinds.{name}").__doc__
    assert 0.5 < fault.THRESHOLD < 1
    assert isinstance(fault.WITNESSES, bool)
    assert set(faults.names()) >= fault.EXPLAINS


def test_no_fault_explains_itself_by_a_detour() -> None:
    """Who explains whom has no circle: of two findings at least one always stays."""
    left = {name: set(faults.get(name).EXPLAINS) for name in faults.names()}
    while ends := [name for name, others in left.items() if not others & set(left)]:
        for name in ends:
            del left[name]
    assert not left


@pytest.mark.parametrize("name", faults.names())
def test_is_named_when_it_is_there(name: str, found: dict[str, list[faults.Finding]]) -> None:
    """Its example is held, and it is the surest finding; words and evidence are plain JSON."""
    assert found[name], "nothing was found"
    first = found[name][0]
    assert first.fault == name
    assert holds(first)
    assert first.rows >= 0
    assert first.what.endswith(".")
    assert first.act.endswith(".")
    json.dumps(first.as_json(), allow_nan=False)


@pytest.mark.parametrize("name", faults.names())
def test_each_finding_has_an_id_of_its_own(name: str, found: dict[str, list[faults.Finding]]) -> None:
    """Of one batch no two findings have the same fault and columns: a person types its id."""
    ids = [one.id(9) for one in found[name]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", faults.names())
def test_names_one_cause(name: str, found: dict[str, list[faults.Finding]]) -> None:
    """No other finding of the example holds the batch."""
    assert [one.fault for one in found[name] if holds(one)] == [name]


@pytest.mark.parametrize("name", faults.names())
def test_a_repair_keeps_rows_and_types(name: str, found: dict[str, list[faults.Finding]]) -> None:
    """A repair gives as many rows of the same columns and types, and takes the fault away."""
    first = found[name][0]
    if first.repair is None:
        return
    before = EXAMPLES[name]().rows
    after = faults.get(name).mend(before, json.loads(json.dumps(first.repair)))
    assert after.num_rows == before.num_rows
    assert after.schema == before.schema
    assert not [one for one in faults.look(case(after)) if one.fault == name and holds(one)]


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_sound_batches_have_no_fault(seed: int) -> None:
    """Nothing holds a batch that was drawn as the others were."""
    assert [one for one in faults.look(case(rows(seed))) if holds(one)] == []


@pytest.mark.parametrize("name", faults.names())
@pytest.mark.parametrize("count", [0, 1, 30])
def test_any_number_of_rows(name: str, count: int) -> None:
    """No rows, one, or few; with or without a past: an answer about rows that there are, never an error."""
    few = case(rows(9, count))
    lonely = replace(
        few,
        past=(),
        before=(),
        reference=None,
        files=(),
        _read={},
        _counted={},
        _known={},
        _decimals={},
        _filled={},
    )
    empty = pa.table(
        {name: pa.nulls(40, rows(9, 1).schema.field(name).type) for name in rows(9, 1).column_names}
    )
    for one in (few, lonely, case(empty)):
        found = list(faults.get(name).look(one))
        assert {finding.fault for finding in found} <= {name}
        assert all(0 <= finding.confidence <= 1 for finding in found)
        assert all(0 <= finding.rows <= one.rows.num_rows for finding in found)


def test_nothing_is_sure_without_a_past() -> None:
    """The first batch of all is never held: there is nothing to compare it with."""
    for make in EXAMPLES.values():
        alone = replace(
            make(), past=(), before=(), reference=None, files=(), _read={}, _counted={}, _known={}
        )
        assert [one for one in faults.look(alone) if holds(one)] == []


def without(name: str, batches: int) -> Case:
    """Put a batch before the faults, with a column of which the first earlier batches have missing cells."""
    past = [
        mending.with_column(part, name, pa.nulls(part.num_rows, part.schema.field(name).type))
        if at < batches
        else part
        for at, part in enumerate(PAST)
    ]
    before = [profiles.profile(part, COLUMNS) for part in past]
    return replace(case(rows(9)), past=past, before=before, reference=profiles.merge(before))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("batches", [len(PAST), len(PAST) - 1, len(PAST) - 3, 1])
@pytest.mark.parametrize("name", ["visits", "spend", "age", "plan", "note", "left"])
def test_a_column_that_the_contract_gains_is_no_fault(name: str, batches: int) -> None:
    """The first batch with a column is sound, and so is a later one; nothing is warned of."""
    made = without(name, batches)
    assert [one for kind in faults.names() for one in faults.get(kind).look(made) if holds(one)] == []
    assert [one for one in faults.look(made) if holds(one)] == []


@pytest.mark.filterwarnings("error")
def test_a_new_column_that_is_the_label_is_suspected_only() -> None:
    """What tells the label from its first batch on may be a true gift: it is told, and holds nothing."""
    made = replace(without("age", len(PAST)), rows=leaking().rows)
    (one,) = [one for one in faults.look(made) if one.fault == "leak"]
    assert (one.columns, holds(one)) == (("age",), False)


@pytest.mark.parametrize("moved", [40.0, 55.0, 60.0, -30.0])
def test_values_that_only_moved_are_no_other_scale(moved: float) -> None:
    """Ages that are all higher or lower have kept their spread, which degrees would not."""
    made = changed("age", lambda values: values + moved)
    assert [one.what for one in faults.get("unit_change").look(made) if holds(one)] == []


def test_degrees_are_told_by_their_spread() -> None:
    """°C that come as °F."""
    made = changed("age", lambda values: np.round(values * 1.8 + 32, 1))
    assert [
        "°C turned into °F" in one.what for one in faults.get("unit_change").look(made) if holds(one)
    ] == [True]


@pytest.mark.parametrize(("factor", "is_held"), [(100, True), (1000, True), (10, False)])
def test_a_source_that_prints_as_many_decimals_in_any_unit_is_seen(factor: float, is_held: bool) -> None:
    """A whole column a hundredfold is held whatever its decimals; tenfold it is suspected, as prices grow."""
    rng = np.random.default_rng(4)
    decimals = changed("spend", lambda values: values).decimals(next(c for c in COLUMNS if c.name == "spend"))
    assert decimals is not None
    noise = rng.uniform(-0.5, 0.5, ROWS) * 10.0**-decimals
    made = changed("spend", lambda values: np.round((values + noise) * factor, decimals))
    found = [one for one in faults.get("unit_change").look(made) if "spend" in one.what]
    assert [(f"×{factor}" in one.what, holds(one)) for one in found] == [(True, is_held)]


def test_the_next_best_unit_is_weighed_when_the_best_is_refused() -> None:
    """A tenth of the ages divided by ten look like °F turned into °C, and have not that spread."""
    made = changed("age", lambda values: np.where(np.arange(len(values)) % 10 == 0, values / 10, values))
    assert ["÷10" in one.what for one in faults.get("unit_change").look(made) if holds(one)] == [True]


@pytest.mark.parametrize(("visits", "against"), [(5.0, True), (40.0, False)])
def test_labels_that_stop_are_surer_where_the_features_speak_against_them(
    visits: float, against: bool
) -> None:
    """The last sixty stay, says the feed: of some that come as rarely as leavers, or of regulars."""
    table = rows(9)
    labels = np.array(table.column("left").to_pylist())
    numbers = mending.numbers_of(table, "visits")
    labels[-60:], numbers[-60:] = "no", visits
    made = mending.with_column(table, "left", pa.chunked_array([pa.array(labels.tolist())]))
    (one,) = faults.get("constant_labels").look(case(mending.with_numbers(made, "visits", numbers)))
    assert (one.evidence["nats_of_features"] > 5) is against


def test_what_is_dropped_is_held_against_what_was_dropped_and_repeated_before() -> None:
    """A feed that always sends a tenth again is no duplicated one, however its files were counted."""
    made = replace(case(rows(9), dropped=60), files=[(part.num_rows, 55) for part in PAST])
    assert [one for one in faults.get("duplicated").look(made) if holds(one)] == []
    made = replace(case(rows(9), dropped=200), files=[(part.num_rows, 55) for part in PAST])
    assert [holds(one) for one in faults.get("duplicated").look(made)] == [True]


def test_a_count_that_never_varied_surprises_more() -> None:
    """Seven of 336 rows, by a schedule: fourteen are a wonder, where by chance they would not be."""
    by_schedule = [(7, 336)] * 8
    by_chance = [(count, 336) for count in (4, 9, 7, 11, 5, 6, 8, 6)]
    assert surprise.count(14, 336, by_schedule) > 5 * surprise.count(14, 336, by_chance)


def test_a_count_that_should_be_chance_is_held_against_chance() -> None:
    """Round last digits: what a few batches' spread would allow is not allowed them, unless they spread."""
    even = [(count, 760) for count in (79, 76, 68, 74, 87, 70, 56, 68)]
    uneven = [(count, 760) for count in (40, 99, 55, 120, 31, 87, 66, 102)]
    assert surprise.count(119, 760, even, is_chance=True) > 1.5 * surprise.count(119, 760, even)
    assert surprise.count(119, 760, uneven, is_chance=True) == surprise.count(119, 760, uneven)


def test_one_value_in_most_of_the_rows_is_no_other_unit() -> None:
    """Ten times a usual number of visits, but the same one in a tenth of the rows, is a stand-in value."""
    made = changed("visits", on_every(10, 250.0))
    assert [one for one in faults.get("unit_change").look(made) if holds(one)] == []
    assert [one.fault for one in faults.look(made) if holds(one)] == ["sentinel"]


def test_two_new_names_in_a_column_are_one_finding() -> None:
    """Two levels with new names are told, and mapped back, together."""
    made = levelled("plan", {PLANS[0]: "Starter", PLANS[1]: "Regular"})
    (one,) = [one for one in faults.look(made) if holds(one)]
    assert one.repair == {"column": "plan", "levels": {"Starter": PLANS[0], "Regular": PLANS[1]}}


def test_rows_that_waited_for_their_labels_are_no_partial_file() -> None:
    """A few rows from before the last file's end, whose labels came late, are neither short nor late."""
    few = case(rows(1, 120))
    assert list(faults.get("partial_file").look(few))
    assert list(faults.get("partial_file").look(replace(few, late=True))) == []


def test_an_unknown_name_is_refused_with_the_likely_one() -> None:
    """A misspelt fault is answered with the known one."""
    with pytest.raises(VigilError, match="Did you mean 'sentinel'"):
        faults.get("sentinal")


def test_of_very_many_columns_those_unlike_before_are_tried_for_a_swap() -> None:
    """Of hundreds of columns not all pairs are tried, which would take minutes; a swap is found."""
    names = [f"c{at}" for at in range(150)]
    columns = (*(Column(name, "number") for name in names), CONTRACT.columns[-1])

    def drawn(seed: int) -> pa.Table:
        draw = np.random.default_rng(seed)
        numbers = {name: draw.normal(at % 7, 1 + at % 5, 120) for at, name in enumerate(names)}
        return pa.table({**numbers, "left": rows(seed, 120).column("left")})

    past, now = [drawn(seed) for seed in (1, 2, 3)], drawn(9)
    swapped = mending.exchanged(now, {"c6": "c100", "c100": "c6"}, np.ones(120, dtype=bool))
    many = beside(past, swapped, columns)
    assert len(many.density.least_usual(swapped_columns.MOST_COLUMNS)) == swapped_columns.MOST_COLUMNS
    assert [one.columns for one in get("swapped_columns").look(many) if holds(one)] == [("c6", "c100")]
    few = case(rows(9)).density
    assert few.least_usual(swapped_columns.MOST_COLUMNS) == few.columns


def test_rows_that_recur_by_themselves_are_no_duplicated_feed() -> None:
    """Of one column with 2,000 levels more rows have come before the longer the past is; a copy is seen."""
    columns = (Column("item", "category"), CONTRACT.columns[-1])

    def drawn(seed: int, count: int = 400) -> pa.Table:
        items = [f"i{number}" for number in np.random.default_rng(seed).integers(0, 2000, count)]
        return pa.table({"item": items, "left": rows(seed, count).column("left")})

    def seen(now: pa.Table) -> list[faults.Finding]:
        found = beside([drawn(1, 1500)], now, columns)
        return [one for one in get("duplicated").look(found) if holds(one)]

    assert [seen(drawn(seed)) for seed in range(2, 8)] == [[]] * 6
    assert seen(drawn(1, 1500).slice(0, 400))


def test_numbered_levels_that_begin_others_are_not_cut_off() -> None:
    """Of thousands of numbered levels new ones begin known ones by chance; cut ones are seen."""
    columns = (Column("item", "category"), CONTRACT.columns[-1])

    def drawn(seed: int, most: int = 99) -> pa.Table:
        items = [f"x{number}"[:most] for number in np.random.default_rng(seed).integers(0, 3000, 150)]
        return pa.table({"item": items, "left": rows(seed, 150).column("left")})

    past = [drawn(seed) for seed in range(4)]

    def truncated(table: pa.Table) -> list[faults.Finding]:
        return list(get("truncated").look(beside(past, table, columns)))

    assert [truncated(drawn(seed)) for seed in range(9, 19)] == [[]] * 10
    assert truncated(drawn(9, most=4))


def test_numbers_without_a_finite_square_warn_nobody() -> None:
    """Cells of 1e300 and labels that never came before are looked at without a word on the console."""
    with np.errstate(all="warn"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        faults.look(changed("spend", lambda values: values * 1e300))
        faults.look(case(mending.with_levels(rows(9), "left", {"no": "never", "yes": "never"})))
    assert said == []


def test_light_to_import() -> None:
    """Importing the room loads no scipy, pandas, scikit-learn or pyarrow."""
    code = (
        "import sys\n"
        "from vigil import faults\n"
        "faults.names()\n"
        "heavy = {'scipy', 'pandas', 'sklearn', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
