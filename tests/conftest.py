"""What all tests share: a small project on disk with a clock that stands still, and what a skip may be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from tests import postgres, s3
from vigil.console import Console
from vigil.project import Project

# How long one example takes says more about what else the machine does than about the code.
settings.register_profile("vigil", deadline=None)
settings.load_profile("vigil")

#: The reasons for which a test may be skipped where everything else is installed: real data, a peer's
#: published example, and a tracking server that weighs more than all the rest.
MAY_BE_ABSENT = ("VIGIL_DATA", "VIGIL_PEER_DATA", "VIGIL_MLFLOW")

ROOT = Path(__file__).resolve().parents[1]

#: Settings of the projects here: one quick model type, and files that need no rest.
SETTINGS = {
    "name": "small",
    "input_folder_path": "arriving",
    "output_folder_path": "ingested",
    "output_model_path": "models",
    "prod_deployment_path": "production",
    "target": "left",
    "positive": "yes",
    "model": "logistic",
    "settle_seconds": 0,
}


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **amount: float) -> None:
        """Move the clock on."""
        self.moment += timedelta(**amount)


@dataclass
class Site:
    """A project's folder as a user has it, and what a test does there."""

    root: Path
    clock: FixedClock = field(default_factory=FixedClock)
    said: list[str] = field(default_factory=list)
    opened: list[Project] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The config file."""
        return self.root / "config.json"

    @property
    def arriving(self) -> Path:
        """The folder of arriving files."""
        return self.root / "arriving"

    def configure(self, **changes: Any) -> None:
        """Write the config anew with some settings changed; None takes one out."""
        settings = json.loads(self.config.read_text()) if self.config.exists() else dict(SETTINGS)
        settings |= changes
        kept = {key: value for key, value in settings.items() if value is not None}
        self.config.write_text(json.dumps(kept))

    def write(self, name: str, text: str) -> Path:
        """Let a file arrive."""
        self.arriving.mkdir(exist_ok=True)
        path = self.arriving / name
        path.write_text(text)
        return path

    def leavers(self, name: str, rows: int = 300, *, seed: int = 1, **how: Any) -> Path:
        """Let a file of customers arrive, some of whom left."""
        return self.write(name, leavers(rows, seed=seed, **how))

    def project(self) -> Project:
        """Open the project; it is closed when the test ends."""
        project = Project(self.config, clock=self.clock, console=Console(_Lines(self.said)))
        self.opened.append(project)
        return project

    def take_in(self) -> dict[str, Any]:
        """Run the ingestion step alone, in the project opened anew; return what became of each file."""
        import ingestion
        from vigil.run import begun

        project = self.project()
        with begun(project, "test") as current:
            return {arrival.name: arrival for arrival in ingestion.run(project, run=current.number)}

    def taken_in(self, *files: tuple[str, int, int]) -> Project:
        """Let files of (name, rows, seed) arrive and take them in; return the project, opened anew."""
        for name, rows, seed in files:
            self.leavers(name, rows, seed=seed)
        self.take_in()
        return self.project()

    def tick(self, **options: Any) -> dict[str, Any]:
        """Run one tick in this process, without documents."""
        import fullprocess

        project = self.project()
        try:
            return fullprocess.tick(project, **{"report": False, **options})
        finally:
            project.close()

    def outcomes(self, found: dict[str, Any]) -> list[tuple[str, str]]:
        """Return what a tick decided: kinds and outcomes."""
        return [(decision["kind"], decision["outcome"]) for decision in found["decisions"]]


class _Lines:
    """A console's stream that keeps what is written."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, text: str) -> None:
        self._lines.extend(line for line in text.split("\n") if line)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def leavers(
    rows: int, *, seed: int = 1, turned: bool = False, random: bool = False, unlabelled: int = 0
) -> str:
    """Return customers as CSV: who is not active leaves.

    ``turned`` reverses the rule, ``random`` drops it; the first ``unlabelled`` rows have no label.
    """
    draw = np.random.default_rng(seed)
    activity, staff = draw.normal(0, 1, rows), draw.normal(0, 1, rows)
    region = draw.choice(["north", "south"], rows)
    logit = 0 * activity if random else (4 * activity if turned else -4 * activity) + (region == "south") - 1
    left = draw.random(rows) < 1 / (1 + np.exp(-logit))
    lines = ["customer,activity,staff,region,left"]
    for number in range(rows):
        label = "" if number < unlabelled else "yes" if left[number] else "no"
        name = f"c{seed}-{number}"
        lines.append(f"{name},{activity[number]:.4f},{staff[number]:.4f},{region[number]},{label}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def database_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of the tests' own; skipped where its programs are missing."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'l.db'}"
        return
    yield from _database(request.getfixturevalue("database_server"))


@pytest.fixture
def postgresql(database_server: postgres.Server) -> Iterator[str]:
    """The URL of an empty database on PostgreSQL."""
    yield from _database(database_server)


@pytest.fixture(scope="session")
def object_storage() -> Iterator[s3.Server]:
    """A server of the tests' own that speaks S3."""
    with s3.server() as server:
        yield server


def _database(server: postgres.Server) -> Iterator[str]:
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Make projects in folders of their own; give their names and the settings that differ."""
    made: list[Site] = []

    def make(folder: str = "site", **settings: Any) -> Site:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        site = Site(root)
        site.configure(**settings)
        site.arriving.mkdir(exist_ok=True)
        made.append(site)
        return site

    yield make
    for site in made:
        for project in site.opened:
            project.close()


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    """A project whose customers have a name to be known by."""
    made: Site = new_site(key=["customer"])
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was skipped, and why."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped {report.nodeid}: {_reason(report)}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail in CI when anything was skipped but for want of what a build may lack."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI") or hasattr(session.config, "workerinput"):
        return
    refused = [
        r for r in reporter.stats.get("skipped", []) if not any(name in _reason(r) for name in MAY_BE_ABSENT)
    ]
    if refused and session.exitstatus == 0:
        reporter.write_line(f"{len(refused)} tests were skipped, which CI does not allow")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reason(report: pytest.TestReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
