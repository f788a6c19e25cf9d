"""The profile of every batch so far, merged once: ticks keep it on disk, a question adds what came since."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.profiles import Profile, merge
from vigil.storage import durable

#: Profiles that are held unmerged at a time.
_AT_ONCE = 200

#: Batches between two merged profiles that stay, so that a look back merges no more than these.
MILESTONE = 500


@dataclass(frozen=True, slots=True)
class _Held:
    """The merged profile of the first `count` batches, of `rows` rows, the newest of this order."""

    order: int = 0
    count: int = 0
    rows: int = 0
    profile: Profile | None = None


def place(output: Path) -> Path:
    """Return the folder of merged profiles; it can be deleted, and is made anew from the ledger."""
    return output / "profiles"


class MergedProfiles:
    """Merges the ledger's profiles; what was merged is used while the ledger still has just that."""

    def __init__(self, ledger: Ledger, output: Path) -> None:
        self._ledger = ledger
        self._folder = place(output)
        self._lock = threading.Lock()
        self._held = _Held()

    def through(self, order: int) -> Profile | None:
        """Return the profile of all batches up to an order, None when there are none."""
        with self._lock:
            held = self._extended(self._best(order), order)
            if held.order >= self._held.order or not self._still_holds(self._held):
                self._held = held
            return held.profile

    def keep(self) -> None:
        """Write the merged profile of all batches, and one for each milestone passed; drop what is stale."""
        last = self._ledger.batches.last_order()
        held = self._best(last)
        for stop in [*range(MILESTONE * (held.order // MILESTONE + 1), last, MILESTONE), last]:
            held = self._extended(held, stop)
            if held.profile is not None:
                told = {"order": held.order, "count": held.count, "rows": held.rows}
                content = json.dumps({**told, "profile": held.profile.to_json()})
                durable.write_atomic(self._folder / f"{stop:08d}.json", content.encode())
        with self._lock:
            self._held = held
        for path in self._folder.glob("*.json"):
            if not path.stem.isdigit() or (int(path.stem) % MILESTONE and int(path.stem) != last):
                durable.remove(path)

    def _best(self, order: int) -> _Held:
        """Return the most that is merged already and is a part of what is asked for."""
        if self._held.order and self._still_holds(self._held, within=order):
            return self._held
        paths = sorted(self._folder.glob("*.json"), reverse=True) if self._folder.is_dir() else []
        for path in (path for path in paths if path.stem.isdigit() and int(path.stem) <= order):
            held = _read(path)
            if self._still_holds(held, within=order):
                return held
        return _Held()

    def _still_holds(self, held: _Held, *, within: int | None = None) -> bool:
        """Tell whether what is held is a part of what is asked for, and still what the ledger has."""
        if within is not None and held.order > within:
            return False
        counts = (sa.func.count(), sa.func.coalesce(sa.func.sum(batches.c.rows), 0))
        query = self._select(*counts).where(batches.c.order <= held.order)
        with self._ledger.engine.connect() as connection:
            count, rows = connection.execute(query).one()
        return (int(count), int(rows)) == (held.count, held.rows)

    def _extended(self, held: _Held, order: int) -> _Held:
        """Return what is held with the batches up to `order` added, some at a time."""
        while True:
            columns = (batches.c.order, batches.c.rows, batches.c.profile)
            query = self._select(*columns).limit(_AT_ONCE)
            query = query.where(batches.c.order > held.order, batches.c.order <= order)
            with self._ledger.engine.connect() as connection:
                found = connection.execute(query.order_by(batches.c.order)).all()
            if not found:
                return held
            parts = [Profile.from_json(row.profile) for row in found]
            whole = merge([held.profile, *parts] if held.profile else parts)
            rows = held.rows + sum(row.rows for row in found)
            held = _Held(found[-1].order, held.count + len(found), rows, whole)

    def _select(self, *columns: Any) -> sa.Select[Any]:
        is_mine = self._ledger.batches.mine(batches.c.state == "ingested")
        return sa.select(*columns).select_from(batches).where(is_mine)


def _read(path: Path) -> _Held:
    """Return a merged profile from disk; a damaged one is none."""
    try:
        told = json.loads(path.read_bytes())
        return _Held(told["order"], told["count"], told["rows"], Profile.from_json(told["profile"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Held()
