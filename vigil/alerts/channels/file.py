"""A line of JSON at the end of a file, or on the tick's own output: for programs that follow it."""

from __future__ import annotations

import json
import os
import sys

from pydantic import Field

from vigil.alerts.channels import ChannelSettings, World
from vigil.alerts.message import Message
from vigil.errors import TransportError


class Settings(ChannelSettings):
    """The file's path, relative to the config; ``-`` is the tick's output."""

    path: str = Field(min_length=1)


def send(settings: Settings, message: Message, world: World) -> str:
    """Append the message, and return once it is on the disk."""
    line = json.dumps(message.as_json(), ensure_ascii=False, sort_keys=True) + "\n"
    if settings.path == "-":
        print(line, end="", file=sys.stdout, flush=True)
        return "printed"
    path = world.root / settings.path
    try:
        # One write, so that lines of two processes do not mix; a line that a kill cut short gets an end.
        with path.open("ab+") as file:
            if file.tell() and not _ends_a_line(file.fileno()):
                line = f"\n{line}"
            os.write(file.fileno(), line.encode())
            os.fsync(file.fileno())
    except OSError as error:
        what = f"{path} cannot be written ({error.strerror})."
        raise TransportError(what, permanent=False) from None
    return "written"


def _ends_a_line(number: int) -> bool:
    size = os.fstat(number).st_size
    return size == 0 or os.pread(number, 1, size - 1) == b"\n"
