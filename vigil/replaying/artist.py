"""Draws a replay's pictures and page in a process of its own, which loads its libraries while the ticks run.

Both ends are here. What is drawn goes in whole, and what was drawn comes out whole, as MessagePack. The
process ends when its input does, so that none outlives its replay.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from vigil.errors import VigilError
from vigil.replaying.outcome import Outcome

_HERE = Path(__file__).resolve().parents[2]


class Asked(NamedTuple):
    """What is drawn: the outcomes, one at least with a score, the project's name, and the day."""

    outcomes: list[Outcome]
    project: str
    generated: str


class Drawn(NamedTuple):
    """Two pictures as PNG, and the page as PDF; the same outcomes give the same bytes."""

    over_time: bytes
    against_fits: bytes
    page: bytes


class Artist:
    """A process that draws once. Enter it before the work that it shall not wait for."""

    def __enter__(self) -> Self:
        """Start the process."""
        pipe = subprocess.PIPE
        # In a session of its own: whoever stops the replay reads one message, and not the artist's too.
        self._process = subprocess.Popen(  # noqa: S603  (our own file, by our own interpreter)
            [sys.executable, "-m", __name__], cwd=_HERE, stdin=pipe, stdout=pipe, stderr=pipe,
            start_new_session=True,
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process, whether it has drawn or not."""
        self._process.kill()
        self._process.communicate()

    def draw(self, outcomes: Sequence[Outcome], project: str, generated: str) -> Drawn:
        """Return what was drawn. Raises VigilError when that fails."""
        asked = msgspec.msgpack.encode(Asked(list(outcomes), project, generated))
        drawn, said = self._process.communicate(asked)
        if self._process.returncode:
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            last = last or f"their process ended with {self._process.returncode}"
            hint = "The table and the scores are written."
            raise VigilError(f"the pictures could not be drawn ({last}).", where="replay", hint=hint)
        return msgspec.msgpack.decode(drawn, type=Drawn)


def drawn(asked: Asked) -> Drawn:
    """Draw everything."""
    from vigil.charts import saving
    from vigil.replaying import drawing, page

    return Drawn(
        saving.to_png(drawing.over_time(asked.outcomes)),
        saving.to_png(drawing.against_fits(asked.outcomes)),
        page.build(*asked),
    )


def main() -> None:
    """Load what drawing takes, wait for what to draw, and draw it; nothing where the input just ends."""
    gc.disable()  # it draws once and ends: to search for rubbish would take longer than it is worth
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_pdf  # noqa: F401

    import vigil.documents.layout.pages
    import vigil.replaying.page  # noqa: F401
    from vigil.documents.layout.typography import load_fonts

    load_fonts()
    asked = sys.stdin.buffer.read()
    if asked:
        sys.stdout.buffer.write(msgspec.msgpack.encode(drawn(msgspec.msgpack.decode(asked, type=Asked))))


if __name__ == "__main__":
    main()
