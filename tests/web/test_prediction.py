from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from vigil.bundles import pointer
from vigil.web import regular

ROWS = [{"activity": 3.0, "segment": "north"}, {"activity": 90, "segment": "south"}]


def post(client: Any, rows: Any = ROWS) -> Any:
    """Send rows one by one."""
    return client.post("/prediction", json={"rows": rows})


def refused(client: Any, body: bytes) -> Any:
    """Send a JSON body as it is, and return what is said against it."""
    return client.post("/prediction", data=body, content_type="application/json").json["error"]


def test_each_row_gets_a_label_and_a_probability(client: Any, world: Any) -> None:
    """Answers come in the order of the rows, with the release and the request's id."""
    answer = post(client)
    found = answer.json
    assert found["release"] == world.ids["second"]
    assert found["answered_by"] == "compiled"
    assert found["request"] == answer.headers["X-Request-Id"]
    assert [row["label"] for row in found["predictions"]] == ["0", "1"]
    assert all(0 < row["probability"] < 1 and row["warnings"] == [] for row in found["predictions"])


def test_rows_columns_and_csv_agree(client: Any) -> None:
    """The same rows in each of the three forms get the same answers."""
    columns = {"columns": {"activity": [3.0, 90], "segment": ["north", "south"]}}
    text = "\ufeffsegment,activity\r\nnorth,3\r\n\r\nsouth,90\r\n"
    answers = [
        post(client),
        client.post("/prediction", json=columns),
        client.post("/prediction", data=text.encode(), content_type="text/csv; charset=utf-8"),
    ]
    assert answers[0].json["predictions"] == answers[1].json["predictions"] == answers[2].json["predictions"]


@pytest.mark.parametrize("release", ["second", "many", "value"])
def test_many_rows_are_answered_alike_by_every_way(
    client: Any, world: Any, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As records and columns, read the quick way or not: to the last byte; and as each row alone."""
    pointer.write(world.project.production, world.ids[release], None)
    rows = [{"activity": n * 0.73, "segment": "north" if n % 3 else "south"} for n in range(400)]
    odd = [row | {"activity": None} if n % 7 == 0 else row for n, row in enumerate(rows)]
    for given in (rows, odd):
        columns = {name: [row[name] for row in given] for name in ("activity", "segment")}
        found = set()
        for large in (1, 2**30):
            monkeypatch.setattr(regular, "LARGE", large)
            for body in ({"rows": given}, {"columns": columns}):
                found.add(client.post("/prediction", json=body).data.split(b'"predictions":')[1])
        assert len(found) == 1
        many = json.loads(found.pop().partition(b',"answered_by"')[0])
        for place in range(0, 400, 40):
            alone = post(client, [given[place]]).json["predictions"][0]
            assert alone["warnings"] == many[place]["warnings"]
            numbers = {name for name, value in alone.items() if isinstance(value, float)}
            assert {n: alone[n] for n in numbers} == pytest.approx({n: many[place][n] for n in numbers})


def test_warnings_say_what_is_unusual(client: Any) -> None:
    """Missing, unseen, out of range, unreadable and unknown are warned of; key and target are not."""
    rows = [
        {"corporation": "c", "exited": "1", "activity": 1, "segment": "north"},
        {"activity": -5, "segment": "west", "colour": "red"},
        {"activity": "much"},
    ]
    said = [row["warnings"] for row in post(client, rows).json["predictions"]]
    assert said[0] == []
    assert any("out of range" in w for w in said[1])
    assert any("never seen" in w for w in said[1])
    assert any("'colour'" in w for w in said[1])
    assert any("not a number" in w for w in said[2])
    assert any("'segment' is missing" in w for w in said[2])


def test_more_classes_list_every_probability(client: Any, world: Any) -> None:
    """With three classes the probability is the label's, and all of them add up to 1."""
    pointer.write(world.project.production, world.ids["many"], None)
    (row,) = post(client, ROWS[:1]).json["predictions"]
    assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)
    assert row["probability"] == row["probabilities"][row["label"]]
    assert sum(row["probabilities"].values()) == pytest.approx(1)


