"""The service's log on stderr: lines for people, or one JSON object a line for programs."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """One object for each line: when, how bad, who says it, what; a request's own fields beside them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; whatever a value holds, it stays one."""
        moment = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, Any] = {
            "at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "from": record.name,
        }
        arguments = record.args if isinstance(record.args, tuple) else ()
        fields = getattr(arguments[0], "fields", None) if arguments else None
        said |= fields if isinstance(fields, dict) else {"what": record.getMessage()}
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=True, default=str)


class TextLines(logging.Formatter):
    """Time, level, source, words; a line break inside a message does not begin a line of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._second, self._written = -1, ""

    def formatTime(self, record: logging.LogRecord, _: str | None = None) -> str:  # noqa: N802
        """Return the moment of one message; its second is written once for all messages in it."""
        second = int(record.created)
        if second != self._second:
            self._written = time.strftime("%Y-%m-%d %H:%M:%S", self.converter(second))
            self._second = second
        return f"{self._written},{int(record.msecs):03d}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's own name)
        """Return the line of one message."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


def configure(kind: str) -> None:
    """Write everything from INFO on to stderr, as ``json`` or ``text``."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if kind == "json" else TextLines())
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line names them
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    own = logging.getLogger("gunicorn.error")  # whose format names the process
    own.handlers, own.propagate = [], True
    for noisy in ("apscheduler", "waitress.queue"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
