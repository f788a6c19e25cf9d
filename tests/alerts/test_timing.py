"""Quiet hours and digests by the clocks of a time zone, retries by doubling."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.alerts import timing

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe")
seconds = st.integers(1_735_689_600, 1_830_297_600)  # three years, from 2025 on
moments = seconds.map(lambda at: datetime.fromtimestamp(at, UTC))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@given(moments, times, times, st.sampled_from(ZONES))
def test_nothing_is_sent_in_quiet_hours_and_nothing_waits_for_longer(
    now: datetime, begin: time, end: time, zone: str
) -> None:
    """What waits is sent at the end of the quiet hours, by the wall's clock, within a day and an hour."""
    when = timing.after_quiet(now, begin, end, zone)
    assert now <= when <= now + timedelta(hours=25)
    here = now.astimezone(ZoneInfo(zone)).time()
    inside = begin <= here < end if begin <= end else here >= begin or here < end
    assert inside or when == now


def test_a_night_in_which_clocks_are_changed_ends_by_the_clock() -> None:
    """Seven in the morning in Berlin, in summer time."""
    late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    ended = timing.after_quiet(late, time(22), time(7), "Europe/Berlin")
    assert ended == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)


@given(moments, st.sampled_from(timing.DAYS), times, st.sampled_from(ZONES))
def test_a_digest_is_due_once_a_week(after: datetime, day: str, at: time, zone: str) -> None:
    """On its day and at its time in the zone; the next one seven days later, by the wall's clock."""
    setting = f"{day} {at:%H:%M}"
    due = timing.next_digest(after, setting, zone)
    assert after < due <= after + timedelta(days=7, hours=1)
    following = timing.next_digest(due, setting, zone)
    assert timedelta(days=6, hours=22) <= following - due <= timedelta(days=7, hours=2)


def test_retries_double_up_to_six_hours_and_heed_the_receiver() -> None:
    """A minute, two, four; and as long as the receiver asks for."""
    waits = [timing.retry(attempt, 0).total_seconds() for attempt in (1, 2, 3, 9, 10, 90)]
    assert waits == [60, 120, 240, 15360, 21600, 21600]
    assert timing.retry(1, 500).total_seconds() == 500


@pytest.mark.parametrize("text", ["", "7:00", "25:00", "22:60", "22.00", "noon", "²²:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    """With a ValueError, which the settings turn into a fault."""
    with pytest.raises(ValueError, match=r"."):
        timing.clock(text)


@pytest.mark.parametrize("text", ["", "mon", "monday 08:00", "08:00", "mon 8"])
def test_what_is_no_time_of_the_week_is_refused(text: str) -> None:
    """The same for the digest."""
    with pytest.raises(ValueError, match=r"."):
        timing.weekly(text)
