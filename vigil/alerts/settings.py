"""The section ``alerts`` of the config: every fault in it together, and nothing secret in a fault."""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vigil import plugins
from vigil.alerts import channels, timing
from vigil.alerts.channels import Channel, ChannelSettings
from vigil.config import Section
from vigil.errors import ConfigError, Fault


class Quiet(Section):
    """Hours in which messages wait; critical ones do not, unless `critical` is false."""

    model_config = ConfigDict(populate_by_name=True)

    begin: str = Field(alias="from")
    end: str = Field(alias="to")
    critical: bool = True

    @field_validator("begin", "end")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        timing.clock(text)
        return text


#: A year: no wait is longer.
MOST_HOURS = 24 * 365


class Alerts(Section):
    """Every setting of the section but what the channels take."""

    base_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    zone: str = "UTC"
    quiet: Quiet | None = None
    repeat_hours: float = Field(default=24, ge=0, le=MOST_HOURS)
    digest: str | None = None
    silent_minutes: int | None = Field(default=None, ge=1, le=60 * MOST_HOURS)
    feed_hours: float = Field(default=0, ge=0, le=MOST_HOURS)
    attempts: int = Field(default=15, ge=1, le=100)
    private: list[str] = Field(default_factory=list)
    heartbeat: str = Field(default="", pattern=r"^(https?://\S+)?$")
    heartbeat_env: str = ""
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, text: str) -> str:
        try:
            timing.zone_of(text)
        except (KeyError, OSError, ValueError):
            raise ValueError("is no time zone such as Europe/Berlin") from None
        return text

    @field_validator("digest")
    @classmethod
    def _is_weekly(cls, text: str | None) -> str | None:
        if text is not None:
            timing.weekly(text)
        return text

    @field_validator("private")
    @classmethod
    def _are_networks(cls, networks: list[str]) -> list[str]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks


@dataclass(frozen=True, slots=True)
class Opened:
    """The section, and its channels by the names that the config gives them."""

    general: Alerts
    channels: Mapping[str, tuple[Channel, ChannelSettings]]


def opened(raw: Mapping[str, Any]) -> Opened:
    """Read the section. Raises ConfigError with every fault in it."""
    faults: list[Fault] = []
    general = _read(Alerts, raw, "alerts", faults)
    ready = {}
    listed = raw.get("channels", {})
    for name, given in listed.items() if isinstance(listed, dict) else ():
        found = _channel(name, given, faults)
        if found is not None:
            ready[name] = found
    if faults or not isinstance(general, Alerts):
        raise ConfigError("config", faults)
    return Opened(general, ready)


def _channel(name: str, given: Any, faults: list[Fault]) -> tuple[Channel, ChannelSettings] | None:
    """Return a channel with its settings, or None and its faults."""
    where = f"alerts.channels.{name}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        faults.append(Fault("config-alerts", where, "may hold letters, digits, - and _, 64 at most."))
    kind = given.get("kind") if isinstance(given, dict) else None
    if kind not in channels.names():
        there = channels.names()
        hint = plugins.meant(str(kind), there) or f"Choose from: {', '.join(there)}."
        faults.append(Fault("config-alerts", f"{where}.kind", f"{kind!r} is not a kind of channel.", hint))
        return None
    channel = channels.get(kind)
    needed: str = getattr(channel, "NEEDS", "")
    if needed and importlib.util.find_spec(needed) is None:
        hint = f"Install it: pip install '.[{needed}]'"
        faults.append(Fault("config-alerts", where, f"needs {needed}, which is not installed.", hint))
    settings = _read(channel.Settings, given, where, faults)
    return (channel, settings) if isinstance(settings, ChannelSettings) else None


def _read(model: type[BaseModel], given: Any, where: str, faults: list[Fault]) -> BaseModel | None:
    """Validate one object; collect its faults, without the values, which may be secret."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            place = ".".join([where, *(str(part) for part in item["loc"])])
            faults.append(Fault("config-alerts", place, _worded(item["type"], item["msg"])))
        return None


def _worded(kind: str, said: str) -> str:
    """Turn one validation error into our own words."""
    if kind == "missing":
        return "is required."
    if kind == "extra_forbidden":
        return "is not a setting."
    return (
        re.sub(r"^(Input should|Value error,|String should) ?", "", said).replace("be ", "must be ", 1) + "."
    )
