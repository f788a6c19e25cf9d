"""Measure again what docs/evidence.md shows, and write what came out where it stood.

    python -m bench.evidence [--only NAME ...] [--page docs/evidence.md] [--keep FILE]

On the page a block between ```console and ``` whose first line is ``$ python -m bench.…`` is what that
command printed, to the letter; a line behind it says when, on what and for how long. Everything else
is prose and stays. A command that fails leaves its block as it is; one that ends with 1 has missed its goal,
and what it printed is written all the same. A bench that takes hours may be run in slices, with its own
``--keep FILE``; with the same file given here, its block is put together from what is kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

#: A command, what it printed, and the line that says when.
BLOCK = re.compile(
    r"^```console\n\$ python -m (?P<command>bench\.[^\n]+)\n.*?^```\n(?:\n\*Measured [^\n]*\*\n)?",
    re.MULTILINE | re.DOTALL,
)

#: What a command ends with that has measured, and missed its goal.
MISSED = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What one command printed, and the line that says when, on what and for how long."""

    printed: str
    noted: str


def main() -> int:
    """Run the page's commands in turn, each block written as soon as it is known."""
    cli = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cli.add_argument("--only", nargs="+", metavar="NAME", help="only these benches' blocks")
    cli.add_argument(
        "--page", type=Path, default=Path("docs/evidence.md"), help="the page to rewrite (%(default)s)"
    )
    cli.add_argument("--keep", metavar="FILE", help="what slices of one bench kept; the rest is measured")
    options = cli.parse_args()
    failed = 0
    for command in commands(options.page.read_text(), options.only):
        print(f"python -m {command} …", end=" ", flush=True)
        try:
            measured = measure(command, options.keep)
        except subprocess.CalledProcessError as fault:
            failed += 1
            print(f"failed; its block stays.\n{fault.stderr[-2000:]}")
            continue
        options.page.write_text(replaced(options.page.read_text(), command, measured))
        print(measured.noted)
    return 1 if failed else 0


def commands(page: str, only: list[str] | None = None) -> Iterator[str]:
    """Yield the commands of a page's blocks, of some benches or of all."""
    for block in BLOCK.finditer(page):
        command = block["command"]
        if only is None or command.split()[0].removeprefix("bench.") in only:
            yield command


def measure(command: str, keep: str | None = None) -> Measured:
    """Run one command. Raises CalledProcessError when it fails, which a goal that is missed is not."""
    load, begun = os.getloadavg()[0], time.perf_counter()
    kept = ["--keep", keep] if keep else []
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command), *kept], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, MISSED) or "Traceback" in done.stderr or not done.stdout:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    seconds = time.perf_counter() - begun
    how = "in slices, which changes no count" if keep else f"load {load:.1f} before, {seconds:,.0f} s"
    noted = (
        f"Measured {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({processor()}), "
        f"Python {platform.python_version()}, {how}."
    )
    return Measured(done.stdout.strip("\n"), noted)


def replaced(page: str, command: str, measured: Measured) -> str:
    """Return the page with what a command printed in its block's place."""
    block = f"```console\n$ python -m {command}\n{measured.printed}\n```\n\n*{measured.noted}*\n"
    return BLOCK.sub(lambda found: block if found["command"] == command else found[0], page)


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    told = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.+)$", told.read_text(), re.MULTILINE) if told.exists() else []
    return " ".join(names[0].split()) if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
