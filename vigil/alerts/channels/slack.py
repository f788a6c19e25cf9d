"""Slack, and what takes Slack's incoming webhooks: Mattermost, Rocket.Chat, Zulip, Discord (``/slack``)."""

from __future__ import annotations

import json

from vigil.alerts.channels import Addressed, World
from vigil.alerts.message import Message
from vigil.alerts.outside import post

#: What a webhook takes without cutting it.
MOST = 3500

_MARKS = {"critical": ":red_circle:", "warning": ":large_orange_circle:", "info": ":large_blue_circle:"}


class Settings(Addressed):
    """The webhook's address, which is a secret: name a variable of the environment."""


def send(settings: Settings, message: Message, world: World) -> str:
    """Post the message as text."""
    mark = ":white_check_mark:" if message.event == "resolved" else _MARKS[message.severity]
    text = f"{mark} *{escaped(message.subject)}*\n{escaped(message.text)}"[:MOST]
    headers = {"Content-Type": "application/json", "User-Agent": "Vigil", "Idempotency-Key": message.key}
    return post(settings.address(world), json.dumps({"text": text}).encode(), headers, world.reach)


def escaped(text: str) -> str:
    """Return text in which nothing calls a person or makes a link: names of files come from outside."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
