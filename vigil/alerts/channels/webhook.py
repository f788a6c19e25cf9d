"""A program's own address: a message as JSON, signed with a shared secret.

The signature is HMAC-SHA256 (RFC 2104) over the time, a full stop and the body, so that a receiver can
refuse what was altered, and what is older than a few minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from vigil.alerts.channels import Addressed, World
from vigil.alerts.message import Message
from vigil.alerts.outside import post

TIME, SIGNATURE, KEY = "Vigil-Timestamp", "Vigil-Signature", "Idempotency-Key"


class Settings(Addressed):
    """An address; the secret, where there is one, in the environment."""

    secret_env: str = ""


def send(settings: Settings, message: Message, world: World) -> str:
    """Post the message, signed where a secret is named."""
    body = json.dumps({"schema": 1, **message.as_json()}, ensure_ascii=False, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Vigil", KEY: message.key}
    if settings.secret_env:
        moment = str(int(time.time()))  # the wall's clock: the receiver compares it with its own
        headers[TIME] = moment
        headers[SIGNATURE] = f"v1={signature(world.secret(settings.secret_env), moment, body)}"
    return post(settings.address(world), body, headers, world.reach)


def signature(secret: str, moment: str, body: bytes) -> str:
    """Return the signature of a body sent at a moment (seconds since 1970, as text)."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
