"""The README's commands are typed in a copy of the project, in their order, and say what it shows.

Those that answer by HTTP, or change the machine, are left to other tests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: What `make run` does once it has made an environment.
LOOP = ("python fullprocess.py --input practicedata", "python fullprocess.py")

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: A release's name, which depends on the last digit that a processor computes; and a number in a line.
RELEASE, NUMBER = re.compile(r"\b[0-9a-f]{12}\b"), re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what a user has, without what he made."""
    home = tmp_path_factory.mktemp("readme")
    for path in [*ROOT.glob("*.py"), ROOT / "config.json", ROOT / "pyproject.toml"]:
        shutil.copy(path, home)
    for folder in ("vigil", "practicedata", "sourcedata"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return home


def shown() -> Iterator[tuple[str, str]]:
    """Yield each command of the README with what it shows below it."""
    for block in BLOCK.findall((ROOT / "README.md").read_text()):
        for part in f"\n{block}".split("\n$ ")[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def typed(home: Path, command: str) -> list[str]:
    """Run a command of the README in the copy; return its lines."""
    words = [sys.executable, *command.split()[1:]]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def agrees(line: str, other: str) -> bool:
    """Say whether two lines have the same words, and about the same numbers: processors differ a little."""
    line, other = RELEASE.sub("release", line), RELEASE.sub("release", other)
    if NUMBER.sub("#", line) != NUMBER.sub("#", other):
        return False
    ours, theirs = ([float(one.replace(",", "")) for one in NUMBER.findall(each)] for each in (line, other))
    return theirs == pytest.approx(ours, rel=0.05, abs=0.02)


def differences(wanted: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return the lines that are shown and not said; where "…" stands for none, also those not shown."""
    lost = [line for line in wanted if line != "…" and not any(agrees(line, one) for one in found)]
    if "…" in wanted:
        return lost
    return lost + [line for line in found if not any(agrees(line, one) for one in wanted)]


def test_the_readme_shows_what_its_commands_say(copy: Path) -> None:
    """Every line of `make run` and of the commands after it."""
    said = [line for command in LOOP for line in typed(copy, command)]
    compared = []
    for command, output in shown():
        wanted = [line for line in output.splitlines() if line]
        if command == "make run":
            wanted = [line for line in wanted if not line.startswith(("making an environment", "serve it:"))]
            found = said
        elif command.startswith("python ") and "app.py" not in command:
            found = typed(copy, command)
        else:
            continue
        compared.append(command)
        assert differences(wanted, found) == [], command
    assert len(compared) >= 7
