"""``?run=ID``: the ledger as it stood when one run had ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vigil import figures
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches, incidents, releases
from vigil.ledger.shelf import Row
from vigil.web.errors import Refusal

#: Later than any time in the ledger, and more runs than there will be.
_END = "9999"
_LAST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment to look from: the last run that counts, and the time it ended."""

    run: int = _LAST
    until: str = _END

    @property
    def is_now(self) -> bool:
        """Whether nothing is left out."""
        return self.run == _LAST

    def last_order(self, ledger: Ledger) -> int:
        """Return the order of the newest batch by then, 0 when there was none."""
        where = [batches.c.state == "ingested", batches.c.run <= self.run]
        row = ledger.batches.first(*where, order=[batches.c.order.desc()])
        return int(row["order"]) if row else 0

    def incident(self, ledger: Ledger) -> Row | None:
        """Return the newest incident by then, in the state that it had."""
        row = ledger.incidents.first(
            incidents.c.opened_at <= self.until, order=[incidents.c.opened_at.desc()]
        )
        if row is None:
            return None
        is_closed = row["closed_at"] is not None and row["closed_at"] <= self.until
        return {**row, "state": "closed" if is_closed else "open"}

    def release(self, ledger: Ledger) -> str | None:
        """Return the release that was live by then.

        ``live_since`` is overwritten when an older release comes back, so that the newest score by
        then is asked as well; whichever is later knows best.
        """
        where = [releases.c.live_since.is_not(None), releases.c.live_since <= self.until]
        switched = ledger.releases.first(*where, order=[releases.c.live_since.desc()])
        scored = ledger.scores.latest(run=self.run)
        known = []
        if scored:
            known.append((scored["at"], scored["release"]))
        if switched:
            known.append((switched["live_since"], switched["id"]))
        return max(known, default=(None, None))[1]


#: The ledger as it is.
NOW = AsOf()


def as_of(ledger: Ledger, args: Mapping[str, str]) -> AsOf:
    """Read ``run`` from a query string. Raises Refusal when it is no number or no run."""
    if "run" not in args:
        return NOW
    run = positive(args["run"], "run")
    row = ledger.runs.get(run)
    if row is None:
        raise no_run(run)
    return AsOf(run, row["finished"] or _END)


def no_run(run: int) -> Refusal:
    """Say that there was no such run."""
    return Refusal(404, "no-such-run", f"There is no run {run}.", "GET /runs lists them.")


def positive(text: str, name: str, *, most: int = _LAST - 1) -> int:
    """Read a whole number of 1 or more. Raises Refusal for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= most):
        what = f"{name} must be a whole number from 1 to {most}."
        raise Refusal(422, "bad-parameter", what, "GET /openapi.json describes the parameters.")
    return int(text)


def batch_names(ledger: Ledger, *where: sa.ColumnElement[bool]) -> dict[str, Row]:
    """Return id, name, order and rows of ingested batches, by id."""
    columns = [batches.c[name] for name in ("id", "name", "order", "rows", "labelled")]
    found = ledger.batches.find(
        batches.c.state == "ingested", *where, order=[batches.c.order], columns=columns
    )
    return {row["id"]: row for row in found}


def seconds(moment: Any) -> str | None:
    """Write the ledger's time as the answers have it: to the second."""
    return figures.moment(moment) if moment else None
