"""Who may ask the service, and who did what through it."""

from __future__ import annotations

import uuid

from vigil.ledger.schema import audits, tokens
from vigil.ledger.shelf import Row, Shelf


class Tokens(Shelf):
    """One row for each token that was ever given out; only the SHA-256 of a token is kept."""

    def add(self, token: str, *, name: str, role: str, digest: str, expires: str | None) -> None:
        """Write a new token's row."""
        values = {"name": name, "role": role, "digest": digest, "created": self.now()}
        self.put({"id": token}, {**values, "expires": expires, "last_used": None, "revoked": None})

    def all(self) -> list[Row]:
        """Return every token's row, oldest first, the revoked ones included."""
        return self.find(order=[tokens.c.created, tokens.c.id])

    def used(self, token: str, at: str) -> None:
        """Note when a token was last used."""
        self.change({"last_used": at}, tokens.c.id == token)

    def revoke(self, token: str) -> int:
        """Take a token back; return how many there were."""
        return self.change({"revoked": self.now()}, tokens.c.id == token, tokens.c.revoked.is_(None))


class Audits(Shelf):
    """One row for each thing that somebody did, or tried, through the service or with tokens."""

    def add(self, *, who: str, what: str, outcome: str, address: str = "", details: str = "") -> None:
        """Write down an act."""
        values = {"who": who[:128], "address": address[:64], "what": what[:64], "outcome": outcome[:32]}
        self.put({"id": str(uuid.uuid4())}, {**values, "at": self.now(), "details": details[:2000]})

    def newest(self, limit: int) -> list[Row]:
        """Return the newest acts first."""
        columns = [column for column in audits.c if column.name not in ("project", "id")]
        return self.find(order=[audits.c.at.desc(), audits.c.id], limit=limit, columns=columns)
