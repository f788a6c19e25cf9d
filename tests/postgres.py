"""A real PostgreSQL for as long as it is needed, started from the machine's own programs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import sqlalchemy as sa

#: The superuser of the cluster; nobody else can reach it.
USER = "vigil"
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A cluster on a free loopback port, without passwords, that forgets everything at the end."""

    port: int
    folder: Path

    def url(self, database: str) -> str:
        """Return the ledger's URL of a database."""
        return f"postgresql+pg8000://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, *, like: str = "template1") -> str:
        """Make a database, empty or a copy of another one; return its name."""
        name = f"ledger{next(_numbers)}_{os.getpid()}"
        self.tell(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def drop(self, database: str) -> None:
        """Delete a database, whoever is connected to it."""
        self.tell(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def tell(self, statement: str) -> None:
        """Execute one statement as the superuser, outside of any transaction."""
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


def missing() -> str:
    """Return why no server can be started here, or an empty text when one can."""
    if programs() is None:
        return "PostgreSQL's programs are not installed (Debian: postgresql)"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    return ""


def programs() -> Path | None:
    """Return the folder with initdb and postgres, None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    anywhere = shutil.which("initdb")
    return Path(anywhere).resolve().parent if anywhere else None


@contextmanager
def server() -> Iterator[Server]:
    """Start a cluster of its own, and end it with all that it holds."""
    where = programs()
    assert where is not None, missing()
    folder = Path(tempfile.mkdtemp(prefix="vigil-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    data, port = folder / "data", _free_port()
    made = [where / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(_as_somebody(made), check=True, stdout=subprocess.DEVNULL, cwd=folder)
    # What it holds is thrown away: nothing has to survive a power loss here.
    options = [
        "-c",
        "fsync=off",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
    ]
    command = [where / "postgres", "-D", data, "-p", port, *options]
    with (folder / "said").open("w") as said:
        child = subprocess.Popen(_as_somebody(command), stdout=said, stderr=said, cwd=folder)
        try:
            _wait(port, folder / "said")
            yield Server(port, folder)
        finally:
            _end(child, data)
            shutil.rmtree(folder, ignore_errors=True)


def _end(child: subprocess.Popen[bytes], data: Path) -> None:
    """Stop the postmaster at once; runuser, which started it, ends with it."""
    try:
        postmaster = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGINT)
    except (OSError, ValueError, IndexError):
        child.terminate()
    child.wait(30)


def _as_somebody(command: list[object]) -> list[str]:
    """Return a command that does not run as root."""
    plain = [str(part) for part in command]
    return ["runuser", "-u", "nobody", "--", *plain] if os.geteuid() == 0 else plain


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, said: Path) -> None:
    """Return once the server answers."""
    engine = sa.create_engine(f"postgresql+pg8000://{USER}@127.0.0.1:{port}/postgres")
    for _ in range(300):
        try:
            engine.connect().close()
        except sa.exc.SQLAlchemyError:
            time.sleep(0.1)
        else:
            engine.dispose()
            return
    raise AssertionError(said.read_text())
