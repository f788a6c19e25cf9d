from __future__ import annotations

from typing import Any

BROWSER = {"Accept": "text/html"}


def test_releases_are_listed_newest_first(client: Any, world: Any) -> None:
    """Each with its reference, its size and why it was made; the live one by its id."""
    found = client.get("/models").json
    assert found["live"] == world.ids["second"]
    newest, oldest = found["releases"]
    assert (newest["id"], newest["state"], newest["through"]) == (world.ids["second"], "live", "2026-03.csv")
    assert (oldest["state"], oldest["reference"], oldest["baseline"]) == ("retired", 0.75, 0.33)
    assert set(newest) == {
        "id", "model", "state", "created", "live_since", "trained_rows", "through", "features", "threshold",
        "reference", "interval", "baseline", "size_bytes", "reason", "gate",
    }  # fmt: skip


def test_a_candidate_without_a_reference_is_listed_too(client: Any, world: Any) -> None:
    """What was never gated has nulls where there is nothing to say."""
    world.project.ledger.releases.add("feed01", model="forest", batch="batch1", through=1)
    found = {row["id"]: row for row in client.get("/models").json["releases"]}["feed01"]
    assert (found["state"], found["reference"], found["live_since"]) == ("candidate", None, None)


def test_each_release_has_its_card_as_a_page(client: Any, world: Any) -> None:
    """A browser finds the card of a release by the link beside it; a program gets the same as data."""
    path = f"/models/{world.ids['second']}/card"
    assert f'href="{path}"' in client.get("/models", headers=BROWSER).text
    assert f'href="{path}"' in client.get("/", headers=BROWSER).text
    page = client.get(path, headers=BROWSER)
    assert page.headers["Vary"] == "Accept"
    assert f"model card of release {world.ids['second']}" in page.text
    assert "style=" not in page.text
    assert "<script>" not in page.text
    assert client.get(path).json["release"] == world.ids["second"]
    assert client.get("/models/none/card", headers=BROWSER).status_code == 404


def test_a_card_that_cannot_be_made_is_no_missing_release(client: Any, world: Any) -> None:
    """Only a release that is not there is a 404; another fault says what it is, where it lies in the log."""
    answer = client.get("/models/none/card")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "no-such-release")
    (copy,) = (world.project.output / "contracts").iterdir()
    copy.write_text("{")
    answer = client.get(f"/models/{world.ids['second']}/card")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "internal")
    assert "JSON" in answer.json["error"]["what"]
