"""Whatever the library apprise reaches: Telegram, Teams, ntfy, Matrix and a hundred others.

Where it connects to is apprise's own affair: ``alerts.private`` does not bind it.
"""

from __future__ import annotations

from pydantic import Field

from vigil.alerts.channels import ChannelSettings, World
from vigil.alerts.message import Message
from vigil.errors import TransportError

NEEDS = "apprise"

_TYPES = {"critical": "failure", "warning": "warning", "info": "info"}


class Settings(ChannelSettings):
    """The variable of the environment that holds apprise's URL, which is full of secrets."""

    url_env: str = Field(min_length=1)


def send(settings: Settings, message: Message, world: World) -> str:
    """Hand the message to apprise; it says only whether it went well."""
    import apprise

    speaker = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    if not speaker.add(world.secret(settings.url_env)):
        what = f"{settings.url_env} holds no URL that apprise knows."
        raise TransportError(what, permanent=True)
    kind = apprise.NotifyType.SUCCESS if message.event == "resolved" else _TYPES[message.severity]
    body = f"{message.text}\n\nKey: {message.key}"
    if not speaker.notify(title=message.subject, body=body, notify_type=kind):
        raise TransportError("apprise could not deliver it.", permanent=False)
    return "handed to apprise"
