"""Pictures of all that a person looks at, taken from pages and documents as they are: nothing is painted.

    python -m bench.pictures [--to docs/pictures]     the three pictures of the README
    python -m bench.pictures --all DIR                every state, page and document, to be looked at

With ``--all``, DIR has: ``states``, the first page in each state that it can be in; ``pages``, every page
of a project with harmful names; both in light, dark and on a phone. ``documents`` has each page of the
report of every situation, its page for the browser, the card and the confusion matrix. Each folder has
contact sheets, to see many at once. Made-up histories are served on this machine and looked at with
Debian's Chromium; PDF pages are drawn by poppler's pdftoppm.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, chdir
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._history import SCRIPT, project
from bench.dashboard import first_window, served
from tests.documents.cases import CASES, answers
from vigil.alerts import desk
from vigil.alerts.finding import Finding
from vigil.alerts.settings import opened
from vigil.ledger.glance import PAUSED, mark
from vigil.ledger.schema import releases
from vigil.ledger.shelf import timestamp
from vigil.project import Project
from vigil.records import RowFault
from vigil.table import quarantine
from vigil.table.quarantine import Held

#: Name, length of the history, address, and how it is looked at.
PICTURES: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
    ("overview", 560, "/", {"viewport": {"width": 1000, "height": 1080}}),
    ("worse-dark", 799, "/", {"viewport": {"width": 1000, "height": 1080}, "color_scheme": "dark"}),
    ("phone", 795, "/", {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}),
)

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1000, "height": 900}},
    "dark": {"viewport": {"width": 1000, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}

PAGES = (
    "/", "/?last=10000", "/runs", "/runs/799", "/models", "/models/compare", "/models/{live}/card", "/faults",
    "/quarantine", "/quarantine/{batch}", "/alerts", "/audit", "/docs", "/login", "/no-such-page",
)  # fmt: skip

#: Dots from above to below that a picture on a sheet has, and pictures in one row.
TALL, ROW = 1500, 4


def main() -> None:
    """Take them, and say where they are."""
    cli = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cli.add_argument("--to", type=Path, default=Path("docs/pictures"), help="where the README's go")
    cli.add_argument("--all", type=Path, metavar="DIR", help="take every state, page and document instead")
    cli.add_argument("--only", choices=("states", "pages", "documents"), help="of all, one sort")
    options = cli.parse_args()
    if options.all is None:
        of_the_readme(options.to)
        return
    for name, take in {"states": states, "pages": pages, "documents": documents}.items():
        if options.only in (None, name):
            take(options.all / name)
            for sheet in sheets(options.all / name):
                print(sheet)


def of_the_readme(folder: Path) -> None:
    """Take the pictures of the README, and say how large they are."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.absolute()
    with tempfile.TemporaryDirectory() as work:
        for name, batches, path, look in PICTURES:
            made = project(Path(work) / name, batches=batches, harmful=False)
            with _at_home(made), served(made) as address, first_window(**look) as page:
                page.goto(f"{address}{path}")
                page.screenshot(path=str(folder / f"{name}.png"))
            made.close()
            fewer_colours(folder / f"{name}.png")
            print(f"{folder / name}.png: {(folder / f'{name}.png').stat().st_size / 1000:.0f} KB")


def fewer_colours(path: Path) -> None:
    """Write a picture with 160 colours, which is a third of its size and no other sight."""
    from PIL import Image

    picture = Image.open(path).convert("RGB")
    picture.quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)


#: Opens what is folded in.
UNFOLD = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


def states(folder: Path) -> None:
    """Take the first page in every state, each made by what leads to it."""
    with tempfile.TemporaryDirectory() as work:
        for name, (batches, change) in STATES.items():
            made = project(Path(work) / name, batches=batches, harmful=False)
            change(made)
            looked = _looked_at(made)
            seen(looked, {name: "/"}, folder)
            looked.close()


