"""When a message is sent: quiet hours in a time zone, repeats, retries, and the weekly digest."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from vigil.errors import VigilError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: Seconds before the first retry; each later one waits twice as long, up to the longest.
FIRST_RETRY, LONGEST_RETRY = 60.0, 6 * 3600.0


def zone_of(name: str) -> tzinfo:
    """Return a time zone, UTC also without a list of zones. Raises KeyError, OSError or ValueError."""
    return UTC if name == "UTC" else ZoneInfo(name)


def clock(text: str) -> time:
    """Read a time of day such as 22:00. Raises ValueError."""
    hour, _, minute = text.partition(":")
    if not (len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()):
        raise ValueError(f"{text!r} is no time of day such as 22:00")
    return time(int(hour), int(minute))


def weekly(text: str) -> tuple[int, time]:
    """Read a time of the week such as ``mon 08:00``. Raises ValueError."""
    day, _, at = text.strip().lower().partition(" ")
    if day not in DAYS:
        raise ValueError(f"{text!r} is no time of the week such as mon 08:00")
    return DAYS.index(day), clock(at.strip())


def after_quiet(now: datetime, begin: time, end: time, zone: str) -> datetime:
    """Return `now`, or the end of the quiet hours that it lies in.

    The hours are those of the zone's clocks: on the night when these are changed they are as long as
    the clocks say.
    """
    here = now.astimezone(zone_of(zone))
    at = here.time()
    inside = begin <= at < end if begin <= end else at >= begin or at < end
    if not inside:
        return now
    day = here.date() + timedelta(days=1 if begin > end and at >= begin else 0)
    return max(now, datetime.combine(day, end, here.tzinfo).astimezone(now.tzinfo))


def next_digest(after: datetime, setting: str, zone: str) -> datetime:
    """Return the first moment after `after` that a digest is due."""
    weekday, at = weekly(setting)
    here = after.astimezone(zone_of(zone))
    day = here.date() + timedelta(days=(weekday - here.weekday()) % 7)
    for days in (0, 7, 14):
        due = datetime.combine(day + timedelta(days=days), at, here.tzinfo).astimezone(after.tzinfo)
        if due > after:
            return due
    raise VigilError(f"no time after {after} is {setting}")


def retry(attempts: int, wait: float) -> timedelta:
    """Return how long to wait after so many tries, at least as long as the receiver asks for."""
    doubled = FIRST_RETRY * 2.0 ** min(attempts - 1, 20)
    return timedelta(seconds=max(wait, min(doubled, LONGEST_RETRY)))
