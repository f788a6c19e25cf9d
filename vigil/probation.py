"""A fresh release on probation: on its first batches it is held against the one that it replaced.

Both answer the same labelled rows, which came after either was trained. After each batch the gate's test
runs with the roles turned round, on all rows so far, the k-th time at level 0.05/(k(k + 1)). The levels
add up to no more than 0.05, so that a release which is not worse by more than the margin is turned out with
at most that probability, however often it is looked at. One that is worse makes room for the release
before it.

What went live through the gate is on probation. A vote is not: the next batch makes another, by a record
of its own (``renewal``). Nor is what a policy deploys without a gate: nothing was claimed for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vigil import figures
from vigil.errors import VigilError
from vigil.models.voting import KIND
from vigil.records import Batch, Decision

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vigil.project import Project
    from vigil.stats.metrics import Metric
    from vigil.trials.judged import Judged

#: The probability, over the whole probation, of turning out a release that is not worse.
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class _Heard:
    """Both releases on the same rows, with each row's bucket of entities where these recur."""

    fresh: Judged
    before: Judged
    bucket: npt.NDArray[np.int64] | None


def watch(project: Project, batch: Batch, live: str) -> dict[str, Any]:
    """Return, in JSON values, what the live release's first batches say of it and its predecessor.

    ``worse`` says that it is shown to be worse by more than the margin, ``words`` the same with the
    numbers; positive differences mean that the predecessor is better. Empty when it is not on probation,
    or when this batch does not count: few labels, rows out of quarantine, a broken feed.
    """
    release = project.ledger.releases.known(live)
    after, length = release["facts"].get("evidence_after", 0), project.config.probation
    if release["model"] == KIND or batch.order > after + length:
        return {}
    predecessor = project.ledger.decisions.defeated_by(live, order=after)
    orders = [one.order for one in _counted(project, after, batch)]
    if predecessor is None or batch.order not in orders:
        return {}
    found = {"release": live, "predecessor": predecessor, "batches": len(orders), "of": length}
    found |= {"since": orders[0], "worse": False, "rows": 0}
    try:
        heard = _heard(project, orders, live, predecessor)
    except VigilError as fault:
        return {**found, "words": f"The release before, {predecessor}, cannot be asked: {fault.what}"}
    metric = project.metric(project.contract().task)
    return {**found, **_compared(project, metric, heard, len(orders), predecessor)}


def step_back(batch: Batch, plan: Decision) -> Decision:
    """Return the decision, its id left open, that lets the release before answer again and holds this one."""
    heard = plan.evidence["probation"]
    fresh, before = heard["release"], heard["predecessor"]
    reason = f"Release {before} answers again; {fresh}, which did worse on the same rows, is held."
    return Decision("", "rollback", batch.id, before, "rollback", reason, {**heard, "from": fresh})


def advice(project: Project) -> list[dict[str, str]]:
    """Advise on the step back of a probation, until another release goes live."""
    row = project.ledger.decisions.last_rollback()
    if row is None or "batches" not in row["evidence"]:
        return []
    heard = row["evidence"]
    fresh, before = (figures.score(heard["scores"][name]) for name in ("fresh", "predecessor"))
    what = (
        f"Release {heard['from']} was put aside: on its first {heard['rows']:,} rows its score was {fresh}, "
        f"and {before} of {row['release']}, which answers again."
    )
    do = f"Nothing need be done. python deployment.py --lift {heard['from']} would let it be promoted again."
    return [{"severity": "warn", "what": what, "do": do}]


def standing(project: Project, live: str | None) -> dict[str, Any] | None:
    """Return what is known of the live release's probation; None when it is on none, or has not begun it."""
    row = project.ledger.decisions.newest_plan(live) if live else None
    found: dict[str, Any] | None = row["evidence"].get("probation") if row else None
    return found if found and found["batches"] < found["of"] and not found["worse"] else None


def _counted(project: Project, after: int, batch: Batch) -> list[Batch]:
    """Return the batches since the promotion that say something, oldest first."""
    sound = project.ledger.sound(after=after, through=batch.order)
    return [one for one in sound if one.is_labelled and not one.is_released]


def _heard(project: Project, orders: list[int], fresh: str, before: str) -> _Heard:
    """Ask both releases about the labelled rows of some batches. Raises BundleError for a lost bundle."""
    import pyarrow as pa

    from vigil.arrow import pc
    from vigil.records import ORDER_COLUMN
    from vigil.stats import buckets
    from vigil.table import hashing
    from vigil.trials import arrays
    from vigil.trials.judged import judge

    contract, metric = project.contract(), project.metric(project.contract().task)
    read = project.table.rows(since=orders[0], through=orders[-1])
    rows = read.filter(pc.is_in(read.column(ORDER_COLUMN), value_set=pa.array(orders)))
    rows = arrays.complete(rows, contract.identity)
    new, old = (judge(project.models, one, rows, contract, metric) for one in (fresh, before))
    if not contract.by_role("key"):
        return _Heard(new, old, None)
    hashes = hashing.of_columns(rows, contract.identity)[new.labelled]
    return _Heard(new, old, buckets.bucket_of(hashes) if buckets.recurs(hashes) else None)


def _compared(project: Project, metric: Metric, heard: _Heard, look: int, predecessor: str) -> dict[str, Any]:
    """Return the numbers and the words of the k-th look."""
    from vigil.stats import gate

    new, old, margin = heard.fresh, heard.before, project.config.margin
    result = gate.compare(
        metric,
        new.truth,
        new.heard,
        old.heard,
        level=LEVEL,
        attempt=look,
        seed=project.config.seed,
        classes=len(new.classes),
        bucket=heard.bucket,
    )
    values = {"fresh": metric.value(new.tally()), "predecessor": metric.value(old.tally())}
    allowed = margin * abs(values["predecessor"] or 0.0) if metric.relative else margin
    bound = result.lower_bound
    worse = result.promote and bound is not None and bound > allowed
    fresh, before = (figures.score(values[name]) for name in ("fresh", "predecessor"))
    words = (
        f"On probation, batch {look} of {project.config.probation}: {metric.title} {fresh}, and {before} of "
        f"{predecessor} before it on the same {result.rows:,} rows"
    )
    if worse:
        least, level = figures.digits(bound, 3), figures.digits(result.level, 3)
        words += f" (worse by at least {least}, level {level})"
    numbers: dict[str, Any] = {"rows": result.rows, "difference": result.difference, "lower_bound": bound}
    numbers |= {"p_value": result.p_value, "level": result.level, "margin": allowed, "scores": values}
    return {**numbers, "worse": worse, "words": f"{words}."}
