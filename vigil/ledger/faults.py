"""Faults that were named in batches, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from vigil.ledger.schema import faults
from vigil.ledger.shelf import Row, Shelf, remembered

#: The newest batch first, and of its faults the surest.
_NEWEST = (faults.c.order.desc(), faults.c.confidence.desc(), faults.c.id)


class Faults(Shelf):
    """One row for each fault of a batch; ``state`` is ``open``, ``fixed`` or ``dismissed``.

    An open fault that ``holds`` keeps its batch out of training.
    """

    def add(self, fault: str, values: Mapping[str, Any], *, run: int) -> bool:
        """Write a fault once; return False when it was there already."""
        more = {"state": "open", "run": run, "at": self.now()}
        return self.put({"id": fault}, {**values, **more}, replace=False)

    def get(self, fault: str) -> Row | None:
        """Return one fault by its id, or None."""
        return self.first(faults.c.id == fault)

    @remembered
    def of_batch(self, batch: str) -> list[Row]:
        """Return a batch's faults, the surest first."""
        return self.find(faults.c.batch == batch, order=[faults.c.confidence.desc(), faults.c.id])

    def through(self, order: int, *, run: int | None = None, limit: int | None = None) -> list[Row]:
        """Return the faults of batches up to an order, named by a run; newest batch first, surest first."""
        where = [faults.c.order <= order] + ([faults.c.run <= run] if run is not None else [])
        return self.find(*where, order=_NEWEST, limit=limit)

    @remembered
    def standing(self) -> list[Row]:
        """Return the open faults that hold a batch, oldest batch first, surest first."""
        by = [faults.c.order, faults.c.confidence.desc(), faults.c.id]
        return self.find(faults.c.state == "open", faults.c.holds.is_(True), order=by)

    def held(self) -> frozenset[int]:
        """Return the orders of the batches that are kept out of training."""
        return frozenset(row["order"] for row in self.standing())

    def spoilt(self) -> list[Row]:
        """Return the open faults that hold a batch, and the repaired ones, newest batch first."""
        holding = sa.and_(faults.c.state == "open", faults.c.holds.is_(True))
        return self.find(sa.or_(holding, faults.c.state == "fixed"), order=_NEWEST)

    def dismissed(self) -> list[Row]:
        """Return the faults of which a person said that the data is so, newest batch first."""
        return self.find(faults.c.state == "dismissed", order=_NEWEST)

    def confirm(self, fault: str) -> None:
        """Let a suspicion hold its batch."""
        self.change({"holds": True}, faults.c.id == fault)

    def settle(self, fault: str, state: str) -> None:
        """Say what became of a fault."""
        self.change({"state": state}, faults.c.id == fault)
