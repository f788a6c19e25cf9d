"""When to retrain: one file each, found by its name. A policy proposes; the cycle disposes.

A file ``<name>.py`` here holds ``propose(situation, options) -> Proposal``, and ``OPTIONS``, the names
of its settings with their defaults.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from vigil.errors import ConfigError, Fault
from vigil.records import Score


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy may look at, after one batch was scored.

    ``attempts`` counts the challenges of the open incident, ``tried_rows`` the labelled rows since
    the change when the last one ran, ``rows_since_change`` how many there are now.
    ``rows_since_training`` counts labelled rows that came after the live release's training data.
    """

    score: Score
    incident_open: bool = False
    attempts: int = 0
    tried_rows: int = 0
    rows_since_change: int = 0
    rows_since_training: int = 0
    trained_rows: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """``retrain`` asks for a better model, ``refresh`` for a newer one that is not worse."""

    action: Literal["retrain", "refresh", "nothing"]
    reason: str


class Policy(Protocol):
    """What a file of this room offers."""

    OPTIONS: Mapping[str, Any]

    def propose(self, situation: Situation, options: Mapping[str, Any]) -> Proposal:
        """Say what the situation calls for, and why."""


def names() -> tuple[str, ...]:
    """Return the names of all policies, sorted."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def propose(setting: str | Mapping[str, Any], situation: Situation) -> Proposal:
    """Ask the configured policy: its name, or an object with its name and options.

    Raises ConfigError for an unknown policy or option.
    """
    policy, options = opened(setting)
    return policy.propose(situation, options)


def opened(setting: str | Mapping[str, Any]) -> tuple[Policy, dict[str, Any]]:
    """Return the policy that a config asks for, and its options with defaults filled in."""
    given = {"name": setting} if isinstance(setting, str) else dict(setting)
    name = str(given.pop("name", ""))
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Choose from: {', '.join(names())}."
        raise ConfigError("config", [Fault("config-policy", "policy", f"{name!r} is not a policy.", hint)])
    policy: Policy = importlib.import_module(f"{__name__}.{name}")
    faults = [
        Fault(
            "config-policy", f"policy.{key}", f"is not an option of {name}.", f"It takes: {_known(policy)}."
        )
        for key in given
        if key not in policy.OPTIONS
    ]
    faults += [
        Fault("config-policy", f"policy.{key}", f"must be a number; it is {value!r}.")
        for key, value in given.items()
        if key in policy.OPTIONS and (isinstance(value, bool) or not isinstance(value, (int, float)))
    ]
    if faults:
        raise ConfigError("config", faults)
    return policy, {**policy.OPTIONS, **given}


def _known(policy: Policy) -> str:
    return ", ".join(policy.OPTIONS) or "none"