def pages(folder: Path) -> None:
    """Take every page of a project whose names mean harm, with something on each page."""
    with tempfile.TemporaryDirectory() as work:
        made = project(Path(work) / "harm", batches=799)
        batch = made.ledger.batches.quarantined(before=800, limit=1)[0]
        lines = tuple(RowFault(line, SCRIPT, f"{SCRIPT} {line}", "not a number") for line in range(2, 60))
        quarantine.write(made.output / "quarantine", batch.id, batch.name, Held(lines, {}, 1, "."))
        _fault(made, holds=False)
        _alerts(made)
        made.ledger.audits.add(who="anna", what="run", outcome="done", details="Nothing new.")
        live = made.ledger.releases.deployed()[0]["id"]
        paths = {
            path.strip("/").split("{")[0].replace("/", "-").replace("?", "-") or "front": path.format(
                live=live, batch=batch.id
            )
            for path in PAGES
        }
        seen(made, paths, folder)
        made.close()


def documents(folder: Path) -> None:
    """Take every page of every document, of each situation that there is."""
    from vigil import documents as made

    folder.mkdir(parents=True, exist_ok=True)
    with first_window(viewport={"width": 1000, "height": 900}) as page:
        for case in sorted(CASES):
            told = answers(case)
            for name in made.names():
                place = folder / f"{case}-{name}"
                place.write_bytes(made.build(name, told))
                if name.endswith(".html"):
                    for scheme in ("light", "dark"):
                        page.emulate_media(color_scheme=scheme)
                        page.goto(place.absolute().as_uri())
                        page.screenshot(path=str(folder / f"{case}-screen-{scheme}.png"), full_page=True)
            pdf = ["pdftoppm", "-r", "60", "-png", f"{case}-report.pdf", f"{case}-paper"]
            subprocess.run(pdf, cwd=folder, check=True)


def seen(made: Project, paths: dict[str, str], folder: Path) -> None:
    """Take pages by their names, in every look; on the phone with all that is folded in opened."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.absolute()
    with _at_home(made), served(made) as address:
        for look, options in LOOKS.items():
            with first_window(**options) as page:
                for name, path in paths.items():
                    page.goto(f"{address}{path}")
                    if look == "phone":
                        page.evaluate(UNFOLD)
                    page.screenshot(path=str(folder / f"{look}-{name}.png"), full_page=True)


def sheets(folder: Path) -> Iterator[Path]:
    """Write contact sheets of a folder's pictures, four in a row; yield their paths."""
    from PIL import Image

    taken = sorted(path for path in folder.glob("*.png") if not path.name.startswith("sheet"))
    for number, start in enumerate(range(0, len(taken), ROW), start=1):
        shown = []
        for path in taken[start : start + ROW]:
            picture = Image.open(path).convert("RGB")
            picture.thumbnail((480, 10 * TALL))
            shown.append(picture.crop((0, 0, picture.width, min(picture.height, TALL))))
        width = sum(picture.width + 8 for picture in shown)
        whole = Image.new("RGB", (width, max(picture.height for picture in shown)), (120, 120, 120))
        left = 0
        for picture in shown:
            whole.paste(picture, (left, 0))
            left += picture.width + 8
        whole.save(folder / f"sheet-{number:02d}.png")
        yield folder / f"sheet-{number:02d}.png"


def _at_home(made: Project) -> AbstractContextManager[None]:
    """Be in the project's own folder, where commands that a page tells need no config."""
    return chdir(made.root)


def _looked_at(made: Project) -> Project:
    """Leave the mark of a tick at the project's own time, unless a state is about its being old."""
    place = mark(made.config_path)
    if not place.exists():
        place.touch()
        now = made.clock().timestamp()
        os.utime(place, (now, now))
    return made


def _nothing(made: Project) -> None:
    """Leave the history as it is."""


def _empty(made: Project) -> None:
    """Take everything back: nothing has arrived."""
    for shelf in (made.ledger.batches, made.ledger.scores, made.ledger.diagnoses, made.ledger.runs):
        shelf.delete()
    _undeploy(made)
    for shelf in (made.ledger.decisions, made.ledger.incidents):
        shelf.delete()
    made.ledger.facts.delete()


def _undeploy(made: Project) -> None:
    """Let nothing be live, and no release have been."""
    for path in made.production.iterdir():
        path.unlink()
    made.ledger.releases.delete()


