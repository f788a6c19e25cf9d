"""Browser sessions: a signed cookie that remembers whose token was typed in, and guards every form."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from flask import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from vigil.access.secret import derive

COOKIE = "vigil_session"

#: Seconds after which a person logs in again.
LASTS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's session: the id of the token's holder ('' for nobody's), and a word of its own."""

    holder: str
    word: str


class Sessions:
    """Signs sessions and reads them back; they hold no secret, and end with the token that began them."""

    def __init__(self, secret: bytes) -> None:
        self._signer = URLSafeTimedSerializer(derive(secret, "session"))
        self._forms = derive(secret, "forms").encode()

    def begin(self, holder: str = "") -> Session:
        """Return a new session."""
        return Session(holder, secrets.token_urlsafe(18))

    def read(self, cookie: str | None) -> Session | None:
        """Return the session in a cookie, None when it is absent, too old, or not ours."""
        try:
            holder, word = self._signer.loads(cookie or "", max_age=LASTS)
        except (BadSignature, ValueError, TypeError):
            return None
        return Session(str(holder), str(word))

    def form_word(self, session: Session) -> str:
        """Return what every form of this session must carry, and no other site can know."""
        return hmac.digest(self._forms, f"{session.word}:{session.holder}".encode(), "sha256").hex()

    def is_form_word(self, session: Session | None, given: str) -> bool:
        """Tell whether a form came from a page of this session."""
        if session is None:
            return False
        return hmac.compare_digest(self.form_word(session).encode(), given.encode("utf-8", "replace"))

    def keep(self, response: Response, session: Session, *, secure: bool) -> None:
        """Give the browser the session: no script reads it, no other site's request carries it."""
        value = self._signer.dumps([session.holder, session.word])
        response.set_cookie(
            COOKIE, value, max_age=LASTS, secure=secure, httponly=True, samesite="Strict", path="/"
        )

    def forget(self, response: Response, *, secure: bool) -> None:
        """Take the session away from the browser."""
        response.delete_cookie(COOKIE, secure=secure, httponly=True, samesite="Strict", path="/")
