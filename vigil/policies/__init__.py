"""When to retrain: one file each, found by its name. A policy proposes; the cycle disposes.

A file ``<name>.py`` here holds ``propose(situation, options) -> Proposal``, and ``OPTIONS``, the names
of its settings with their defaults; ``NEEDS`` names the library of an extra that it stands on, and
``ASKS_FRESHNESS`` says that it wants to know whether the stream drifts, which takes some work. A file
whose name begins with an underscore is no policy.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from vigil import plugins
from vigil.errors import ConfigError, Fault
from vigil.records import Score


@dataclass(frozen=True, slots=True)
class Met:
    """A batch that a live release was scored on.

    ``merit`` is the score, negated for a loss, so that more is better; None where it is undefined.
    ``wrong`` counts the rows that were answered wrongly (for a loss: the sum of the losses, each at
    most 1), of ``rows`` labelled ones.
    """

    order: int
    release: str
    merit: float | None
    rows: int
    wrong: float


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy may look at, after one batch was scored.

    ``attempts`` counts the challenges of the open incident, ``tried_rows`` the labelled rows since
    the change when the last one ran, ``rows_since_change`` how many there are now.
    ``rows_since_training`` and ``batches_since_training`` count labelled rows and batches that came after
    the live release's training data, ``days_live`` how long it has been live. ``read_met`` reads the batches
    that were scored, which few policies want to see, see ``met``. ``drifting`` says
    that the live release's probabilities are shown to be no longer right, ``lasted`` how many batches the
    release of which that was first shown had met before, ``still_good`` how many of the newest
    ``past_releases`` that were fitted still are, ``voting`` that the live release is a vote,
    ``batches_since_fit`` how many batches came after the newest model's rows.
    """

    score: Score
    incident_open: bool = False
    attempts: int = 0
    tried_rows: int = 0
    rows_since_change: int = 0
    rows_since_training: int = 0
    trained_rows: int = 0
    batches_since_training: int = 0
    days_live: float = 0.0
    read_met: Callable[[], tuple[Met, ...]] = tuple
    drifting: bool = False
    lasted: int = 0
    past_releases: int = 1
    still_good: float = 1.0
    voting: bool = False
    batches_since_fit: int = 0

    @property
    def met(self) -> tuple[Met, ...]:
        """The batches that were scored, oldest first, this one last, as many as the ledger is asked for."""
        return self.read_met()

    @property
    def own(self) -> tuple[Met, ...]:
        """The batches that the live release itself has met."""
        return tuple(met for met in self.met if met.release == self.score.release)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a policy asks for, and why.

    ``retrain`` asks for a better model and ``refresh`` for a newer one that is not worse: both go
    through the gate. ``replace`` asks for a newer one whatever it is worth: no gate. ``renew`` asks for
    past releases to vote, calibrated anew. ``restore`` puts the release before back and is for probation
    alone to ask. ``batches`` is the number of the latest batches to train on;
    None leaves the windows to the training step, which for ``replace`` means all history and for
    ``renew`` no fit at all.
    """

    action: Literal["retrain", "refresh", "renew", "replace", "restore", "nothing"]
    reason: str
    batches: int | None = None


class Policy(Protocol):
    """What a file of this room offers."""

    OPTIONS: Mapping[str, Any]

    def propose(self, situation: Situation, options: Mapping[str, Any]) -> Proposal:
        """Say what the situation calls for, and why."""


def names() -> tuple[str, ...]:
    """Return the names of all policies, sorted."""
    return plugins.names(__path__)


def propose(setting: str | Mapping[str, Any], situation: Situation) -> Proposal:
    """Ask the configured policy: its name, or an object with its name and options.

    Raises ConfigError for an unknown policy or option.
    """
    policy, options = opened(setting)
    return policy.propose(situation, options)


def asks_freshness(setting: str | Mapping[str, Any]) -> bool:
    """Say whether the configured policy wants to know if the stream drifts."""
    policy, _ = opened(setting)
    return bool(getattr(policy, "ASKS_FRESHNESS", False))


def opened(setting: str | Mapping[str, Any]) -> tuple[Policy, dict[str, Any]]:
    """Return the policy that a config asks for, and its options with defaults filled in."""
    given = {"name": setting} if isinstance(setting, str) else dict(setting)
    name = str(given.pop("name", ""))
    if name not in names():
        hint = plugins.meant(name, names()) or f"Choose from: {', '.join(names())}."
        raise ConfigError("config", [Fault("config-policy", "policy", f"{name!r} is not a policy.", hint)])
    policy: Policy = importlib.import_module(f"{__name__}.{name}")
    faults = _missing(policy, name)
    faults += [
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


def _missing(policy: Policy, name: str) -> list[Fault]:
    """Say which library a policy stands on that is not installed; the library is not imported."""
    needed: str = getattr(policy, "NEEDS", "")
    if not needed or importlib.util.find_spec(needed) is not None:
        return []
    hint = f"Install it: pip install '.[{needed}]'"
    return [Fault("config-policy", "policy", f"{name} needs {needed}, which is not installed.", hint)]


def _known(policy: Policy) -> str:
    return ", ".join(policy.OPTIONS) or "none"
