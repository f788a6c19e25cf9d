"""What a replay of electricity takes, start included: each policy in a process of its own, then both at once.

Run from the project's folder: VIGIL_DATA=folder python -m bench.replay_speed [--quick]

The floor is the policy ``never``: the same ticks take the same 127 batches in, look for faults and score, and
fit one model in all. What the default policy takes beyond it is its votes, fits and decisions. Python has
compiled the project before, as where it has run once. CPU seconds are also those of the process that draws,
which loads while the ticks run; megabytes are those of the replay alone. Ends with 1 where it takes longer
than is aimed at.
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench._lives import Life, lived
from vigil.command import seldom_collected

_HERE = Path(__file__).resolve().parents[1]
FLOOR, DEFAULT = "never", "vigil"
#: Seconds that the default policy may take.
AIM = 20.0


class Cost(NamedTuple):
    """Seconds on the clock and on the processor, and the most memory in megabytes."""

    seconds: float
    cpu: float
    memory: float


def cost(policies: tuple[str, ...], *, quick: bool) -> Cost:
    """Replay under some policies beside each other, each in a process of its own; return what all took."""
    more = ["--quick"] if quick else []
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bench.replay_speed", *more, "--one"]
    started = [subprocess.Popen([*command, policy]) for policy in policies]
    ended = [os.wait4(process.pid, 0)[1:] for process in started]
    seconds = time.perf_counter() - begun
    if any(status for status, _ in ended):
        raise SystemExit(f"a replay failed: {', '.join(policies)}")
    used = [usage for _, usage in ended]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in used)
    return Cost(seconds, cpu, sum(usage.ru_maxrss for usage in used) / 1000)


def main() -> int:
    """Print what each takes, or replay one policy."""
    parser = argparse.ArgumentParser(description="Measure what a replay takes.")
    parser.add_argument("--quick", action="store_true", help="ten batches")
    parser.add_argument("--one", metavar="POLICY", help="replay this policy and print nothing")
    options = parser.parse_args()
    if "VIGIL_DATA" not in os.environ:
        print("skipped: set VIGIL_DATA to the folder of electricity.csv")
        return 0
    if options.one:
        life = Life("electricity", "logistic", options.one)
        with seldom_collected():  # as every command does
            lived(Path(os.environ["VIGIL_DATA"]), life, quick=options.quick)
        return 0
    for folder, deep in ((_HERE, 0), (_HERE / "vigil", 9), (_HERE / "bench", 9)):
        compileall.compile_dir(folder, maxlevels=deep, quiet=1)
    print(f"{'policy':<16}{'seconds':>9}{'CPU s':>8}{'MB':>7}")
    rows = {
        ", ".join(some): cost(some, quick=options.quick) for some in ((FLOOR,), (DEFAULT,), (FLOOR, DEFAULT))
    }
    for name, row in rows.items():
        print(f"{name:<16}{row.seconds:>9.1f}{row.cpu:>8.1f}{row.memory:>7.0f}")
    print(f"the default policy takes {rows[DEFAULT].cpu / rows[FLOOR].cpu:.2f} times the CPU of the floor")
    if options.quick:
        return 0
    met = rows[DEFAULT].seconds <= AIM
    print(f"{rows[DEFAULT].seconds:.1f} s, of {AIM:.0f} s aimed at: {'reached' if met else 'not reached'}")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
