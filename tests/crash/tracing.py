"""Runs a function in a child process and kills it, from outside, just before its N-th write to a disk.

Instead of killing it, the disk can be full from that write on. What is sent to another process by TCP,
a database or an object store, counts as a write when that is asked for.

The child carries a seccomp filter that stops it at each system call that changes a file or a folder;
this process, its tracer, counts the calls over all of the child's threads and sends SIGKILL at the one
that is asked for. (strace counts each thread by itself, and so cannot reach most calls of a library
that writes from a pool of threads.) Linux on x86-64 and ARM64 only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

#: The machine's audit number, and the calls that change a file or a folder there.
_X86 = {
    "write": 1, "pwrite64": 18, "writev": 20, "sendfile": 40, "fsync": 74, "fdatasync": 75, "truncate": 76,
    "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "link": 86, "unlink": 87, "symlink": 88,
    "sendto": 44, "sendmsg": 46, "unlinkat": 263, "mkdirat": 258, "renameat": 264, "linkat": 265,
    "symlinkat": 266, "pwritev": 296, "renameat2": 316, "copy_file_range": 326,
}  # fmt: skip
_ARM = {
    "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "truncate": 45,
    "ftruncate": 46, "write": 64, "writev": 66, "pwrite64": 68, "pwritev": 70, "sendfile": 71, "fsync": 82,
    "fdatasync": 83, "sendto": 206, "sendmsg": 211, "renameat2": 276, "copy_file_range": 285,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86), "aarch64": (0xC00000B7, _ARM)}

#: Calls that name their file by a descriptor, and which argument that is.
_BY_DESCRIPTOR = {
    "write": 0, "pwrite64": 0, "writev": 0, "pwritev": 0, "fsync": 0, "fdatasync": 0, "ftruncate": 0,
    "sendfile": 0, "copy_file_range": 2, "sendto": 0, "sendmsg": 0,
}  # fmt: skip
#: Which argument holds the path that a call makes or removes.
_BY_PATH = {
    "truncate": 0, "rename": 1, "mkdir": 0, "rmdir": 0, "link": 1, "unlink": 0, "symlink": 1, "unlinkat": 1,
    "mkdirat": 1, "renameat": 3, "linkat": 3, "symlinkat": 2, "renameat2": 3,
}  # fmt: skip

_TAKES_ROOM = {"write", "pwrite64", "writev", "pwritev", "mkdir", "link", "linkat", "ftruncate"}

_TRACEME, _POKEUSER, _CONT, _SETOPTIONS, _SYSCALL_INFO = 0, 6, 7, 0x4200, 0x420E
_RAX, _ORIG_RAX = 10 * 8, 15 * 8
# fork, vfork, clone, exec and seccomp are told of, and the child dies with its tracer.
_OPTIONS = 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
_SECCOMP_EVENT = 7
_ALL_CHILDREN = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


@dataclass
class Outcome:
    """What became of the child: the writes it came to, each as ``call path``, and how it ended."""

    calls: list[str] = field(default_factory=list)
    killed: bool = False
    exit_code: int | None = None


def unsupported() -> str:
    """Return why a process cannot be traced here, or an empty text when it can."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return f"system calls cannot be traced on {sys.platform} {platform.machine()}"
    try:
        outcome = run(lambda: Path("/dev/null").write_text("x"), root=Path("/dev"))
    except OSError as error:
        return f"processes may not be traced here ({error.strerror})"
    return "" if outcome.calls else "system calls are not seen by a tracer here"


def can_refuse() -> bool:
    """Say whether a call can be made to fail on this machine."""
    return platform.machine() == "x86_64"


def run(
    act: Callable[[], object],
    *,
    root: Path,
    kill_at: int | None = None,
    full_at: int | None = None,
    sent: bool = False,
) -> Outcome:
    """Run `act` in a child; kill it before its `kill_at`-th write below `root`, counted from 1.

    With `sent`, what goes to another process by TCP counts too.
    From the `full_at`-th on, every call that takes room on the disk fails for want of it (x86-64 only).

    Raises OSError when the child cannot be traced. The caller must have one thread only.
    """
    child = os.fork()
    if child == 0:
        _become(act)
    return _Tracer(child, root, kill_at, full_at, sent).follow()


