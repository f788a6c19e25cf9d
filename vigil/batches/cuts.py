"""Where a project's columns are cut, so that the pairs of all its profiles add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import TYPE_CHECKING

from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.profiles import Cuts, Profile, profile
from vigil.records import Column

if TYPE_CHECKING:
    import pyarrow as pa


def known(ledger: Ledger, *, through: int | None = None) -> Cuts:
    """Return the cuts of the newest batch, which has all that came before it; none before the first one.

    ``through`` asks for those as of a batch's order, so that the same rows give the same bundle later.
    """
    where = [batches.c.state == "ingested"] + ([] if through is None else [batches.c.order <= through])
    newest = ledger.batches.first(*where, order=[batches.c.order.desc()])
    return dict(Profile.from_json(newest["profile"]).pairs.cuts) if newest else {}


def profiled(
    tables: Sequence[pa.Table], columns: Sequence[Column], found: Cuts, pool: ThreadPoolExecutor
) -> list[Profile]:
    """Profile batches in their order, each with the cuts that those before it have.

    They are profiled beside each other for as long as none of them brings new cuts, which is nearly always.
    """
    made: list[Profile] = []
    while len(made) < len(tables):
        made.append(profile(tables[len(made)], columns, found))
        found = dict(made[-1].pairs.cuts)
        made += _while_alike(tables[len(made) :], columns, found, pool)
    return made


def _while_alike(
    tables: Sequence[pa.Table], columns: Sequence[Column], found: Cuts, pool: ThreadPoolExecutor
) -> Iterator[Profile]:
    """Yield the profiles of batches up to the first that brings new cuts."""
    made = list(pool.map(lambda rows: profile(rows, columns, found), tables))
    return takewhile(lambda one: dict(one.pairs.cuts) == found, made)
