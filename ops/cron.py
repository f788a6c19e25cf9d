"""Add the tick to this user's crontab, as ``cronjob.txt`` says: ``make cron`` runs it there.

An earlier line of the same folder is replaced; all others stay. Standard library only.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Write the line, and say which; what stands in the way is said in words."""
    # To cron a percent sign ends the line, unless it is escaped.
    place = shlex.quote(str(Path.cwd())).replace("%", r"\%")
    line = Path("cronjob.txt").read_text(encoding="utf-8").strip().replace("__PROJECT__", place)
    Path("logs").mkdir(exist_ok=True)
    try:
        kept = [one for one in _listed() if not (f"cd {place} && " in one and "--trigger cron" in one)]
        _crontab("-", text="\n".join([*kept, line, ""]))
    except FileNotFoundError:
        return _failed("crontab is not installed here. python app.py --schedule runs the ticks as well.")
    except subprocess.CalledProcessError as error:
        return _failed(f"crontab: {error.stderr.strip()}. Nothing was changed.")
    print(f"added: {line}")
    return 0


def _failed(words: str) -> int:
    """Say what stands in the way; return the exit code."""
    print(words, file=sys.stderr)
    return 1


def _listed() -> list[str]:
    """Return the lines that there are; raises CalledProcessError when they cannot be read."""
    try:
        return _crontab("-l").splitlines()
    except subprocess.CalledProcessError as error:
        if "no crontab" in error.stderr:
            return []
        raise


def _crontab(argument: str, text: str = "") -> str:
    """Run the program, whose messages are to be in English."""
    spoken = {**os.environ, "LC_ALL": "C"}
    command = ["crontab", argument]  # the one that the user's own shell would find
    done = subprocess.run(command, input=text, env=spoken, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
