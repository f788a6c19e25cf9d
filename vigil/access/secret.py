"""The project's own secret: a file that only its account can read, made when it is first needed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from vigil.errors import ServiceError

_BYTES = 32


def place(root: Path, project: str) -> Path:
    """Return where a project keeps its secret."""
    return root / f".{project}.secret"


def load(path: Path) -> bytes:
    """Return the secret in a file, made anew (mode 0600) when there is none.

    Raises ServiceError when it cannot be read or written, is too short, or is open to other accounts.
    """
    try:
        _make(path)
        found = path.read_bytes()
        is_private = not path.stat().st_mode & 0o077
    except OSError as error:
        what = f"the service's secret cannot be kept ({error.strerror})."
        raise ServiceError(what, where=str(path), hint="Let this account write the folder.") from error
    if len(found) < _BYTES or not is_private:
        what = "the service's secret is damaged, or open to other accounts."
        hint = "Delete it: a new one is made, and people log in again."
        raise ServiceError(what, where=str(path), hint=hint)
    return found


def inner_token(secret: bytes) -> str:
    """Return the token with which the project's own reports ask its service."""
    return derive(secret, "reports")


def derive(secret: bytes, purpose: str) -> str:
    """Return a secret for one purpose, as text; one does not tell of another."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).hexdigest()


def _make(path: Path) -> None:
    """Write a new secret whole, or leave the one that is there: of two that start, one wins."""
    if path.exists():
        return
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
