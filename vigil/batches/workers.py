"""Processes that look at files beside each other, where there are so many that it pays to start them.

Both ends are here. A worker is sent a path, a contract and cuts, and sends back what `look_closely` finds;
order, duplicates, ledger and table stay with the process that asks. A worker ends with its socket, so that
none outlives the run. Messages are pickles, from a process to its own child; what is large in them, columns
and arrays, travels beside the pickle and is used where it arrives.
"""

from __future__ import annotations

import gc
import itertools
import os
import pickle
import queue
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vigil.errors import FileUnreadable
from vigil.intake import shown

if TYPE_CHECKING:
    from vigil.batches.early import Early
    from vigil.profiles import Cuts
    from vigil.records import Contract

    Task = tuple[Path, Contract, Cuts]

#: How often a file is sent to a worker before it waits for another run.
TRIES = 2
#: Seconds without a byte from a worker after which it is taken to hang. The files that it is sent are small
#: and take it a second at most, so that this is no measure of how busy the machine is.
SILENCE = 120.0

_HERE = Path(__file__).resolve().parents[2]
_COUNT = struct.Struct("<Q")
#: Parts of a message begin at multiples of so many bytes, as Arrow and numpy like them.
_ALIGNED = 64
#: Pieces that are sent at once without being joined, which the system takes a thousand of.
_MOST_PIECES = 1000
#: Seconds for a process that has closed its socket to be gone.
_PATIENCE = 5.0
_MEMORY = "It may want more memory than there is."
#: A worker keeps the memory that it has used for one file, and uses it for the next: to give it back to the
#: system each time takes a twelfth of its time. Settings of the C library's and of Arrow's allocator.
_KEEPS_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    "MIMALLOC_PURGE_DELAY": "-1",
}
#: By how much a worker gives way.
_NICE = 5


class Workers:
    """So many processes; each looks at one file at a time, and is started anew if it dies or hangs.

    It hangs when it has been silent for so many seconds (``silence``) while it is waited for. Raises OSError
    when a process cannot be started.
    """

    def __init__(self, count: int, silence: float = SILENCE) -> None:
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: list[_Worker] = []
        try:
            for _ in range(count):
                self._all.append(_Worker(silence))
                self._idle.put(self._all[-1])
        except OSError:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [worker.child.pid for worker in self._all]

    def look(self, path: Path, contract: Contract, cuts: Cuts) -> Early:
        """Return what a worker finds, waiting until one is free; any thread may ask.

        Where none can be had, it is found here. Raises what the worker raises, and FileUnreadable when it
        dies or hangs over the file again and again.
        """
        worker, ends = self._idle.get(), list[_End]()
        try:
            while len(ends) < TRIES:
                try:
                    answer = worker.asked((path, contract, cuts))
                except (EOFError, OSError) as error:
                    ends.append(worker.replaced(hangs=isinstance(error, TimeoutError)))
                    continue
                if isinstance(answer, Exception):
                    raise answer
                return answer
        finally:
            self._idle.put(worker)
        if all(end.gave_up for end in ends):
            from vigil.batches import early

            return early.look(path, contract)
        tried = ", ".join(end.words for end in ends)
        what = f"cannot be read: each process that was to read it was lost ({tried})."
        raise FileUnreadable(what, where=shown(path), hint=ends[-1].hint)

    def close(self) -> None:
        """End all workers; nobody may be asking any more."""
        for worker in self._all:
            worker.end()


class _End(NamedTuple):
    """How a process was lost: by hanging, or with an exit code, which is negative where a signal ended it."""

    hung: bool
    code: int

    @property
    def gave_up(self) -> bool:
        """Say whether it ended by itself, as when it cannot import what it needs."""
        return not self.hung and self.code > 0

    @property
    def words(self) -> str:
        """Say how it was lost."""
        if self.hung:
            return "it hung"
        return f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"

    @property
    def hint(self) -> str:
        """Say what may have been the reason."""
        return "Its folder may be one that does not answer." if self.hung else _MEMORY


