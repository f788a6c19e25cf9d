"""What a tick costs: with nothing new, with a file of 10,000 rows, and its report.

    python -m bench.tick

Each is a whole process, timed from outside, the best of a few; the floor beside the idle tick is a bare
interpreter that imports sqlite3, json and hashlib.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What an idle tick must not import.
HEAVY = ("sklearn", "pandas", "matplotlib", "sqlalchemy")


def main() -> None:
    """Measure, and print one figure a line."""
    argparse.ArgumentParser(description="What a tick costs, with news and without.").parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _lay_out(folder)
        _timed(folder, "fullprocess.py", "--input", "practicedata")
        ingest = _drive(folder, "sourcedata")
        print(f"full tick, 10,000 rows, no retraining, no report: {ingest[0]:.2f} s, {ingest[1]:.0f} MB")
        report = _timed(folder, "reporting.py")
        print(f"report: {report[0]:.2f} s, {report[1]:.0f} MB")
        _timed(folder, "fullprocess.py")
        idle = min(_timed(folder, "fullprocess.py") for _ in range(7))
        floor = min(_timed(folder, "-c", "import sqlite3, json, hashlib") for _ in range(7))
        ratio = idle[0] / floor[0]
        print(f"idle tick: {idle[0]:.3f} s, {idle[1]:.0f} MB; floor {floor[0]:.3f} s; {ratio:.1f} x")
        print(f"idle tick imports none of {', '.join(HEAVY)}: {_is_light(folder)}")


def _lay_out(folder: Path) -> None:
    """Write a project whose first file is the sample's, and whose second has 10,000 rows like it."""
    shutil.copytree(ROOT / "practicedata", folder / "practicedata")
    (folder / "sourcedata").mkdir()
    header, *rows = "".join(
        path.read_text() for path in sorted((ROOT / "sourcedata").glob("2026-0[23].csv"))
    ).splitlines()
    data = [row for row in rows if row != header]
    more = [row.replace("corp-", "firm-") for row in data]
    (folder / "sourcedata" / "next.csv").write_text("\n".join([header, *(data + more)[:10_000]]) + "\n")
    (folder / "config.json").write_text((ROOT / "config.json").read_text())


def _drive(folder: Path, arriving: str) -> tuple[float, float]:
    """Run a tick without its report."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import fullprocess; from pathlib import Path;"
        "from vigil.project import Project;"
        f"fullprocess.tick(Project(Path('config.json')), folder=Path({arriving!r}).absolute(), report=False)"
    )
    return _timed(folder, "-c", code)


def _timed(folder: Path, script: str, *options: str) -> tuple[float, float]:
    """Run a command of the project; return its seconds and its peak memory in MB."""
    command = [sys.executable, script if script == "-c" else str(ROOT / script), *options]
    begun = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        raise SystemExit(f"{script} ended with {status}")
    return seconds, usage.ru_maxrss / 1024


def _is_light(folder: Path) -> bool:
    """Say whether an idle tick imports nothing heavy."""
    code = (
        f"import sys, json; sys.path.insert(0, {str(ROOT)!r}); import fullprocess; fullprocess.main([]);"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(told.stdout.splitlines()[-1]) == []


if __name__ == "__main__":
    main()
