"""The process that draws a replay: it draws what would be drawn here, tells its faults, and always ends."""

import os

import pytest

from vigil.errors import VigilError
from vigil.replaying.artist import Artist, Asked, drawn
from vigil.replaying.outcome import Outcome

ONE = Outcome(
    "never",
    "f1",
    "F1",
    True,
    0.7,
    None,
    0.71,
    3,
    1,
    100,
    0,
    2,
    1.5,
    ((2, 0.7), (3, 0.72), (4, 0.69)),
    (),
    (1,),
)


def ended(artist: Artist) -> bool:
    """Say whether an artist's process is gone, its exit code fetched."""
    try:
        os.kill(artist._process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_draws_what_would_be_drawn_here():
    """Pictures and page are those of this process, byte for byte."""
    with Artist() as artist:
        found = artist.draw([ONE], "shop", "1 May 2026")
    assert found == drawn(Asked([ONE], "shop", "1 May 2026"))
    assert found.over_time.startswith(b"\x89PNG")
    assert found.page.startswith(b"%PDF")
    assert ended(artist)


def test_what_cannot_be_drawn_is_told():
    """A fault in the other process is one here, in words and with its cause."""
    with pytest.raises(VigilError, match=r"could not be drawn \(ZeroDivisionError: .*\)"), Artist() as artist:
        artist.draw([], "shop", "1 May 2026")
    assert ended(artist)


def test_one_that_was_killed_is_told():
    """Where the other process says nothing, how it ended is said."""
    with Artist() as artist:
        artist._process.kill()
        with pytest.raises(VigilError, match=r"could not be drawn \(their process ended with -9\)"):
            artist.draw([ONE], "shop", "1 May 2026")


def test_it_ends_when_there_is_nothing_to_draw():
    """Whoever does not ask, or fails before, leaves no process behind."""
    with pytest.raises(KeyboardInterrupt), Artist() as artist:
        raise KeyboardInterrupt
    assert ended(artist)


def test_it_ends_when_its_replay_is_killed():
    """The input of a process that was killed ends, and with it the artist, without a word."""
    with Artist() as artist:
        process = artist._process
        process.stdin.close()
        process.stdin = None
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
