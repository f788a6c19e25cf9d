"""Ways to reach people and programs: one file each, found by its name.

A file ``<name>.py`` here holds ``Settings``, what it takes from the config, and
``send(settings, message, world)``, which returns once the receiver has the message, in words, and raises
TransportError when it has not; ``NEEDS`` names the library of an extra that it stands on. It may be asked to
send the same message again, and gives the receiver its key. A file whose name begins with an underscore is
no channel.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import model_validator

from vigil import plugins
from vigil.alerts.message import Message
from vigil.alerts.outside import Reach
from vigil.config import Section
from vigil.errors import TransportError


@dataclass(frozen=True, slots=True)
class World:
    """What a channel may use: the environment's secrets, the project's folder, how far it may reach."""

    environ: Mapping[str, str]
    root: Path
    reach: Reach

    def secret(self, name: str) -> str:
        """Return a variable of the environment. Raises TransportError when it is not set."""
        value = self.environ.get(name, "")
        if not value:
            what = f"the environment has no {name}."
            raise TransportError(what, permanent=False, hint="Set it where ticks are started.")
        return value


class ChannelSettings(Section):
    """What every channel takes: its kind, and the least severity that it is told about."""

    kind: str
    least: Literal["info", "warning", "critical"] = "info"


class Addressed(ChannelSettings):
    """A channel with one address, which is in the config or, as a secret, in the environment."""

    url: str = ""
    url_env: str = ""

    @model_validator(mode="after")
    def _one_address(self) -> Addressed:
        if bool(self.url) == bool(self.url_env):
            raise ValueError("needs either url, or url_env with a variable's name")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("needs a url that begins with https:// or http://")
        return self

    def address(self, world: World) -> str:
        """Return the address."""
        return self.url or world.secret(self.url_env)


class Channel(Protocol):
    """What a file of this room offers."""

    Settings: type[ChannelSettings]

    def send(self, settings: Any, message: Message, world: World) -> str:
        """Bring a message to its receiver, and return what that one answered."""


def names() -> tuple[str, ...]:
    """Return the kinds of all channels, sorted."""
    return plugins.names(__path__)


def get(name: str) -> Channel:
    """Return a channel by its kind. Raises KeyError for another name."""
    if name not in names():
        raise KeyError(name)
    channel: Channel = importlib.import_module(f"{__name__}.{name}")
    return channel