def _refused(made: Project) -> None:
    """Let the only file have been refused."""
    _empty(made)
    made.ledger.files.record(
        "arriving/first.csv", (1, 1, 1), digest="d", status="refused", batch=None, reason="no column 'left'.",
        contract_version=1, run=1, details={"name": "first.csv", "rows": 9, "faults": []},
    )  # fmt: skip


def _no_skill(made: Project) -> None:
    """Let nothing have been better than a constant answer."""
    _undeploy(made)
    for shelf in (made.ledger.scores, made.ledger.diagnoses, made.ledger.incidents, made.ledger.facts):
        shelf.delete()


def _damaged(made: Project) -> None:
    """Cut off the live bundle's files."""
    for path in made.models.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:20])


def _unscored(made: Project) -> None:
    """Let the live release have met no batch."""
    live = made.ledger.releases.first(releases.c.state == "live")
    assert live is not None
    made.ledger.scores.forget(live["id"], since=0)


def _degraded(made: Project) -> None:
    """Let the incident be closed, and the verdict stand."""
    live = made.ledger.releases.first(releases.c.state == "live")
    assert live is not None
    made.ledger.incidents.close(live["id"], by="a-person")


def _paused(made: Project) -> None:
    """Pause the ticks."""
    made.ledger.facts.set(**{PAUSED: timestamp(made.clock())})


def _overdue(made: Project) -> None:
    """Let the last look be five hours old."""
    place = mark(made.config_path)
    place.touch()
    then = made.clock().timestamp() - 5 * 3600
    os.utime(place, (then, then))


def _mix_changed(made: Project) -> None:
    """Let the held-out rows have had another mix of classes."""
    live = made.ledger.releases.first(releases.c.state == "live")
    assert live is not None
    reference = live["reference"]
    reference["details"]["confusion"] = [[100, 20], [90, 290]]
    made.ledger.releases.update(live["id"], reference=reference)


def _fault(made: Project, *, holds: bool = True) -> None:
    """Let the newest batch's feed be broken."""
    newest = made.ledger.batches.all()[-1]
    found = {
        "batch": newest.id, "order": newest.order, "since": newest.order, "fault": "unit_change",
        "columns": ["monthly_spend"], "confidence": 0.98, "holds": holds, "rows": 100,
        "act": "Ask the sender whether the unit has changed, or repair the rows.",
        "what": "The unit of monthly_spend has changed: 100 values are a thousand times what they were.",
        "evidence": {"factor": 1000}, "repair": {"factor": 0.001},
    }  # fmt: skip
    made.ledger.faults.add("9-unit_change-1a2b", found, run=newest.order)


def _alerts(made: Project) -> None:
    """Raise alerts of each severity, with their messages in the outbox."""
    raw = {"channels": {"log": {"kind": "file", "path": "alerts.jsonl"}}}
    now = timestamp(made.clock())
    found = [
        Finding(
            "incident", f"i-{severity}", severity, since=now, page="/", title=f"{severity}: {SCRIPT}",
            what="F1 fell from 0.750 to 0.540.", sure="a false alarm ever: at most 5 %.", do="Look.",
        )
        for severity in ("critical", "warning", "info")
    ]  # fmt: skip
    desk.settle(made.ledger, opened(raw), found, project=made.name, looked_at=())


#: Each state of the first page: so many batches, and what leads to it.
STATES: dict[str, tuple[int, Callable[[Project], None]]] = {
    "damaged": (560, _damaged),
    "empty": (1, _empty),
    "refused": (1, _refused),
    "no-skill": (3, _no_skill),
    "broken-feed": (560, _fault),
    "incident": (799, _nothing),
    "degraded": (799, _degraded),
    "paused": (560, _paused),
    "overdue": (560, _overdue),
    "watch": (795, _nothing),
    "unscored": (401, _unscored),
    "insufficient-data": (402, _nothing),
    "mix-changed": (560, _mix_changed),
    "steady": (560, _nothing),
}


if __name__ == "__main__":
    main()
