"""What people are told about, and the outbox in which each message waits until it is delivered."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from vigil.ledger.schema import alerts, facts, outbox
from vigil.ledger.shelf import Row, Shelf

#: An alert that has not ended.
STANDING = ("open", "acknowledged")


class Alerts(Shelf):
    """One row for each alert.

    ``state`` is ``open``, ``acknowledged`` (known, and not repeated), ``resolved``, or ``noted`` for what
    happened at one moment and needs nobody.
    """

    def standing(self) -> list[Row]:
        """Return the alerts that have not ended, oldest first."""
        return self.find(alerts.c.state.in_(STANDING), order=[alerts.c.raised, alerts.c.id])

    def newest(self, limit: int) -> list[Row]:
        """Return the newest alerts first, ended ones too."""
        return self.find(order=[alerts.c.raised.desc(), alerts.c.id], limit=limit)

    def subjects(self, kind: str) -> dict[str, int]:
        """Return how often each subject of a kind was raised."""
        query = sa.select(alerts.c.subject, sa.func.count()).where(self.mine(alerts.c.kind == kind))
        with self._engine.connect() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query.group_by(alerts.c.subject))}

    def get(self, alert: str) -> Row | None:
        """Return one alert, or None."""
        return self.first(alerts.c.id == alert)

    def acknowledge(self, alert: str, *, by: str) -> int:
        """Mark an open alert as known to somebody; return how many there were."""
        values = {"state": "acknowledged", "acknowledged_by": by[:128]}
        return self.change(values, alerts.c.id == alert, alerts.c.state == "open")

    def commit(
        self, made: Sequence[Row], changed: Sequence[tuple[str, Row]], letters: Sequence[Row], fact: Row
    ) -> None:
        """Write new alerts, changes of standing ones, their messages and facts, all or none.

        Messages of an alert that has ended, and that nobody has tried to send yet, are taken back: what
        says that it has ended says also what it was.
        """
        mine = {"project": self._project}
        with self._engine.begin() as connection:
            if made:
                connection.execute(alerts.insert(), [mine | row for row in made])
            for alert, values in changed:
                connection.execute(alerts.update().where(self.mine(alerts.c.id == alert)).values(**values))
                if "ended" in values:
                    connection.execute(self._taken_back(alert))
            if letters:
                number = self._next_number(connection)
                rows = [mine | row | {"number": number + index} for index, row in enumerate(letters)]
                connection.execute(outbox.insert(), rows)
            for key, value in fact.items():
                same = sa.and_(facts.c.project == self._project, facts.c.key == key)
                connection.execute(facts.delete().where(same))
                connection.execute(facts.insert().values(**mine, key=key, value=str(value)))

    def _taken_back(self, alert: str) -> sa.Update:
        waiting = sa.and_(outbox.c.state == "pending", outbox.c.attempts == 0)
        same = sa.and_(outbox.c.project == self._project, outbox.c.alert == alert, waiting)
        return outbox.update().where(same).values(state="taken back")

    def _next_number(self, connection: sa.Connection) -> int:
        query = sa.select(sa.func.max(outbox.c.number)).where(outbox.c.project == self._project)
        return int(connection.execute(query).scalar() or 0) + 1


class Messages(Shelf):
    """One row for each message to one channel, in the order in which they were written.

    ``state`` is ``pending``, ``delivered``, ``failed`` (set aside until a person asks to try again) or
    ``taken back``.
    """

    def due(self, now: str, limit: int) -> list[Row]:
        """Return what is to be sent now, in order."""
        where = [outbox.c.state == "pending", outbox.c.due <= now]
        return self.find(*where, order=[outbox.c.number], limit=limit)

    def delivered(self, message: str) -> None:
        """Mark a message as taken by its receiver."""
        values: Row = {"state": "delivered", "ended": self.now(), "error": ""}
        self.change(values | {"attempts": outbox.c.attempts + 1}, outbox.c.id == message)

    def failed(self, message: str, error: str) -> None:
        """Set a message aside for good."""
        values: Row = {"state": "failed", "ended": self.now(), "error": error[:2000]}
        self.change(values | {"attempts": outbox.c.attempts + 1}, outbox.c.id == message)

    def delayed(self, message: str, channel: str, error: str, *, until: str) -> None:
        """Note a try that failed; the channel's other messages wait as long, so that they stay in order."""
        tried: Row = {"attempts": outbox.c.attempts + 1, "error": error[:2000], "due": until}
        self.change(tried, outbox.c.id == message)
        waiting = (outbox.c.channel == channel, outbox.c.state == "pending", outbox.c.due < until)
        self.change({"due": until}, *waiting)

    def try_again(self) -> int:
        """Let messages that were set aside be sent once more; return how many."""
        values: Row = {"state": "pending", "attempts": 0, "ended": None, "due": self.now()}
        return self.change(values, outbox.c.state == "failed")

    def next_due(self) -> str | None:
        """Return when the next message is to be sent, or None."""
        query = sa.select(sa.func.min(outbox.c.due)).where(self.mine(outbox.c.state == "pending"))
        with self._engine.connect() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def newest(self, limit: int) -> list[Row]:
        """Return the newest messages first."""
        return self.find(order=[outbox.c.number.desc()], limit=limit)
