"""The evidence page is written by the commands that it names, and by nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bench import evidence

PAGE = """# Evidence

Prose before.

```console
$ python -m bench.one --quick
old figures
```

*Measured 2026-01-01: long ago.*

```console
$ python -m bench.two
other figures
```

Prose after, with `code`.
"""
NEW = evidence.Measured("new | \\1", "Measured today.")


def test_a_block_takes_what_its_command_printed() -> None:
    """One block changes, its note with it; prose and the other block stay to the letter."""
    page = evidence.replaced(PAGE, "bench.one --quick", NEW)
    assert "old figures" not in page
    assert "long ago" not in page
    block = "```console\n$ python -m bench.one --quick\nnew | \\1\n```\n\n*Measured today.*\n"
    assert block in page
    assert page.endswith(PAGE[PAGE.index("```console\n$ python -m bench.two") :])
    assert evidence.replaced(page, "bench.one --quick", NEW) == page


def test_blocks_are_chosen_by_the_benchs_name() -> None:
    """Without a choice every block is measured, in the page's order."""
    assert list(evidence.commands(PAGE)) == ["bench.one --quick", "bench.two"]
    assert list(evidence.commands(PAGE, ["two"])) == ["bench.two"]


def test_a_command_that_fails_is_no_measurement() -> None:
    """An option that a bench does not know ends in an error, not in a block of its words."""
    with pytest.raises(subprocess.CalledProcessError):
        evidence.measure("bench.pictures --no-such-option")


def test_a_goal_that_was_missed_is_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 with figures is a measurement; with a traceback it is none."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "missing_goal.py").write_text("import sys; print('found 0.94'); sys.exit(1)")
    (tmp_path / "broken_bench.py").write_text("print('found 0.94'); raise ValueError('no data')")
    assert evidence.measure("missing_goal").printed == "found 0.94"
    with pytest.raises(subprocess.CalledProcessError):
        evidence.measure("broken_bench")


def test_the_pages_commands_are_known() -> None:
    """Every block of the real page names a bench, and only options that it has."""
    for command in evidence.commands(Path("docs/evidence.md").read_text()):
        name, *words = command.split()
        source = Path(f"{name.replace('.', '/')}.py").read_text()
        assert [word for word in words if re.match("--", word) and f'"{word}"' not in source] == [], command
