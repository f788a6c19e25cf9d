"""How the live model did, what was decided, and which incidents are open."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from vigil.ledger.schema import decisions, incidents, scores
from vigil.ledger.shelf import Row, Shelf, remembered
from vigil.records import Batch, Decision, Score

_SCORE_FIELDS = tuple(Score.__dataclass_fields__)
_DECISION_FIELDS = tuple(Decision.__dataclass_fields__)
#: Columns that stand before the heavy ones, so that the database needs the first page of each row alone.
_DRAWN = (
    "order", "batch", "release", "value", "low", "high", "reference", "level", "e_value", "alarm_at",
    "verdict",
)  # fmt: skip
_HEAVY = ("details", "tally", "evidence")
#: The newest batch first, and what was written last about it.
_NEWEST_SCORES = (scores.c.order.desc(), scores.c.at.desc())
_NEWEST_DECISIONS = (decisions.c.order.desc(), decisions.c.at.desc())


class Scores(Shelf):
    """One row for each release and batch, with the alarm's evidence after it."""

    def add(self, score: Score, *, tally: Row, evidence: Row | None, run: int) -> bool:
        """Write a score once; return False when it was there already."""
        values = {k: getattr(score, k) for k in _SCORE_FIELDS if k not in ("release", "batch")}
        more = {"tally": tally, "evidence": evidence, "run": run, "at": self.now()}
        return self.put({"release": score.release, "batch": score.batch}, {**values, **more}, replace=False)

    def of_release(self, release: str, *, after: int, through: int) -> list[Row]:
        """Return a release's scores with ``after < order <= through``, with tallies and evidence."""
        where = [scores.c.release == release, scores.c.order > after, scores.c.order <= through]
        columns = [c for c in scores.c if c.name != "details"]
        return self.find(*where, order=[scores.c.order], columns=columns)

    def forget(self, release: str, *, since: int) -> None:
        """Take back a release's scores from an order on, with their evidence: they will be made again."""
        self.delete(scores.c.release == release, scores.c.order >= since)

    @remembered
    def last_counted(self, release: str, *, after: int, before: int) -> Row | None:
        """Return the newest score with evidence among batches with ``after < order < before``."""
        where = [scores.c.release == release, scores.c.order > after, scores.c.order < before]
        return self.first(*where, scores.c.evidence.is_not(None), order=[scores.c.order.desc()])

    def met_through(self, through: int, *, limit: int) -> list[Row]:
        """Return what the newest scored batches up to an order came to, oldest first."""
        columns = [scores.c[name] for name in ("order", "release", "value", "labelled", "tally")]
        return self.find(scores.c.order <= through, order=_NEWEST_SCORES, limit=limit, columns=columns)[::-1]

    def estimated(self, release: str, *, before: int, limit: int) -> list[Row]:
        """Return value, estimate and verdict of a release's labelled scores that have all, newest first."""
        where = [scores.c.release == release, scores.c.order < before, scores.c.evidence.is_not(None)]
        columns = [scores.c[name] for name in ("value", "verdict", "details")]
        rows = self.find(*where, order=[scores.c.order.desc()], limit=limit, columns=columns)
        details = [row.pop("details") for row in rows]
        guessed = [(each.get("estimate") or {}).get("score") for each in details]
        found = [{**row, "estimate": guess} for row, guess in zip(rows, guessed, strict=True)]
        return [row for row in found if row["estimate"] is not None and row["value"] is not None]

    def get(self, release: str, batch: str) -> Score | None:
        """Return one score, or None."""
        row = self.first(scores.c.release == release, scores.c.batch == batch)
        return Score(**{name: row[name] for name in _SCORE_FIELDS}) if row else None

    def latest(self, *, release: str | None = None, run: int | None = None) -> Row | None:
        """Return the newest score, of one release or as it stood after one run."""
        where = []
        if release is not None:
            where.append(scores.c.release == release)
        if run is not None:
            where.append(scores.c.run <= run)
        return self.first(*where, order=_NEWEST_SCORES)

    def history(self, *, run: int | None = None) -> list[Row]:
        """Return every score in order, of all runs or of one, without its heavy parts."""
        where = [] if run is None else [scores.c.run == run]
        columns = [c for c in scores.c if c.name not in _HEAVY]
        return self.find(*where, order=[scores.c.order, scores.c.at], columns=columns)

    def newest(self, limit: int, *, through_run: int, before: int | None = None) -> list[Row]:
        """Return the newest scores by a run, oldest first, without their heavy parts.

        With `before`, only of batches whose order is smaller.
        """
        where = [scores.c.run <= through_run]
        if before is not None:
            where.append(scores.c.order < before)
        columns = [c for c in scores.c if c.name not in _HEAVY]
        return self.find(*where, order=_NEWEST_SCORES, limit=limit, columns=columns)[::-1]

    def touched(self) -> tuple[str, str]:
        """Return the order of the newest score, and when it was written."""
        columns = [scores.c.order, scores.c.at]
        found = next(iter(self.find(order=_NEWEST_SCORES, limit=1, columns=columns)), None)
        return (str(found["order"]), found["at"]) if found else ("0", "-")

    def drawn(self, limit: int, *, through_run: int | None = None) -> list[Row]:
        """Return what a curve is drawn from, oldest first: numbers and names alone, of the newest scores.

        With ``through_run``, as they stood after that run.

        There may be ten thousand of them, so that each row is made with as little ado as can be.
        """
        columns = [scores.c[name] for name in _DRAWN]
        known = [] if through_run is None else [scores.c.run <= through_run]
        query = sa.select(*columns).where(self.mine(*known)).order_by(scores.c.order.desc()).limit(limit)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return [dict(zip(_DRAWN, row, strict=True)) for row in reversed(found)]

    def verdicts(self, release: str, *, limit: int) -> list[str]:
        """Return the verdicts on a release's newest batches, newest first."""
        order = [scores.c.order.desc()]
        found = self.find(scores.c.release == release, order=order, limit=limit, columns=[scores.c.verdict])
        return [row["verdict"] for row in found]


