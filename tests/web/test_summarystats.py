from __future__ import annotations

from typing import Any


def test_an_empty_table_has_no_columns(empty: Any) -> None:
    """Before the first batch there are no rows and no columns."""
    found = empty.client().get("/summarystats").json
    assert found == {"project": "attrition", "scope": "table", "batch": None, "rows": 0, "columns": []}


def test_the_table_is_the_sum_of_its_batches(client: Any) -> None:
    """Three batches of 100 rows, 20 cells of them missing."""
    found = client.get("/summarystats").json
    assert (found["scope"], found["rows"]) == ("table", 300)
    column = next(c for c in found["columns"] if c["name"] == "activity")
    assert (column["kind"], column["role"], column["count"], column["missing"]) == (
        "number",
        "feature",
        280,
        20,
    )
    assert (column["minimum"], column["maximum"], column["zeros"]) == (0.0, 99.0, 3)
    assert set(column["quantiles"]) == {"0.05", "0.25", "0.75", "0.95"}


def test_columns_come_in_the_contracts_order(client: Any) -> None:
    """Key, features, target: as the contract lists them."""
    names = [column["name"] for column in client.get("/summarystats").json["columns"]]
    assert names == ["corporation", "activity", "segment", "exited"]


def test_one_batch_by_its_id(client: Any) -> None:
    """`?batch=ID` shows that batch alone; an unknown id is a 404."""
    found = client.get("/summarystats?batch=batch2").json
    assert (found["scope"], found["rows"], found["batch"]["order"]) == ("batch", 100, 2)
    assert client.get("/summarystats?batch=../x").status_code == 404


def test_a_past_run_has_only_its_batches(client: Any) -> None:
    """`?run=ID` shows the table after that run, asked before or after the newest."""
    assert client.get("/summarystats?run=1").json["rows"] == 100
    assert client.get("/summarystats").json["rows"] == 300
    assert client.get("/summarystats?run=2").json["rows"] == 200
    assert client.get("/summarystats").json["rows"] == 300


def test_a_new_batch_is_added_to_what_was_merged(client: Any, world: Any, batch: Any) -> None:
    """What is kept merged between requests grows by the new batches, and is what a fresh merge gives."""
    before = client.get("/summarystats").json
    batch(world.project, 3, 4, "2026-04.csv", missing=50)
    after = client.get("/summarystats").json
    assert (before["rows"], after["rows"]) == (300, 400)
    assert after == world.client().get("/summarystats").json
