"""The pictures of the README, taken from pages as they are: nothing in them is painted.

    python -m bench.pictures [--to docs/pictures]

A project with a made-up history is served on this machine and looked at with Debian's Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from bench.dashboard import first_window, project, served
from vigil.project import Project

#: Name, length of the history, address, and how it is looked at.
PICTURES: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
    ("overview", 560, "/", {"viewport": {"width": 1000, "height": 1080}}),
    ("worse-dark", 799, "/", {"viewport": {"width": 1000, "height": 1080}, "color_scheme": "dark"}),
    ("phone", 795, "/", {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}),
)


def main() -> None:
    """Take them, and say how large they are."""
    cli = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cli.add_argument("--to", type=Path, default=Path("docs/pictures"))
    folder = cli.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for name, batches, path, look in PICTURES:
            made = project(Path(work) / name, batches=batches, harmful=False)
            take(made, path, folder / f"{name}.png", look)
            made.close()
            print(f"{folder / name}.png: {(folder / f'{name}.png').stat().st_size / 1000:.0f} KB")


def take(made: Project, path: str, picture: Path, look: dict[str, Any]) -> None:
    """Take one picture."""
    with served(made) as address, first_window(**look) as page:
        page.goto(f"{address}{path}")
        page.screenshot(path=str(picture))


if __name__ == "__main__":
    main()
