from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.web import limits
from vigil.web.limits import Limiter, OwnBuckets, SharedBuckets


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
    buckets = OwnBuckets()
    limiter = Limiter(1, 1, clock=lambda: 0.0, buckets=buckets)
    assert limiter.take("one") == 0
    assert limiter.take("one") > 0
    assert limiter.take("other") == 0
    for number in range(limits.REMEMBERED + 10):
        limiter.take(str(number))
    assert len(buckets) == limits.REMEMBERED


def test_a_rate_of_nothing_is_no_limit() -> None:
    """Which is what a project has unless its config says otherwise."""
    assert {Limiter(0, 0).take("one") for _ in range(100)} == {0.0}


_ASKED = st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.floats(0, 5)), max_size=60)


@settings(deadline=None)
@given(_ASKED, st.floats(0.1, 20), st.integers(1, 10))
def test_processes_together_let_through_what_one_would(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, float]], rate: float, burst: int
) -> None:
    """Whoever of two is asked: the same wait for every request as from one limiter for all."""
    now = [100.0]
    path = tmp_path_factory.mktemp("limits") / "rates"
    own = Limiter(rate, burst, clock=lambda: now[0])
    two = [Limiter(rate, burst, clock=lambda: now[0], buckets=SharedBuckets(path)) for _ in range(2)]
    for turn, (client, pause) in enumerate(asked):
        now[0] += pause
        assert two[turn % 2].take(client) == own.take(client)


def test_real_processes_at_once_take_no_permit_twice(tmp_path: Path) -> None:
    """Three that ask as often as they can get the burst and what is refilled, and no more."""
    code = (
        "import sys; from pathlib import Path; from vigil.web.limits import Limiter, SharedBuckets\n"
        "limiter = Limiter(1, 300, buckets=SharedBuckets(Path(sys.argv[1])))\n"
        "print(sum(not limiter.take('one') for _ in range(3_000)))"
    )
    begun = time.monotonic()
    command = [sys.executable, "-c", code, str(tmp_path / "rates")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    passed = sum(int(child.communicate(timeout=60)[0]) for child in children)
    assert 300 <= passed <= 300 + time.monotonic() - begun


def test_a_full_set_forgets_who_has_not_asked_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others keep what is left to them, and the file its size."""
    monkeypatch.setattr(limits, "SETS", 1)
    now = [100.0]
    path = tmp_path / "rates"
    limiter = Limiter(1e-6, 1, clock=lambda: now[0], buckets=SharedBuckets(path))
    size = path.stat().st_size
    for number in range(limits.PLACES + 1):
        now[0] += 1
        assert limiter.take(str(number)) == 0
    assert limiter.take(str(limits.PLACES)) > 0
    assert limiter.take("1") > 0
    assert limiter.take("0") == 0
    assert path.stat().st_size == size
