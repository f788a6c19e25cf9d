from __future__ import annotations

from typing import Any


def test_alerts_are_listed(client: Any) -> None:
    """What people were told, and whether it was delivered."""
    (alert,) = client.get("/alerts").json["alerts"]
    assert (alert["id"], alert["severity"], alert["state"]) == ("m1", "act", "pending")
    assert alert["at"].endswith("Z")


def test_no_alerts_is_an_empty_list(empty: Any) -> None:
    """A quiet project has none."""
    assert empty.client().get("/alerts").json == {"alerts": []}
