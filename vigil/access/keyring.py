"""The tokens that a running service lets in."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vigil.access.roles import Role
from vigil.access.tokens import digest_of
from vigil.errors import LedgerError
from vigil.ledger.access import Tokens
from vigil.ledger.shelf import timestamp

#: Seconds after which the ledger is asked again: so long may a token that was revoked still work.
FRESH = 2.0

#: Seconds that a request may take from the question whether the ledger has to be asked for it.
MARGIN = 0.1

#: Seconds between two notes of when tokens were last used.
NOTED = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks: a token's id, its name for people, its role."""

    id: str
    name: str
    role: Role
    expires: str | None = None

    @property
    def label(self) -> str:
        """How the audit log calls them."""
        return f"{self.name} ({self.id})" if self.id else self.name


#: Whoever asks where no token was ever given out.
ANYONE = Holder("", "anyone", "admin")


@dataclass(frozen=True, slots=True)
class _Keys:
    """Holders by digest, as the ledger had them; ``closed`` once a token was ever given out."""

    holders: Mapping[str, Holder] = field(default_factory=dict)
    closed: bool = False
    read_at: float = float("-inf")


class Keyring:
    """Knows who a token belongs to; re-reads the ledger every other second.

    ``fixed`` are tokens from elsewhere than the ledger, with their holders. Those named in `inner` do
    not close the service: its own reports ask with them.
    """

    def __init__(
        self, tokens: Tokens, clock: Callable[[], datetime], fixed: Mapping[str, Holder], inner: str
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._fixed = {digest_of(token): holder for token, holder in fixed.items()}
        self._fixed_closes = any(token != inner for token in fixed)
        self._keys = _Keys()
        self._lock = threading.Lock()
        self._used: dict[str, str] = {}
        self._noted_at = time.monotonic()
        self._keys = self._read()

    @property
    def is_open(self) -> bool:
        """Whether whoever reaches the port may ask: no token was ever given out."""
        return not (self._fixed_closes or self._current().closed)

    @property
    def has_valid(self) -> bool:
        """Whether somebody could come in from elsewhere."""
        now = timestamp(self._clock())
        valid = [h for h in self._current().holders.values() if h.expires is None or h.expires > now]
        return self._fixed_closes or bool(valid)

    @property
    def is_fresh(self) -> bool:
        """Whether the ledger need not be asked again during the next request."""
        return time.monotonic() - self._keys.read_at < FRESH - MARGIN

    def holder(self, token: str) -> Holder | None:
        """Return who a token belongs to, None for nobody; all are compared, in constant time."""
        given, found = digest_of(token), None
        for known, holder in [*self._fixed.items(), *self._current().holders.items()]:
            if hmac.compare_digest(known, given):
                found = holder
        return self._valid(found)

    def named(self, number: str) -> Holder | None:
        """Return the holder of an id, as a session remembers it; None when it may not ask any more."""
        holders = [*self._fixed.values(), *self._current().holders.values()]
        return self._valid(next((holder for holder in holders if holder.id == number), None))

    def _valid(self, holder: Holder | None) -> Holder | None:
        if holder is None:
            return None
        now = timestamp(self._clock())
        if holder.expires is not None and holder.expires <= now:
            return None
        if holder not in self._fixed.values():
            self._used[holder.id] = now
        if self._used and time.monotonic() - self._noted_at > NOTED:
            self._noted_at = time.monotonic()
            threading.Thread(target=self.note_uses, daemon=True).start()
        return holder

    def note_uses(self) -> None:
        """Write down when each token was last used; beside the requests, which wait for no writer."""
        while self._used:
            number, at = self._used.popitem()
            try:
                self._tokens.used(number, at)
            except LedgerError as error:
                _log.warning("the last use of token %s was not noted: %s", number, error)

    def _current(self) -> _Keys:
        keys = self._keys
        if time.monotonic() - keys.read_at < FRESH or not self._lock.acquire(blocking=False):
            return keys
        try:
            self._keys = self._read()
        except LedgerError as error:
            # Who was let in a moment ago still is: predictions outlive an absent ledger.
            _log.warning("tokens could not be read again: %s", error)
            self._keys = _Keys(keys.holders, keys.closed, time.monotonic())
        finally:
            self._lock.release()
        return self._keys

    def _read(self) -> _Keys:
        rows = self._tokens.all()
        holders = {
            row["digest"]: Holder(row["id"], row["name"], row["role"], row["expires"])
            for row in rows
            if row["revoked"] is None
        }
        return _Keys(holders, bool(rows), time.monotonic())
