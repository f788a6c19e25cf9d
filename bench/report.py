"""What a run's report costs: time and size, for ten thousand rows and for ten million.

Run from the project's folder: python -m bench.report

Both projects are real: ticks took in the sample files, scored, trained and gated. The second is the first
with its ledger multiplied: each batch's profile is merged with itself a thousand times by the room's own
``merge``, which is what a thousand times as many rows of the same kind give, and the counts of batches,
files, scores and releases are multiplied alike. So the answers hold ten million rows without their being
read. Report, page and picture are then made by the same commands as ever, each in processes of their own
with the service that they ask.

The floor is a process that imports what a report cannot do without (matplotlib, reportlab, pypdf, Flask,
SQLAlchemy) and draws nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vigil.ledger import schema
from vigil.profiles import Profile, merge
from vigil.project import Project

ROOT = Path(__file__).resolve().parents[1]
TIMES = 1000
DOCUMENTS = ("report.pdf", "report.html", "confusionmatrix.png", "apireturns.json")
_COUNTS = ("rows", "accepted", "quarantined", "duplicates", "labelled")
_FLOOR = (
    "import matplotlib.figure, matplotlib.backends.backend_pdf, reportlab.platypus, pypdf, flask, sqlalchemy"
)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print one figure a line."""
    parser = argparse.ArgumentParser(description="Measure reports.")
    parser.add_argument("--runs", type=int, default=3, help="of each time the best of so many is told")
    runs = parser.parse_args(arguments).runs
    with tempfile.TemporaryDirectory() as scratch:
        small, large = Path(scratch) / "small", Path(scratch) / "large"
        lay_out(small)
        shutil.copytree(small, large)
        multiply(large)
        floor = min(timed(ROOT, "-c", _FLOOR) for _ in range(runs))
        sizes = []
        for folder in (small, large):
            took = min(reported(folder) for _ in range(runs))
            sizes.append(told(folder, took, floor))
        for name in DOCUMENTS:
            print(f"{name}: large / small {sizes[1][name] / sizes[0][name]:.3f}")


def lay_out(folder: Path) -> None:
    """Write a project of ten thousand rows, and run its ticks without reports."""
    for name, source in (
        ("a", "practicedata/2026-01"),
        ("b", "sourcedata/2026-02"),
        ("c", "sourcedata/2026-03"),
    ):
        lines = (ROOT / f"{source}.csv").read_text().splitlines()
        place = folder / "sourcedata" / f"{name}.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join(lines[:3501]) + "\n")
    (folder / "config.json").write_text((ROOT / "config.json").read_text())
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import fullprocess; from pathlib import Path;"
        "from vigil.project import Project;"
        "fullprocess.tick(Project(Path('config.json')), report=False)"
    )
    waiting = sorted((folder / "sourcedata").iterdir())
    later = folder / "later"
    later.mkdir()
    for path in waiting[1:]:
        path.rename(later / path.name)
    for path in [None, *sorted(later.iterdir())]:
        if path is not None:
            path.rename(folder / "sourcedata" / path.name)
        timed(folder, "-c", code)


def multiply(folder: Path) -> None:
    """Make the ledger say a thousand times as many rows of the same kind."""
    project = Project(folder / "config.json")
    ledger = project.ledger
    for row in ledger.batches.find():
        counts = {name: row[name] * TIMES for name in _COUNTS if name in row}
        whole = merge([Profile.from_json(row["profile"])] * TIMES).to_json()
        ledger.batches.change({**counts, "profile": whole}, schema.batches.c.id == row["id"])
    for row in ledger.files.find():
        details = row["details"]
        details |= {name: details[name] * TIMES for name in _COUNTS if name in details}
        ledger.files.change({"details": details}, schema.files.c.path == row["path"])
    for row in ledger.scores.find():
        counts = {name: row[name] * TIMES for name in ("rows", "labelled", "unseen_rows")}
        mine = (schema.scores.c.release == row["release"], schema.scores.c.batch == row["batch"])
        ledger.scores.change({**counts, "details": _multiplied(row["details"])}, *mine)
    for row in ledger.releases.find():
        facts = {**row["facts"], "trained_rows": row["facts"]["trained_rows"] * TIMES}
        reference = _multiplied(row["reference"])
        ledger.releases.change({"facts": facts, "reference": reference}, schema.releases.c.id == row["id"])
    shutil.rmtree(project.output / "profiles", ignore_errors=True)
    print(f"large: {sum(batch.rows for batch in ledger.batches.all()):,} rows in the ledger")
    project.close()


def _multiplied(value: Any, key: str = "") -> Any:
    """Multiply counts of rows, wherever they stand: whole numbers under names that count, and matrices."""
    if isinstance(value, dict):
        return {name: _multiplied(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_multiplied(inner, key) for inner in value]
    counts = key in ("confusion", "rows", "counts")
    return value * TIMES if counts and isinstance(value, int | float) else value


def reported(folder: Path) -> tuple[float, float]:
    """Write the last run's report anew, and the cards; return its seconds."""
    project = Project(folder / "config.json")
    last = project.ledger.runs.latest(limit=1)[0]["run"]
    project.ledger.runs.change({"reported": True})
    project.ledger.runs.change({"reported": False}, schema.runs.c.run == last)
    project.close()
    shutil.rmtree(folder / "reports", ignore_errors=True)
    return timed(folder, str(ROOT / "reporting.py"))


def timed(folder: Path, *command: str) -> tuple[float, float]:
    """Run a command in a process of its own; return seconds on the wall and of the processors."""
    began, used = time.perf_counter(), _used()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *command], cwd=folder, check=True, capture_output=True, env=environ)
    return time.perf_counter() - began, _used() - used


def _used() -> float:
    """Return the processors' seconds of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def told(folder: Path, took: tuple[float, float], floor: tuple[float, float]) -> dict[str, int]:
    """Print one project's figures; return the documents' sizes."""
    report = next(path for path in sorted((folder / "reports").iterdir()) if path.name.isdecimal())
    sizes = {name: (report / name).stat().st_size for name in DOCUMENTS}
    rows = json.loads((report / "apireturns.json").read_text())["summarystats"]["rows"]
    print(
        f"{rows:,} rows: {took[0]:.2f} s, {took[1]:.2f} s of the processors, "
        f"{took[1] / floor[1]:.1f} times the floor of {floor[1]:.2f} s"
    )
    for name, size in sizes.items():
        print(f"  {name}: {size / 1000:.0f} kB")
    return sizes


if __name__ == "__main__":
    main()
