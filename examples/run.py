"""Run the four examples by the real commands, one file after the other, and print one table.

    python examples/run.py [--data FOLDER] [--only NAME ...] [--out FOLDER] [--pages]

Each example gets a folder of its own with its config and its contract; its files arrive there one by
one, and after each ``fullprocess.py`` runs. Without ``--data`` the files are generated; with it they
are loaded from the real ones that the folder holds, and an example whose file is not among them is
left out. Where a file is refused and the example has a ``contract-2.json``, that is put in force, as a
person would edit it, and the tick runs again. With ``--pages`` what was printed of an example replaces
what stands on its page.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PROBLEMS = ("attrition", "income", "churn", "rentals")
HEADER = ("problem", "data", "rows", "model", "metric", "baseline", "verdicts", "drift", "time", "report")

Answer = dict[str, Any]


def run(names: Sequence[str], out: Path, data: Path | None, *, pages: bool = False) -> list[tuple[str, ...]]:
    """Run the named examples in folders below `out`; return the table's rows."""
    found = []
    for name in names:
        begun = time.monotonic()
        site = Site(name, out / name)
        if site.prepare(data):
            site.play()
            found.append(site.row("real" if data else "generated", time.monotonic() - begun))
            if pages:
                site.write_page(found[-1])
    return found


class Site:
    """One example's folder, and what is done there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.example = HERE / name
        self.folder = folder
        self.settings = json.loads((self.example / "config.json").read_text())
        self.input = folder / self.settings["input_folder_path"]
        self.output = folder / self.settings["output_folder_path"]
        self.said: list[str] = []

    def prepare(self, data: Path | None) -> bool:
        """Lay out config, contract and the files to come; say and return False where there are none."""
        self.input.mkdir(parents=True)
        self.output.mkdir()
        shutil.copy(self.example / "config.json", self.folder)
        shutil.copy(self.example / "contract.json", self.output)
        later = self.folder / "later"
        if data is None:
            checked(python(self.example / "generate.py", "--out", later))
            return True
        if not (self.example / "load.py").exists():
            self.say("left out: there is no public data of this kind")
            return False
        loaded = python(self.example / "load.py", data, "--out", later)
        if loaded.returncode:
            self.say(f"left out: {loaded.stderr.strip()}")
        return not loaded.returncode

    def play(self) -> None:
        """Let the files arrive one by one, and run a tick after each."""
        for folder in ("practicedata", "sourcedata"):
            for file in sorted((self.folder / "later" / folder).iterdir()):
                shutil.copy(file, self.input)
                if "refused" in self.tick() and (self.example / "contract-2.json").exists():
                    self.say("the contract is edited")
                    shutil.copy(self.example / "contract-2.json", self.output / "contract.json")
                    self.tick()

    def tick(self) -> list[str]:
        """Run one tick, say what it did, and return what became of the files."""
        answer = checked(python(ROOT / "fullprocess.py", "--config", self.folder / "config.json", "--json"))
        found: Answer = json.loads(answer.stdout)
        for file in found.get("files", []):
            self.say(f"{file['name']} {file['status']}{told(file)}")
        for decision in found.get("decisions", []):
            self.say(f"  {decision['outcome']}: {decision['reason']}")
        return [file["status"] for file in found.get("files", [])]

    def row(self, origin: str, seconds: float) -> tuple[str, ...]:
        """Return the example's line of the table, from the answers that its last report is made of."""
        folder = max(path for path in (self.folder / "reports").iterdir() if path.name.isdecimal())
        answers: Answer = json.loads((folder / "apireturns.json").read_text())
        models = answers["models"]
        live = next((row for row in models["releases"] if row["id"] == models["live"]), None)
        verdicts = [score["verdict"] for score in answers["scoring"]["history"]]
        return (
            self.name,
            origin,
            f"{answers['summarystats']['rows']:,}",
            live["model"] if live else "none",
            shown(answers["scoring"]["metric"], live),
            number(live["baseline"]) if live else "",
            counted(verdicts),
            drifted(answers["diagnostics"]),
            f"{seconds:.0f} s",
            str(folder / "report.pdf"),
        )

    def write_page(self, row: tuple[str, ...]) -> None:
        """Put what was printed, and the example's line of the table, where they stand on its page."""
        page = self.example / "README.md"
        printed = "\n".join([*self.said, "", table([HEADER, row])]).replace(str(self.folder.parent), "…")
        block = re.compile(rf"^```\n{self.name}: .*?\n```$", re.MULTILINE | re.DOTALL)
        page.write_text(block.sub(lambda _: f"```\n{printed}\n```", page.read_text(), count=1))

    def say(self, words: str) -> None:
        """Say on the console what happens where, and write it into the example's log with the time."""
        self.said.append(f"{self.name}: {words}")
        print(self.said[-1], flush=True)
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} {words}\n")


def told(file: Answer) -> str:
    """Say of a file what is more than its being there."""
    if file["status"] != "ingested":
        return f": {file['reason']}" + "".join(
            f" Line {fault['line']}, {fault['column']} {fault['value']}: {fault['rule']}."
            for fault in file["faults"][:1]
        )
    counts = [(file["quarantined"], "quarantined"), (file["duplicates"], "duplicates dropped")]
    more = ", ".join(f"{count:,} {words}" for count, words in counts if count)
    return f": {file['accepted']:,} rows" + (f", {more}" if more else "")


def shown(metric: str, live: Answer | None) -> str:
    """Write the live release's held-out score with its interval."""
    if live is None:
        return metric
    low, high = live["interval"] or (None, None)
    return f"{metric} {number(live['reference'])} [{number(low)}, {number(high)}]"


def number(value: float | None) -> str:
    """Write a number with three digits that count."""
    return "–" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def drifted(diagnostics: Answer) -> str:
    """Say how many columns of the last scored batch are shown to differ from the training rows."""
    columns = diagnostics["drift"]
    if diagnostics["drift_of"] is None:
        return "–"
    return f"{sum(row['verdict'] == 'drift' for row in columns)} of {len(columns)}"


def counted(verdicts: Sequence[str]) -> str:
    """Write verdicts in order, runs of equal ones counted."""
    runs = [(name, len(list(same))) for name, same in groupby(verdicts)]
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in runs)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in padded)


def python(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a Python file from the project's root."""
    line = [sys.executable, *map(str, command)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 — our own


def checked(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Pass on what went well; stop with a command's own words when it did not."""
    if done.returncode:
        sys.exit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")
    return done


def main() -> None:
    """Read the command line, run, and print the table."""
    parser = argparse.ArgumentParser(description="Run the four examples and print one table.")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where the real files lie")
    parser.add_argument("--only", nargs="+", choices=PROBLEMS, default=PROBLEMS, metavar="NAME")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="an empty folder to work in (a new one)")
    parser.add_argument("--pages", action="store_true", help="write what is printed into the examples' pages")
    options = parser.parse_args()
    if options.pages and options.data:
        parser.error("the pages show generated data: --pages goes without --data")
    out = (options.out or Path(tempfile.mkdtemp(prefix="vigil-examples-"))).absolute()
    data = options.data.absolute() if options.data else None
    rows = run(options.only, out, data, pages=options.pages)
    if not rows:
        sys.exit("No example has its file there: the page of each says what it is called.")
    print("\n" + table([HEADER, *rows]))


if __name__ == "__main__":
    main()
