"""Where a project's columns are cut, so that the pairs of all its profiles add up."""

from __future__ import annotations

from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.profiles import Cuts, Profile


def known(ledger: Ledger, *, through: int | None = None) -> Cuts:
    """Return the cuts of the newest batch, which has all that came before it; none before the first one.

    ``through`` asks for those as of a batch's order, so that the same rows give the same bundle later.
    """
    where = [batches.c.state == "ingested"] + ([] if through is None else [batches.c.order <= through])
    newest = ledger.batches.first(*where, order=[batches.c.order.desc()])
    return dict(Profile.from_json(newest["profile"]).pairs.cuts) if newest else {}
