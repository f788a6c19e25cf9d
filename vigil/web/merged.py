"""The profile of every batch so far, kept merged, so that a request costs only the batches since the last."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.profiles import Profile, merge

#: Profiles that are held unmerged at a time.
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Held:
    """The merged profile of the first `count` batches, the newest of which has this order."""

    order: int = 0
    count: int = 0
    profile: Profile | None = None


class MergedProfiles:
    """Merges the ledger's profiles; ingested batches never change, so that what was merged stays true."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._held = _Held()

    def through(self, order: int) -> Profile | None:
        """Return the profile of all batches up to an order, None when there are none."""
        with self._lock:
            held = self._held if self._still_holds(order) else _Held()
            held = self._extended(held, order)
            if held.order >= self._held.order or not self._still_holds(self._held.order):
                self._held = held
            return held.profile

    def _still_holds(self, order: int) -> bool:
        """Tell whether what is held is a part of what is asked for, and still what the ledger has."""
        held = self._held
        if held.order > order:
            return False
        query = self._select(sa.func.count()).where(batches.c.order <= held.order)
        with self._ledger.engine.connect() as connection:
            return bool(connection.execute(query).scalar_one() == held.count)

    def _extended(self, held: _Held, order: int) -> _Held:
        """Return what is held with the batches up to `order` added, some at a time."""
        while True:
            query = self._select(batches.c.order, batches.c.profile).limit(_AT_ONCE)
            query = query.where(batches.c.order > held.order, batches.c.order <= order)
            with self._ledger.engine.connect() as connection:
                rows = connection.execute(query.order_by(batches.c.order)).all()
            if not rows:
                return held
            parts = [Profile.from_json(row.profile) for row in rows]
            whole = merge([held.profile, *parts] if held.profile else parts)
            held = _Held(rows[-1].order, held.count + len(rows), whole)

    def _select(self, *columns: Any) -> sa.Select[Any]:
        is_mine = self._ledger.batches.mine(batches.c.state == "ingested")
        return sa.select(*columns).select_from(batches).where(is_mine)
