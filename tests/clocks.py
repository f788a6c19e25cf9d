"""A clock that a test moves, and that goes on a little whenever it is asked."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time, which goes on a little."""
        self.now += timedelta(milliseconds=1)
        return self.now
