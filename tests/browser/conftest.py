"""One Chromium, and a service on a project with 10,000 batches, every verdict, and names that mean harm."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

from bench._history import SCRIPT, project
from bench.dashboard import served
from vigil.project import Project
from vigil.records import RowFault
from vigil.table import quarantine
from vigil.table.quarantine import Held

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once."""
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Give a project with a long history, a fault in its feed and rows in quarantine."""
    made = project(tmp_path_factory.mktemp("history"), batches=10_000)
    newest = made.ledger.batches.quarantined(before=10_001, limit=1)[0]
    faults = tuple(RowFault(line, SCRIPT, f"{SCRIPT} {line}", "not a number") for line in range(2, 232))
    quarantine.write(made.output / "quarantine", newest.id, newest.name, Held(faults, {}, 1, "."))
    found = {
        "batch": newest.id, "order": newest.order, "since": newest.order, "fault": "unit_change",
        "columns": [SCRIPT], "confidence": 0.98, "holds": False, "rows": 100, "act": "Look at the repair.",
        "what": f"The unit of {SCRIPT} has changed.", "evidence": {"factor": 1000, "name": SCRIPT},
        "repair": {"factor": 0.001},
    }  # fmt: skip
    made.ledger.faults.add("9-unit_change-1a2b", found, run=newest.order)
    yield made
    made.close()


@pytest.fixture(scope="session")
def address(history: Project) -> Iterator[str]:
    """Serve it; what would train or switch says so and does nothing."""
    said = [sys.executable, "-c", "import sys; print('done', *sys.argv[1:])"]
    with served(
        history, **dict.fromkeys(("run", "rollback", "acknowledge", "repair", "dismiss"), said)
    ) as found:
        yield found


class Watched:
    """A page whose every complaint is kept: errors in the console, breaches of policy, foreign requests."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self._address = address
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        context.route("**/*", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, route: Route) -> None:
        if not route.request.url.startswith(self._address):
            self.complaints.append(f"asked elsewhere: {route.request.url}")
        route.continue_()

    def go(self, path: str) -> Page:
        """Open a page of the service."""
        answer = self.page.goto(f"{self._address}{path}")
        assert answer is not None
        assert answer.status == 200, path
        return self.page


@pytest.fixture
def opened(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Give a fresh window; at the end there must have been nothing to complain of."""
    options: dict[str, Any] = getattr(request, "param", {})
    with browser.new_context(**options) as context:
        watched = Watched(context, address)
        yield watched
        assert watched.complaints == []
