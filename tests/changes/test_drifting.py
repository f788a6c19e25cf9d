"""A batch's profile against its release's, batch after batch."""

import json

import numpy as np
import pyarrow as pa

from vigil.changes.drifting import Known, comparable, compare
from vigil.profiles import Profile, of_answers, profile
from vigil.records import Column

COLUMNS = (
    Column("customer", "category", role="key"),
    Column("activity", "number"),
    Column("region", "category"),
    Column("left", "category", role="target"),
)


def seen(rows: int, seed: int, *, shift: float = 0.0, unlabelled: int = 0) -> Profile:
    """Profile customers and a model's answers to them."""
    draw = np.random.default_rng(seed)
    left = draw.choice(["no", "yes"], rows).tolist()
    table = pa.table(
        {
            "customer": [f"{seed}-{n}" for n in range(rows)],
            "activity": draw.normal(shift, 1, rows),
            "region": draw.choice(["north", "south"], rows),
            "left": [None] * unlabelled + left[unlabelled:],
        }
    )
    chance = draw.random(rows)
    answers = of_answers((chance > 0.5).astype(np.int64), chance, ("no", "yes"))
    return comparable(profile(table, COLUMNS), answers, COLUMNS)


def test_keys_are_new_by_nature_and_labels_come_late() -> None:
    """A batch of new keys, half of it without labels, has not drifted."""
    found, _ = compare(seen(3000, 1), seen(1000, 2, unlabelled=500), Known(), "w-2.csv")
    assert found["verdict"] == "none"
    names = {column["column"] for column in found["columns"]}
    assert names == {"activity", "region", "left", "the model's answer", "the model's probability"}


def test_a_drift_is_new_once() -> None:
    """The first batch that shows it is named; the next one still has it, and it is no news."""
    first, known = compare(seen(3000, 1), seen(1000, 2, shift=1.0), Known(), "w-2.csv")
    moved = first["columns"][0]
    assert (moved["column"], moved["verdict"], moved["new"], moved["since"]) == (
        "activity",
        "drift",
        True,
        "w-2.csv",
    )
    stored = Known.from_json(json.loads(json.dumps(known.as_json())))
    assert stored == known
    second, _ = compare(seen(3000, 1), seen(1000, 3, shift=1.0), stored, "w-3.csv")
    moved = second["columns"][0]
    assert (moved["verdict"], moved["new"], moved["since"]) == ("drift", False, "w-2.csv")


def test_small_batches_add_up() -> None:
    """Batches too small to show a shift one by one show it together, and it is called lasting."""
    known, reference, lasting = Known(), seen(3000, 1), []
    for number in range(2, 40):
        found, known = compare(reference, seen(60, number, shift=0.35), known, f"w-{number}.csv")
        lasting += [c["column"] for c in found["columns"] if c["lasting"]]
    assert set(lasting) == {"activity"}
    assert known.since.rows == 38 * 60


def test_a_lost_column_has_drifted() -> None:
    """A column that a batch does not have is missing in each of its rows."""
    reference, current = seen(3000, 1), seen(1000, 2)
    without = Profile(current.rows, tuple(c for c in current.columns if c.name != "region"))
    found, known = compare(reference, without, Known(), "w-2.csv")
    assert found["columns"][0]["column"] == "region"
    assert found["columns"][0]["test"] == "missing_share"
    compare(reference, current, known, "w-3.csv")


def test_few_rows_abstain_and_say_what_would_have_been_seen() -> None:
    """Below fifty rows there is too little data, with the smallest shift that would have been found."""
    found, _ = compare(seen(3000, 1), seen(20, 2), Known(), "w-2.csv")
    assert found["verdict"] == "too little data"
    assert "shift" in found["columns"][0]["words"]
