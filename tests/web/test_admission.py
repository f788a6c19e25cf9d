from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.web.admission import CROWDED, MANY, PATIENT, SOON, WITHIN, Admission, Work, bound_of, unread_for


def test_a_burst_passes_and_an_overload_does_not() -> None:
    """As long as few found no room all are answered; from then on late ones are turned away, for a while."""
    now = [100.0]
    judge = Admission(clock=lambda: now[0])
    for _ in range(MANY - 1):
        judge.note()
        assert not judge.turns_away(0.2, SOON)
    judge.note()
    assert judge.turns_away(0.2, SOON)
    assert not judge.turns_away(SOON, SOON)
    now[0] += WITHIN + 0.01
    assert not judge.turns_away(0.2, SOON)


def test_an_overload_lasts_while_many_are_turned_away() -> None:
    """Each that is turned away counts like one without room; a lone client does not keep it up."""
    now = [0.0]
    judge = Admission(clock=lambda: now[0])
    for _ in range(MANY):
        judge.note()
    for pause, expected in ((WITHIN / MANY, True), (2 * WITHIN / MANY, False)):
        for _ in range(3 * MANY):
            now[0] += pause
            found = judge.turns_away(1.0, SOON)
        assert found is expected


@given(st.lists(st.tuples(st.floats(0, 0.2), st.floats(0, 1), st.booleans()), max_size=200))
def test_who_is_turned_away_was_late_amid_many(steps: list[tuple[float, float, bool]]) -> None:
    """Never a request in time, never without so many others within that time."""
    now = [0.0]
    judge = Admission(clock=lambda: now[0])
    noted: list[float] = []
    for pause, waited, is_full in steps:
        now[0] += pause
        if is_full:
            judge.note()
            noted.append(now[0])
        near = sum(now[0] - then <= WITHIN for then in noted)
        away = judge.turns_away(waited, SOON)
        assert away == (waited > SOON and near >= MANY)
        noted += [now[0]] * away


def test_work_adds_up_by_what_bytes_cost_lately() -> None:
    """A large body by its own size, a small one as small ones did; what ends is taken off."""
    work = Work()
    assert work.begin(100_000) == 0.0
    work.end(0.0, 100_000, 0.01)
    work.end(0.0, 500, 0.001)
    costs = [work.begin(200_000), work.begin(40)]
    assert costs == pytest.approx([0.02, 0.001])
    assert work.ahead == pytest.approx(0.021)
    for cost in costs:
        work.end(cost)
    assert 0.0 <= work.ahead < 1e-9
    for _ in range(100):
        work.end(0.0, 100_000, 0.03)
    assert work.begin(100_000) == pytest.approx(0.03, rel=0.01)


def test_a_loaded_release_makes_no_queue() -> None:
    """Four answers that took half a second, as a release was loaded, do not make 31 behind them a crowd."""
    work = Work()
    for _ in range(20):
        work.learn(500, 0.0003)
    for _ in range(4):
        work.learn(500, 0.5)
    for _ in range(31):
        work.begin(500)
    assert 0 < work.ahead < CROWDED
    for _ in range(100):
        work.learn(500, 0.02)
    assert 31 * work.cost(500) < CROWDED


@pytest.mark.parametrize(
    ("each_second", "cost", "overloaded"),
    [(62, 0.0003, False), (800, 0.003, True), (16, 0.1, True), (16, 0.01, False)],
)
def test_those_that_always_ask_too_soon_are_an_overload_by_their_work(
    each_second: int, cost: float, overloaded: bool
) -> None:
    """Some that cost little are let in again, however often they come; many that cost much are not."""
    now = [0.0]
    judge = Admission(lambda: now[0])
    for _ in range(3 * each_second):
        now[0] += 1 / each_second
        judge.note_soon(cost)
    assert judge.is_overloaded == overloaded
    now[0] += WITHIN + 0.01
    assert not judge.is_overloaded


def test_a_person_is_more_patient_than_a_program() -> None:
    """Predictions have the short bound, everything else the long one."""
    assert bound_of("POST", "/prediction") == SOON
    assert {bound_of("GET", "/prediction"), bound_of("POST", "/outcomes"), bound_of("", "")} == {PATIENT}


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux tells")
def test_the_system_knows_how_long_bytes_have_been_here() -> None:
    """From their arrival on, whether the connection was accepted by then or not."""
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"hello")
        time.sleep(0.1)
        server, _ = listener.accept()
        with server:
            assert 0.08 <= unread_for(server) < 5
            server.recv(5)
            begun = time.monotonic()
            client.sendall(b"again")
            lay = unread_for(server)
            assert lay <= time.monotonic() - begun + 0.02  # the system counts in ticks of its own


def test_nobody_waits_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TCP_INFO, and of a connection that is closed, nothing is known, and nobody is late."""
    with socket.socket() as connection:
        monkeypatch.delattr(socket, "TCP_INFO", raising=False)
        assert unread_for(connection) == 0.0
    monkeypatch.undo()
    assert unread_for(connection) == 0.0
