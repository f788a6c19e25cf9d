"""Where a project's columns are cut, so that the pairs of all its profiles add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import TYPE_CHECKING

from vigil.batches.early import Profiled, profiled
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.profiles import Cuts, Profile
from vigil.records import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: A batch's rows, and their profile where one was made before: it stands if its cuts were the right ones.
Part = tuple["pa.Table", Profiled | None]


def known(ledger: Ledger, *, through: int | None = None) -> Cuts:
    """Return the cuts of the newest batch, which has all that came before it; none before the first one.

    ``through`` asks for those as of a batch's order, so that the same rows give the same bundle later.
    """
    where = [batches.c.state == "ingested"] + ([] if through is None else [batches.c.order <= through])
    newest = ledger.batches.first(*where, order=[batches.c.order.desc()])
    return dict(Profile.from_json(newest["profile"]).pairs.cuts) if newest else {}


def in_turn(
    parts: Sequence[Part], columns: Sequence[Column], found: Cuts, pool: ThreadPoolExecutor
) -> list[Profiled]:
    """Profile batches in their order, each with the cuts that those before it have.

    They are profiled beside each other for as long as none of them brings new cuts, which is nearly always.
    """
    made: list[Profiled] = []
    while len(made) < len(parts):
        made.append(_profiled(parts[len(made)], columns, found))
        found = made[-1].cuts
        made += _while_alike(parts[len(made) :], columns, found, pool)
    return made


def _while_alike(
    parts: Sequence[Part], columns: Sequence[Column], found: Cuts, pool: ThreadPoolExecutor
) -> Iterator[Profiled]:
    """Yield the profiles of batches up to the first that brings new cuts."""
    made = list(pool.map(lambda part: _profiled(part, columns, found), parts))
    return takewhile(lambda one: one.cuts == found, made)


def _profiled(part: Part, columns: Sequence[Column], found: Cuts) -> Profiled:
    """Profile a batch's rows, if that was not done."""
    rows, early = part
    return early if early is not None and early.asked == found else profiled(rows, columns, found)