def test_a_regression_answers_values(client: Any, world: Any) -> None:
    """Numbers instead of labels."""
    pointer.write(world.project.production, world.ids["value"], None)
    first, second = post(client).json["predictions"]
    assert first.keys() == {"value", "warnings"}
    assert first["value"] < second["value"]


def test_no_rows_get_no_answers(client: Any) -> None:
    """An empty list is answered with an empty list."""
    assert post(client, []).json["predictions"] == []
    assert client.post("/prediction", data=b"activity\n", content_type="text/csv").json["predictions"] == []


def test_nothing_deployed_is_a_503_with_a_hint(empty: Any) -> None:
    """A person reads what to run first."""
    answer = post(empty.client())
    assert answer.status_code == 503
    assert "the next tick trains a first model" in answer.json["error"]["hint"]


def test_a_gzipped_body_is_read_within_the_same_limit(client: Any) -> None:
    """Packed rows get the answers of plain ones; what unpacks beyond the limit is refused unread."""
    packed = gzip.compress(json.dumps({"rows": ROWS}).encode())

    def send(content: bytes, encoding: str) -> Any:
        headers = {"Content-Encoding": encoding}
        return client.post("/prediction", data=content, content_type="application/json", headers=headers)

    assert send(packed, "gzip").json["predictions"] == post(client).json["predictions"]
    bomb = gzip.compress(b" " * 2**24)
    found = [
        send(*sent) for sent in ((packed, "br"), (b"rows", "gzip"), (packed[:-9], "gzip"), (bomb, "gzip"))
    ]
    assert [(a.status_code, a.json["error"]["code"]) for a in found] == [
        (415, "wrong-encoding"), (400, "not-gzip"), (400, "not-gzip"), (413, "too-large"),
    ]  # fmt: skip


def test_the_short_way_answers_as_flask_does(world: Any) -> None:
    """Body, status and headers are the same, but for the request's own name."""
    app = world.app()
    short = app.wsgi_app
    found = []
    for way in (short, short._application):
        app.wsgi_app = way
        for rows in (ROWS, 1):
            answer = post(app.test_client(), rows)
            headers = {k: v for k, v in answer.headers if k not in ("X-Request-Id", "Content-Length")}
            found.append((answer.status_code, headers, {**answer.json, "request": ""}))
    assert found[:2] == found[2:]


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (415, "text/plain", b"x"),
        (415, "application/x-www-form-urlencoded", b"rows=1"),
        (415, "", b"{}"),
        (400, "application/json", b""),
        (400, "application/json", b"{"),
        (400, "application/json", b'{"rows": [{"activity": NaN}]}'),
        (422, "application/json", b'{"rows": [{"activity": ' + b"9" * 5000 + b"}]}"),
        (400, "application/json", b'\xff{"rows": []}'),
        (422, "application/json", b"[" * 100_000),
        (422, "application/json", b"[]"),
        (422, "application/json", b"{}"),
        (422, "application/json", b'{"rows": [], "columns": {}}'),
        (422, "application/json", b'{"path": "/etc/passwd"}'),
        (422, "application/json", b'{"rows": {"a": 1}}'),
        (422, "application/json", b'{"rows": [1]}'),
        (422, "application/json", b'{"rows": [{"a": ' + b"[" * 100_000),
        (422, "application/json", b'{"columns": {"a": [1], "b": []}}'),
        (422, "application/json", b'{"columns": {"a": 1}}'),
        (422, "application/json", b'{"columns": [1]}'),
        (422, "application/json", b'{"rows": [{"a": "' + b"x" * 10_001 + b'"}]}'),
        (422, "text/csv", b""),
        (422, "text/csv", b"\n1\n"),
        (422, "text/csv", b"a,a\n1,2\n"),
        (422, "text/csv", b"a,b\n1\n"),
        (422, "text/csv", b'a,b\n1,"2\n'),
        (422, "text/csv", b"a\n" + b"x" * 200_000),
        (422, "text/csv", b"a\n" + b"1\n" * 10_001),
        (413, "application/json", b" " * (2**20 + 1)),
    ],
)
def test_what_cannot_be_used_is_refused_in_the_one_shape(
    client: Any, status: int, content_type: str, body: bytes
) -> None:
    """Each way to be wrong has its status, a code, and words; never a traceback."""
    answer = client.post("/prediction", data=body, content_type=content_type)
    assert answer.status_code == status
    assert set(answer.json["error"]) == {"code", "what", "hint"}
    assert answer.json["error"]["what"]
    assert answer.json["error"]["hint"]