def _become(act: Callable[[], object]) -> None:
    """Be the child: let the parent trace, stop at writes, act, and end without the parent's clean-up."""
    code = 1
    try:
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _install_filter()
        act()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Tracer:
    """Follows one child and all that it starts."""

    def __init__(self, child: int, root: Path, kill_at: int | None, full_at: int | None, sent: bool) -> None:
        self._child = child
        self._root = str(root.resolve())
        self._kill_at = kill_at
        self._full_at = full_at
        self._sent = sent
        self._tcp: dict[str, bool] = {}
        self._known = {child}
        self._outcome = Outcome()
        self._names = {number: name for name, number in _MACHINES[platform.machine()][1].items()}

    def follow(self) -> Outcome:
        """Return once the child, and whatever it started, has ended."""
        os.waitpid(self._child, 0)
        _ptrace(_SETOPTIONS, self._child, _OPTIONS)
        _go_on(self._child)
        while self._known:
            try:
                pid, status = os.waitpid(-1, _ALL_CHILDREN)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(status):
                self._stopped(pid, os.WSTOPSIG(status), status >> 16)
            else:
                self._ended(pid, status)
        return self._outcome

    def _ended(self, pid: int, status: int) -> None:
        self._known.discard(pid)
        if pid == self._child:
            self._outcome.exit_code = os.waitstatus_to_exitcode(status)

    def _stopped(self, pid: int, sent: int, event: int) -> None:
        """Let a thread go on, unless it is about to make the write before which the child dies."""
        is_new = pid not in self._known
        self._known.add(pid)
        if event == _SECCOMP_EVENT:
            call = self._described(pid)
            if call:
                self._outcome.calls.append(call)
                if len(self._outcome.calls) == self._kill_at:
                    self._kill()
                    return
                if self._full_at and len(self._outcome.calls) >= self._full_at:
                    _refuse(pid, call.split()[0])
        passed_on = 0 if event or (is_new and sent == signal.SIGSTOP) else sent
        _go_on(pid, 0 if passed_on == signal.SIGTRAP else passed_on)

    def _kill(self) -> None:
        self._outcome.killed = True
        for pid in sorted(self._known):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _described(self, pid: int) -> str:
        """Say which write a thread has stopped at; empty when it is not below the root."""
        number, *arguments = _syscall(pid)
        name = self._names[number]
        if name in _BY_DESCRIPTOR:
            path = _link(f"/proc/{pid}/fd/{arguments[_BY_DESCRIPTOR[name]]}")
        else:
            path = os.path.join(_link(f"/proc/{pid}/cwd"), _text(pid, arguments[_BY_PATH[name]]))
        if self._sent and path.startswith("socket:"):
            if path not in self._tcp:
                self._tcp[path] = _is_tcp(pid, path)
            return f"{name} to a server" if self._tcp[path] else ""
        inside = path == self._root or path.startswith(self._root + "/")
        return f"{name} {path[len(self._root) + 1 :] or '.'}" if inside else ""


def _ptrace(request: int, pid: int, data: int = 0, at: int = 0) -> None:
    if _libc.ptrace(request, pid, at, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _go_on(pid: int, sent: int = 0) -> None:
    """Let a stopped thread go on; one that was killed meanwhile is waited for elsewhere."""
    try:
        _ptrace(_CONT, pid, sent)
    except ProcessLookupError:
        return


def _refuse(pid: int, name: str) -> None:
    """Let a call fail as on a full disk, if it takes room; what gives room back goes on."""
    if name in _TAKES_ROOM:
        _ptrace(_POKEUSER, pid, -1, at=_ORIG_RAX)
        _ptrace(_POKEUSER, pid, -errno.ENOSPC, at=_RAX)


def _syscall(pid: int) -> tuple[int, ...]:
    """Return the number and the six arguments of the call that a thread has stopped at."""
    room = ctypes.create_string_buffer(88)
    if _libc.ptrace(_SYSCALL_INFO, pid, len(room), ctypes.addressof(room)) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return struct.unpack_from("=7Q", room.raw, 24)


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _is_tcp(pid: int, link: str) -> bool:
    """Say whether a socket is one of TCP, and not of a process's talk with itself."""
    inode = link.removeprefix("socket:[").removesuffix("]")
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()
    return any(line.split()[9] == inode for line in lines[1:])


def _text(pid: int, address: int) -> str:
    """Return the text at an address of another process."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        try:
            found = memory.read(4096)
        except OSError:
            memory.seek(address)
            found = memory.read(4096 - address % 4096)
    return os.fsdecode(found.split(b"\0", 1)[0])


def _install_filter() -> None:
    """Stop this thread, and each that it starts, at every call of the list; needs a tracer."""
    audit, calls = _MACHINES[platform.machine()]
    load_machine, load_number = (0x20, 0, 0, 4), (0x20, 0, 0, 0)
    allow, trace = (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FF00000)
    checks = [(0x15, len(calls) - place, 0, number) for place, number in enumerate(calls.values())]
    program = [load_machine, (0x15, 1, 0, audit), allow, load_number, *checks, allow, trace]
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    filters = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("@HP", len(program), ctypes.addressof(filters))
    holder = ctypes.create_string_buffer(described, len(described))
    _prctl(38, 1, 0)  # no new privileges, without which a filter is refused
    _prctl(22, 2, ctypes.addressof(holder))


def _prctl(option: int, first: int, second: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(first), ctypes.c_ulong(second), 0, 0) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