class Decisions(Shelf):
    """One row for each decision; its id names the batch and the kind, so that it is taken once."""

    def add(self, decision: Decision, *, order: int, run: int) -> Decision:
        """Write a decision unless it was taken before; return the one that stands."""
        values = {k: getattr(decision, k) for k in _DECISION_FIELDS if k != "id"}
        more = {"order": order, "run": run, "at": self.now()}
        self.put({"id": decision.id}, {**values, **more}, replace=False)
        standing = self.get(decision.id)
        assert standing is not None  # noqa: S101 — it was written, or was there, one line above
        return standing

    @remembered
    def get(self, decision: str) -> Decision | None:
        """Return one decision, or None."""
        row = self.first(decisions.c.id == decision)
        return _decision(row) if row else None

    def carried_out(self, decision: str) -> None:
        """Mark a decision as done."""
        self.change({"done": True}, decisions.c.id == decision)

    @remembered
    def open(self) -> list[Decision]:
        """Return decisions that were taken and not carried out, oldest first."""
        rows = self.find(decisions.c.done.is_(False), order=[decisions.c.order, decisions.c.at])
        return [_decision(row) for row in rows]

    def last_challenge(self, *, since: int) -> Row | None:
        """Return the order and the attempt of the newest comparison at the gate from an order on, or None."""
        # Most gates of a stream that drifts compare nothing: the database passes them over unread.
        compared = decisions.c.evidence["attempt"].as_integer().is_not(None)
        row = self.first(
            decisions.c.kind == "gate", decisions.c.order >= since, compared, order=_NEWEST_DECISIONS
        )
        return {"order": row["order"], "attempt": row["evidence"]["attempt"]} if row else None

    def defeated_by(self, release: str, *, order: int) -> str | None:
        """Return the champion that a release took over from at the gate after a batch, or None."""
        where = [decisions.c.kind == "gate", decisions.c.outcome == "promote", decisions.c.order == order]
        found = self.first(*where, decisions.c.release == release)
        return found["evidence"].get("champion") if found else None

    def last_rollback(self) -> Row | None:
        """Return the newest rollback if nothing went live at the gate after it, or None."""
        switched = decisions.c.outcome.in_(["promote", "rollback"])
        newest = [decisions.c.at.desc(), decisions.c.run.desc(), decisions.c.order.desc()]
        row = self.first(switched, order=newest)
        return row if row and row["kind"] == "rollback" else None

    def won(self, *, since: int) -> list[str]:
        """Return what was promoted from a batch on by being better than a champion or a constant."""
        gates = self.find(
            decisions.c.kind == "gate", decisions.c.outcome == "promote", decisions.c.order >= since
        )
        better = [
            row
            for row in gates
            if row["evidence"].get("p_value") is not None or "baseline" in row["evidence"]
        ]
        return list(dict.fromkeys(row["release"] for row in better))

    def of_batch(self, batch: str) -> list[Decision]:
        """Return what was decided about a batch, oldest first."""
        rows = self.find(decisions.c.batch == batch, order=[decisions.c.at, decisions.c.run])
        return [_decision(row) for row in rows]

    def gates(self, limit: int) -> list[Row]:
        """Return the newest comparisons at the gate first."""
        return self.find(decisions.c.kind == "gate", order=_NEWEST_DECISIONS, limit=limit)

    def about(self, release: str) -> list[Row]:
        """Return what was decided about a release, as the live one or as a challenger, oldest first."""
        acts = sa.or_(decisions.c.kind != "plan", decisions.c.outcome != "nothing")
        found = self.find(acts, order=[decisions.c.order, decisions.c.at])
        roles = ("champion", "challenger", "replaced", "from")
        return [
            row
            for row in found
            if row["release"] == release or release in (row["evidence"].get(role) for role in roles)
        ]

    def of_run(self, run: int) -> list[Row]:
        """Return what one run decided, in order, with times."""
        return self.find(decisions.c.run == run, order=[decisions.c.order, decisions.c.at])

    def since(self, moment: str) -> list[Row]:
        """Return what was decided from a moment on, plans aside, in order."""
        where = [decisions.c.kind != "plan", decisions.c.at >= moment]
        return self.find(*where, order=[decisions.c.at, decisions.c.id])

    def plans(self, *, after: int, through: int) -> list[Row]:
        """Return the plans of batches with ``after < order <= through``, in order."""
        where = [decisions.c.kind == "plan", decisions.c.order > after, decisions.c.order <= through]
        return self.find(*where, order=[decisions.c.order, decisions.c.at])

    def newest_plan(self, release: str) -> Row | None:
        """Return the newest plan that was made while a release was live, or None."""
        where = [decisions.c.kind == "plan", decisions.c.release == release]
        return self.first(*where, order=_NEWEST_DECISIONS)

    def plan_before(self, order: int) -> Row:
        """Return the evidence of the newest plan of an earlier batch; empty when there is none."""
        where = [decisions.c.kind == "plan", decisions.c.order < order]
        row = self.first(*where, order=_NEWEST_DECISIONS)
        return row["evidence"] if row else {}

    @remembered
    def decided_through(self) -> int:
        """Return the order of the newest batch whose plan is carried out, 0 when there is none."""
        plan = (decisions.c.kind == "plan", decisions.c.done.is_(True))
        row = self.first(*plan, order=[decisions.c.order.desc()])
        return int(row["order"]) if row else 0


