from __future__ import annotations

import io
from pathlib import Path

import pytest

from vigil.console import Console, runnable

MINE = Path("mine/config.json")


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("Run: python fullprocess.py", "Run: python fullprocess.py --config mine/config.json"),
        ("python diagnostics.py --fix 4-a", "python diagnostics.py --config mine/config.json --fix 4-a"),
        ("python app.py token add NAME", "python app.py token add --config mine/config.json NAME"),
        ("python scoring.py --config b.json", "python scoring.py --config b.json"),
        ("python app.py token list --config b.json", "python app.py token list --config b.json"),
        ("cron or app.py --schedule", "cron or app.py --schedule"),
    ],
)
def test_a_command_names_the_config_that_was_given(said: str, typed: str) -> None:
    """Once, where the command takes it; what names one already, or is no command, stays."""
    assert runnable(said, MINE) == typed
    assert runnable(typed, MINE) == typed


def test_the_usual_config_needs_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where commands would find it by themselves nothing is added; elsewhere the whole path is, quoted."""
    monkeypatch.chdir(tmp_path)
    assert runnable("python scoring.py", tmp_path / "config.json") == "python scoring.py"
    assert runnable("python scoring.py", Path("/a b/c.json")) == "python scoring.py --config '/a b/c.json'"


def test_a_console_says_what_can_be_typed() -> None:
    """Lines of a run pass through."""
    stream = io.StringIO()
    Console(stream, config=MINE).say("Run: python fullprocess.py")
    assert stream.getvalue() == "Run: python fullprocess.py --config mine/config.json\n"


def test_no_value_steers_the_terminal() -> None:
    """What a file holds is shown and not obeyed; tabs, line ends and letters stay."""
    stream = io.StringIO()
    Console(stream).say("stuck at \x1b[2J\x9b1m\x07\rred\tä\n€")
    assert stream.getvalue() == "stuck at \\x1b[2J\\x9b1m\\x07\\rred\tä\n€\n"


def test_what_a_terminal_cannot_show_is_written_by_number() -> None:
    """A log in ASCII, or half of a letter, ends no run."""
    content = io.BytesIO()
    console = Console(io.TextIOWrapper(content, encoding="ascii"))
    console.say("€ → \udcff")
    assert content.getvalue() == b"\\u20ac \\u2192 \\udcff\n"