def test_what_is_no_cell_costs_its_own_row_alone(client: Any) -> None:
    """A list or an object is missing, with a warning; the other rows have their answers, in either form."""
    rows = [{"activity": 3, "segment": "north"}, {"activity": [3], "segment": {"a": "north"}}]
    by_rows = post(client, rows).json["predictions"]
    assert by_rows[0]["warnings"] == []
    assert by_rows[1]["warnings"] == ["'activity' is not a number", "'segment' is not a single value"]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    answer = client.post("/prediction", json={"columns": columns})
    assert answer.json["predictions"] == by_rows
    assert post(client, rows[1:]).json["predictions"][0]["warnings"] == by_rows[1]["warnings"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"activity": 3}', "unknown field"),
        (b'[{"activity": 3}]', "got array"),
        (b"{}", "either rows or columns"),
        (b'{"columns": {"a": [1], "b": [1, 2], "c": [1]}}', "'a' 1 and 'b' 2"),
    ],
)
def test_a_body_that_holds_no_rows_is_told_what_would(client: Any, body: bytes, what: str) -> None:
    """A bare row, a bare list, nothing, columns of unlike length: what is wrong, and what to send."""
    error = refused(client, body)
    assert what in error["what"]
    assert error["hint"].startswith("Send ")


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b" ", "empty"),
        (b'{"rows": [{"activity": NaN}]}', "null"),
        (b'{"columns": {"activity": [1, -Infinity]}}', "null"),
        (b"{'rows': []}", "quotes"),
    ],
)
def test_what_is_not_json_gets_a_hint_that_fits(client: Any, body: bytes, hint: str) -> None:
    """What to send instead of nothing, and of numbers that are none."""
    error = refused(client, body)
    assert error["code"] == "not-json"
    assert hint in error["hint"]


def test_rows_and_fields_are_limited(client: Any) -> None:
    """10,000 rows are answered and one more is refused; so is a row of 1,001 fields."""
    body = json.dumps({"columns": {"activity": [1] * 10_000}})
    assert (
        len(client.post("/prediction", data=body, content_type="application/json").json["predictions"])
        == 10_000
    )
    assert post(client, [{}] * 10_001).status_code == 422
    assert post(client, [{str(n): 1 for n in range(1001)}]).status_code == 422


def test_a_get_is_not_allowed(client: Any) -> None:
    """The Allow header names the method."""
    answer = client.get("/prediction")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_every_answer_is_written_down_and_kept(client: Any, world: Any) -> None:
    """From the request to the table of predictions: request, release, key, features, answer."""
    import labelling
    from vigil.predictions import collecting

    rows = [{**ROWS[0], "corporation": "c-1"}, {**ROWS[1], "corporation": "c-2"}]
    sent = [post(client, rows[:1]).json, post(client, rows).json]
    client.application.extensions["vigil"].log.close()
    assert labelling.run(world.project) == ["3 predictions taken in."]
    found = collecting.table(world.project.output).rows().to_pylist()
    said = [(one["request"], answer["label"]) for one in sent for answer in one["predictions"]]
    assert [(row[collecting.REQUEST], row[collecting.LABEL]) for row in found] == said
    assert [row["corporation"] for row in found] == ["c-1", "c-1", "c-2"]
    assert [row["activity"] for row in found] == [3.0, 3.0, 90.0]
    assert {row[collecting.RELEASE] for row in found} == {world.ids["second"]}
