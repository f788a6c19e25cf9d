"""The slow path in a process of its own: the service asks a pipeline without importing its libraries.

Both ends are here. Messages are MessagePack behind their length; a column of numbers travels as the
bytes of its float64. The child ends when its input does, so that none outlives its service.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from vigil.errors import BundleError, VigilError
from vigil.serving import Prediction

#: Seconds for the libraries to load and for one answer.
PATIENCE = 60.0

_LENGTH = struct.Struct("<I")
_HERE = Path(__file__).resolve().parents[2]


class ChildAnswerer:
    """Answers by a bundle's pipeline, one request at a time, in a child that is started anew if it dies.

    Raises BundleError when the bundle cannot be opened, or the child does not answer.
    """

    answered_by = "pipeline"

    def __init__(self, folder: Path, release: str, manifest: Mapping[str, Any]) -> None:
        self.classes: tuple[str, ...] = tuple(manifest["classes"])
        levels = manifest["columns"]["levels"]
        self.levels: Mapping[str, tuple[str, ...]] = {name: tuple(known) for name, known in levels.items()}
        self._command = [sys.executable, "-m", __name__, str(folder.absolute()), release]
        self._where = str(folder / release)
        self._lock = threading.Lock()
        self._child = self._started()

    def predict(self, columns: Mapping[str, np.ndarray]) -> Prediction:
        """Answer n rows, given by column."""
        asked = {name: _packed(cells) for name, cells in columns.items()}
        with self._lock:
            if self._child.poll() is not None:
                self._child = self._started()
            answer = self._exchanged(self._child, asked)
        outcome, probability = (_unpacked(answer[name]) for name in ("outcome", "probability"))
        assert outcome is not None  # noqa: S101  (there always is one)
        return Prediction(outcome, probability)

    def _started(self) -> subprocess.Popen[bytes]:
        """Start a child, and wait until it has opened the bundle."""
        pipe = subprocess.PIPE
        child = subprocess.Popen(self._command, cwd=_HERE, stdin=pipe, stdout=pipe)  # noqa: S603  (our own)
        weakref.finalize(self, _end, child)
        self._exchanged(child, None)
        return child

    def _exchanged(self, child: subprocess.Popen[bytes], message: Any) -> dict[str, Any]:
        """Send a message (None: nothing but wait), and return the answer to it."""
        assert child.stdin is not None  # noqa: S101  (both are pipes)
        assert child.stdout is not None  # noqa: S101
        try:
            if message is not None:
                _send(child.stdin, message)
            if not select.select([child.stdout], [], [], PATIENCE)[0]:
                raise EOFError
            answer: dict[str, Any] = _receive(child.stdout)
        except (OSError, EOFError) as error:
            child.kill()
            what = "the process that answers for this release does not."
            raise BundleError(what, where=self._where, hint="Try again in a moment.") from error
        if "error" in answer:
            raise BundleError(answer["error"], where=self._where, hint=answer["hint"])
        return answer


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let a child go: it ends with its input."""
    if child.stdin is not None:
        child.stdin.close()
    child.wait()


def _packed(cells: np.ndarray) -> Any:
    return cells.tolist() if cells.dtype == object else cells.astype("<f8").tobytes()


def _unpacked(stored: Any) -> np.ndarray | None:
    """Return an array that was sent as its type, shape and bytes."""
    return None if stored is None else np.frombuffer(stored[2], stored[0]).reshape(stored[1])


def _sent(array: np.ndarray | None) -> Any:
    return None if array is None else (array.dtype.str, array.shape, array.tobytes())


def _send(pipe: BinaryIO | Any, message: Any) -> None:
    content = msgspec.msgpack.encode(message)
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def _receive(pipe: BinaryIO | Any) -> Any:
    """Return the next message. Raises EOFError at the end."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    content = pipe.read(_LENGTH.unpack(head)[0])
    return msgspec.msgpack.decode(content)


def main(folder: Path, release: str) -> None:
    """Answer what comes in until it ends. What libraries print goes to the log and not among the answers."""
    from vigil.models.answer import open_answerer

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        answerer = open_answerer(folder, release)
    except VigilError as error:
        _send(answers, {"error": error.what, "hint": error.hint})
        return
    _send(answers, {})
    while True:
        try:
            asked = _receive(sys.stdin.buffer)
        except EOFError:
            return
        columns = {name: _column(cells) for name, cells in asked.items()}
        found = answerer.predict(columns)
        _send(answers, {"outcome": _sent(found.outcome), "probability": _sent(found.probability)})


def _column(cells: Any) -> np.ndarray:
    """Return a column as it was before it was sent."""
    if isinstance(cells, bytes):
        return np.frombuffer(cells, "<f8")
    texts = np.empty(len(cells), dtype=object)
    texts[:] = cells
    return texts


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
