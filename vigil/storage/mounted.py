"""A home in another folder, such as a network share that is mounted."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vigil.errors import StorageError
from vigil.storage.homes import Entry, md5


class Folder:
    """Files below a folder that has to be there already: one that is not mounted is never filled."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, content: bytes | Path) -> None:
        """Write a file aside and rename it."""
        with self._explained(name), self._aside(name, content) as aside:
            aside.replace(self.root / name)

    def put_new(self, name: str, content: bytes | Path) -> bool:
        """Write a file aside and link it under its name, which fails when that is taken."""
        with self._explained(name), self._aside(name, content) as aside:
            try:
                os.link(aside, self.root / name)
            except FileExistsError:
                return (self.root / name).read_bytes() == aside.read_bytes()
        return True

    def fetch(self, name: str, into: BinaryIO) -> None:
        """Copy a file."""
        with self._explained(name), (self.root / name).open("rb") as file:
            shutil.copyfileobj(file, into)

    def list(self, under: str = "") -> dict[str, Entry]:
        """Return the files whose names begin with some text."""
        with self._explained(under):
            if not self.root.is_dir():
                raise FileNotFoundError(2, "is not there; is it mounted?")
            paths = [path for path in self.root.rglob("*") if path.is_file() and path.name[0] != "."]
            named = {path.relative_to(self.root).as_posix(): path for path in sorted(paths)}
            return {
                name: Entry(path.stat().st_size, md5(path))
                for name, path in named.items()
                if name.startswith(under)
            }

    def delete(self, names: Iterable[str]) -> None:
        """Delete files."""
        for name in names:
            with self._explained(name):
                (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def _aside(self, name: str, content: bytes | Path) -> Iterator[Path]:
        """Write content beside where it belongs, on the disk when the block begins."""
        if not self.root.is_dir():
            raise FileNotFoundError(2, "is not there; is it mounted?")
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}{threading.get_ident()}")
        try:
            with aside.open("wb") as file:
                file.write(content if isinstance(content, bytes) else content.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            yield aside
        finally:
            aside.unlink(missing_ok=True)

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Turn the system's error into one that says what to do."""
        try:
            yield
        except OSError as error:
            hint = "The next run goes on from there."
            raise StorageError(
                f"the storage cannot be used ({error.strerror}).", where=str(self.root / name), hint=hint
            ) from error
