from __future__ import annotations

import shutil
import threading
from typing import Any

import pytest

from vigil.bundles import pointer
from vigil.web import live


def predict(client: Any) -> dict[str, Any]:
    """Ask for one prediction."""
    answer = client.post("/prediction", json={"rows": [{"activity": 3.0, "segment": "north"}]})
    return {"status": answer.status_code, **answer.json}


def test_a_switch_is_taken_up_without_a_restart(client: Any, world: Any) -> None:
    """The next request after the pointer moved is answered by the new release."""
    assert predict(client)["release"] == world.ids["second"]
    pointer.write(world.project.production, world.ids["first"], world.ids["second"])
    assert predict(client)["release"] == world.ids["first"]


@pytest.mark.parametrize("file", ["compiled.npz", "manifest.json", "model.skops"])
def test_a_damaged_release_leaves_the_last_good_one_answering(client: Any, world: Any, file: str) -> None:
    """One changed byte in any file: the old release goes on, and /readyz and /scoring say so."""
    predict(client)
    damaged = world.project.models / world.ids["first"] / file
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    pointer.write(world.project.production, world.ids["first"], world.ids["second"])
    assert predict(client)["release"] == world.ids["second"]
    ready = client.get("/readyz").json
    assert ready["release"] == world.ids["second"]
    assert world.ids["first"] in ready["notice"]
    scoring = client.get("/scoring").json
    assert (scoring["release"], scoring["notice"]) == (world.ids["second"], ready["notice"])
    assert str(world.project.root) not in ready["notice"]


def test_a_repaired_release_is_taken_up(client: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that could not be loaded is tried again by and by."""
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.0)
    predict(client)
    folder = world.project.models / world.ids["first"]
    shutil.move(folder, folder.with_name("aside"))
    pointer.write(world.project.production, world.ids["first"], world.ids["second"])
    assert predict(client)["release"] == world.ids["second"]
    shutil.move(folder.with_name("aside"), folder)
    assert predict(client)["release"] == world.ids["first"]
    assert client.get("/readyz").json["notice"] is None


def test_a_damaged_pointer_keeps_the_release(client: Any, world: Any) -> None:
    """Half a pointer changes nothing about who answers."""
    predict(client)
    (world.project.production / pointer.NAME).write_text('{"rel')
    assert predict(client)["release"] == world.ids["second"]
    assert "not known" in client.get("/readyz").json["notice"]


def test_a_start_on_a_damaged_release_answers_nothing(world: Any) -> None:
    """With no release before it, predictions are a 503 that says why."""
    (world.project.models / world.ids["second"] / "compiled.npz").unlink()
    client = world.client()
    found = predict(client)
    assert found["status"] == 503
    assert "compiled.npz" in found["error"]["what"]
    assert client.get("/scoring").json["release"] == world.ids["second"]


def test_no_answer_mixes_two_releases(world: Any) -> None:
    """While the pointer moves to and fro, each answer's numbers are those of the release it names."""
    folder, ids = world.project.production, (world.ids["first"], world.ids["second"])
    client = world.client()
    expected = {}
    for release in ids:
        pointer.write(folder, release, None)
        expected[release] = predict(client)["predictions"]
    assert expected[ids[0]] != expected[ids[1]]
    done = threading.Event()

    def ask() -> None:
        mine = world_app.test_client()
        while not done.is_set():
            found = predict(mine)
            wrong.extend([found] if found["predictions"] != expected[found["release"]] else [])

    world_app, wrong = world.app(), []
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(60):
        pointer.write(folder, ids[turn % 2], None)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
