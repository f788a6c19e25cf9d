"""Giving tokens out, and taking them back: a token is shown once, and only its digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.access.roles import ROLES
from vigil.errors import VigilError
from vigil.ledger.access import Tokens
from vigil.ledger.shelf import Row, timestamp

#: A shorter token could be guessed. Ours have 256 random bits, so that a plain digest keeps them.
SHORTEST = 16


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token, which stands for it in the ledger."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def add(
    tokens: Tokens, name: str, role: str, *, days: float | None, clock: Callable[[], datetime]
) -> tuple[str, str]:
    """Make a token; return its id and the token itself, which nobody can be shown again.

    Raises VigilError for an unknown role, a name that is taken or too long, or an expiry in the past.
    """
    if role not in ROLES:
        raise VigilError(f"there is no role {role!r}.", where="token", hint=f"Roles: {', '.join(ROLES)}.")
    if not name.isprintable() or not 1 <= len(name.strip()) <= 64:
        raise VigilError("the name must be 1 to 64 printable characters.", where="token")
    if any(row["name"] == name for row in tokens.all() if state(row, clock()) == "valid"):
        hint = "Revoke it first, or choose another."
        raise VigilError(f"there is a token of the name {name!r} already.", where="token", hint=hint)
    if days is not None and not 0 < days < 36_500:
        raise VigilError("--days must be above 0, and below a hundred years.", where="token")
    number, token = secrets.token_hex(4), f"vigil_{secrets.token_urlsafe(32)}"
    expires = timestamp(clock() + timedelta(days=days)) if days is not None else None
    tokens.add(number, name=name, role=role, digest=digest_of(token), expires=expires)
    return number, token


def revoke(tokens: Tokens, token: str, clock: Callable[[], datetime]) -> Row:
    """Take back a token by its id or name; return its row. Raises VigilError when there is none."""
    valid = [row for row in tokens.all() if state(row, clock()) == "valid"]
    row = next((row for row in valid if token in (row["id"], row["name"])), None)
    if row is None:
        hint = "python app.py token list shows them."
        raise VigilError(f"there is no valid token {token!r}.", where="token", hint=hint)
    tokens.revoke(row["id"])
    return row


def state(row: Row, now: datetime) -> str:
    """Say whether a token is ``valid``, ``expired`` or ``revoked``."""
    if row["revoked"] is not None:
        return "revoked"
    return "expired" if row["expires"] is not None and row["expires"] <= timestamp(now) else "valid"