class _Worker:
    """One process, and the socket to it, on which an end of so many seconds is put to every silence."""

    def __init__(self, silence: float) -> None:
        self._silence = silence
        self._start()

    def _start(self) -> None:
        """Start the process; what it is sent meanwhile waits for it.

        It is in a group of its own: what a terminal sends to the run's group is the run's to answer.
        """
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(self._silence)
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        silent = subprocess.DEVNULL
        with theirs:
            self.child = subprocess.Popen(  # noqa: S603  (our own file, by our own interpreter)
                command,
                cwd=_HERE,
                env=os.environ | _KEEPS_MEMORY,
                stdin=silent,
                stdout=silent,
                stderr=silent,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def asked(self, task: Task) -> Early | Exception:
        """Return the answer to a task.

        Raises EOFError or OSError when the process has died, and TimeoutError when it hangs.
        """
        _send(self._socket, task)
        answer: Early | Exception = _receive(self._socket)
        return answer

    def replaced(self, *, hangs: bool) -> _End:
        """Start another process in the place of this one, which has died or hangs; return how it was lost."""
        if hangs:
            self.child.kill()
        self.end()
        code = self.child.returncode
        self._start()
        return _End(hangs, code or 0)

    def end(self) -> None:
        """Let the process end with its socket, and wait until it has.

        One that waits for a disk may not be ended before the disk answers: it is left to the system.
        """
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self.child.wait(_PATIENCE)
            return
        self.child.kill()
        with suppress(subprocess.TimeoutExpired):
            self.child.wait(_PATIENCE)


def _send(to: socket.socket, message: Any) -> None:
    """Send a message: how many parts it has, their lengths, and the parts, the pickle first."""
    beside: list[memoryview] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=lambda part: beside.append(part.raw()))
    parts: list[bytes | memoryview] = [head, *beside]
    sizes = struct.pack(f"<{len(parts)}Q", *map(len, parts))
    padded: list[bytes | memoryview] = [
        piece for part in parts for piece in (part, bytes(-len(part) % _ALIGNED))
    ]
    pieces = [_COUNT.pack(len(parts)), sizes, *padded]
    sent = to.sendmsg(pieces) if len(pieces) <= _MOST_PIECES else 0
    if sent < sum(map(len, pieces)):
        to.sendall(b"".join(pieces)[sent:])


def _receive(sender: socket.socket) -> Any:
    """Return the next message. Raises EOFError at the end."""
    (count,) = _COUNT.unpack(_exactly(sender, _COUNT.size))
    sizes: Sequence[int] = struct.unpack(f"<{count}Q", _exactly(sender, 8 * count))
    ends = list(itertools.accumulate(size + -size % _ALIGNED for size in sizes))
    content = _exactly(sender, ends[-1])
    parts = [content[end:][:size] for end, size in zip([0, *ends], sizes, strict=False)]
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301  (from our own process)


def _exactly(sender: socket.socket, size: int) -> memoryview:
    """Return the next so many bytes. Raises EOFError when they end before."""
    content = memoryview(bytearray(size))
    done = 0
    while done < size:
        more = sender.recv_into(content[done:], 0, socket.MSG_WAITALL)
        if not more:
            raise EOFError
        done += more
    return content


class _NoPandas(MetaPathFinder):
    """Hides pandas, which Arrow looks for with its first array: to load it takes longer than all the rest."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Say that there is none."""
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def main(descriptor: int) -> None:
    """Look at what comes in until it ends, or nobody waits for the answer."""
    sys.meta_path.insert(0, _NoPandas())
    from vigil.batches.early import look_closely

    gc.freeze()  # what is loaded stays
    _offered()
    with socket.socket(fileno=descriptor) as asking:
        while True:
            try:
                _send(asking, _answer(look_closely, _receive(asking)))
            except (EOFError, OSError):
                return


def _answer(look: Any, task: Task) -> Early | Exception:
    """Look at a file; what goes wrong is raised where it is waited for."""
    try:
        found: Early = look(*task)
    except MemoryError:
        return FileUnreadable("needs more memory to be read than there is.", where=shown(task[0]))
    except Exception as error:  # it is raised again at the other end
        return error
    return found


def _offered() -> None:
    """Let the process that this one works for go first; where memory runs out, let this one be ended first.

    All of the run waits for what has an order, and that is done there.
    """
    os.nice(_NICE)
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        return  # another system, or not allowed


if __name__ == "__main__":
    main(int(sys.argv[1]))
