from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vigil.web import limits
from vigil.web.limits import Limiter


@given(st.lists(st.floats(0, 5), max_size=60), st.floats(0.1, 20), st.integers(1, 10))
def test_no_client_gets_more_than_its_rate(pauses: list[float], rate: float, burst: int) -> None:
    """In any stretch of time from the beginning: at most the burst and what was refilled."""
    now = [0.0]
    limiter = Limiter(rate, burst, clock=lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        wait = limiter.take("one")
        passed += not wait
        assert passed <= burst + now[0] * rate + 1e-6
        if wait:
            now[0] += wait + 1e-9
            assert limiter.take("one") == 0
            passed += 1


def test_clients_do_not_share_and_nothing_grows() -> None:
    """Each has its own bucket; those not seen for longest are forgotten."""
    limiter = Limiter(1, 1, clock=lambda: 0.0)
    assert limiter.take("one") == 0
    assert limiter.take("one") > 0
    assert limiter.take("other") == 0
    for number in range(limits.REMEMBERED + 10):
        limiter.take(str(number))
    assert len(limiter._buckets) == limits.REMEMBERED


def test_a_rate_of_nothing_is_no_limit() -> None:
    """Which is what a project has unless its config says otherwise."""
    assert {Limiter(0, 0).take("one") for _ in range(100)} == {0.0}