class Incidents(Shelf):
    """One row for each alarm, from its opening to promotion, rollback or acknowledgement."""

    @remembered
    def open_for(self, release: str) -> Row | None:
        """Return the release's open incident, or None."""
        return self.first(incidents.c.release == release, incidents.c.state == "open")

    def open(self, release: str, batch: Batch, *, since: int) -> Row:
        """Open an incident for an alarm at `batch`; opening it again changes nothing."""
        key = {"id": f"{release}-{batch.order}"}
        values = {
            "release": release,
            "batch": batch.id,
            "order": batch.order,
            "since": since,
            "state": "open",
            "attempts": 0,
            "attempted_rows": 0,
            "closed_by": "",
            "opened_at": self.now(),
        }
        self.put(key, values, replace=False)
        return self.first(incidents.c.id == key["id"]) or {}

    def attempted(self, incident: str, *, attempts: int, rows: int) -> None:
        """Record that challengers are tried on the first `rows` labelled rows since the change."""
        values = {"attempts": attempts, "attempted_rows": rows}
        self.change(values, incidents.c.id == incident)

    def close(self, release: str, *, by: str) -> int:
        """Close a release's open incident; return how many were open."""
        values: dict[str, Any] = {"state": "closed", "closed_by": by, "closed_at": self.now()}
        return self.change(values, incidents.c.release == release, incidents.c.state == "open")

    def newest(self, limit: int) -> list[Row]:
        """Return the newest incidents first."""
        return self.find(order=[incidents.c.order.desc()], limit=limit)

    def open_or_since(self, moment: str, known: Collection[str]) -> list[Row]:
        """Return the incidents that are open, were opened from a moment on, or are known by their ids."""
        told = incidents.c.id.in_(list(known))
        wanted = sa.or_(incidents.c.state == "open", incidents.c.opened_at >= moment, told)
        return self.find(wanted, order=[incidents.c.order, incidents.c.id])

    def latest(self) -> Row | None:
        """Return the newest incident, open or closed."""
        return self.first(order=[incidents.c.order.desc()])


def _decision(row: Row) -> Decision:
    return Decision(**{name: row[name] for name in _DECISION_FIELDS})
