"""The first page with a long history: how long it takes, and how large it is.

    python -m bench.dashboard [--batches 10000] [--times 20] [--browser]

A ledger is filled through its own classes: batches with scores, drift, runs, releases, incidents and
decisions, every verdict among them. The page is asked for through the whole application. The floor is
the same page of a project with 50 batches; "undrawn" is the page after the ledger has gone on since the
tick drew its charts, so that the server draws them. With ``--browser`` Chromium says when it painted first.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench._history import keep_charts, project
from vigil.project import Project


def measure(client: Any, path: str, times: int) -> tuple[list[float], list[float], int]:
    """Ask for a page; return the seconds of each answer by the wall and by the processor, and its size.

    Both are given since a busy machine stretches the first and not the second.
    """
    taken, worked, size = [], [], 0
    for _ in range(times):
        begun, before = time.perf_counter(), time.process_time()
        answer = client.get(path, headers={"Accept": "text/html"})
        taken.append(time.perf_counter() - begun)
        worked.append(time.process_time() - before)
        size = len(answer.data)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code} {answer.text[:500]}")
    return taken, worked, size


@contextmanager
def served(made: Project, **more: list[str]) -> Iterator[str]:
    """Serve a project on a free port of this machine; ``more`` are commands in place of the usual ones."""
    from app import commands
    from vigil.web.application import build
    from vigil.web.server import bind
    from vigil.web.service import open_service

    service = open_service(made, commands=commands(made) | more, environ={}, host="127.0.0.1")
    server = bind(build(service), "127.0.0.1", 0, 4, service.traffic)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()


@contextmanager
def first_window(**look: Any) -> Iterator[Any]:
    """Open a page in a fresh Chromium, Debian's."""
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser.new_context(**look).new_page()
        browser.close()


def first_paint(address: str, times: int = 5) -> list[float]:
    """Return when Chromium first painted the page, in milliseconds from its being asked for."""
    found = []
    with first_window() as page:
        for _ in range(times):
            page.goto(address)
            found.append(painted(page))
    return found


def painted(page: Any) -> float:
    """Return when a page was first painted, in milliseconds; it may be some frames after its loading.

    Asked for again and again from outside: waiting inside the page would need what its policy forbids.
    """
    for _ in range(200):
        entries = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
        )
        if entries:
            return float(entries[0])
        page.wait_for_timeout(20)
    raise TimeoutError("nothing was painted within four seconds")


def told(client: Any, count: int, path: str, times: int, about: str = "") -> float:
    """Measure a page and print a line; return the seconds of the processor, the median."""
    taken, worked, size = measure(client, path, times)
    later, cpu = sorted(taken[1:]) or taken, statistics.median(worked[1:] or worked)
    print(
        f"{count:>8} {f'{path} {about}':28} {size / 1000:>6.0f} {taken[0] * 1000:>9.1f} "
        f"{statistics.median(later) * 1000:>10.1f} {later[-1] * 1000:>9.1f} {cpu * 1000:>7.1f}"
    )
    return cpu


def main() -> None:
    """Measure and print."""
    cli = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cli.add_argument("--batches", type=int, default=10_000, help="batches of the long history (10,000)")
    cli.add_argument("--times", type=int, default=20, help="requests of each page (20)")
    cli.add_argument("--browser", action="store_true", help="measure the first paint in Chromium too")
    options = cli.parse_args()
    from app import create_app

    with tempfile.TemporaryDirectory() as folder:
        made = {count: project(Path(folder) / str(count), batches=count) for count in (50, options.batches)}
        heads = f"{'first ms':>9} {'median ms':>10} {'worst ms':>9} {'cpu ms':>7}"
        print(f"{'batches':>8} {'page':28} {'KB':>6} {heads}")
        floor = 0.0
        for count, one in made.items():
            client = create_app(one, environ={}).test_client()
            for path in ("/", "/?last=10000", "/status", "/runs", "/models", "/faults", "/quarantine"):
                cpu = told(client, count, path, options.times)
                if path == "/":
                    ratio = cpu / floor if floor else 1.0
                    floor = floor or cpu
            shutil.rmtree(one.reports / "charts")
            told(client, count, "/", options.times, "undrawn")
            keep_charts(one)
        print(
            f"with {options.batches:,} batches the first page is {ratio:.2f} times the work of that with 50"
        )
        if options.browser:
            with served(made[options.batches]) as address:
                paints = first_paint(address)
            print(f"first paint {statistics.median(paints):.0f} ms (worst {max(paints):.0f})")
        for one in made.values():
            one.close()


if __name__ == "__main__":
    main()
