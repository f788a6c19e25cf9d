"""Find model types by name; a file in ``kinds`` is all that a new one takes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from vigil import plugins
from vigil.errors import VigilError
from vigil.models import kinds
from vigil.models.spaces import Settings, Space, check, special
from vigil.records import Task

#: The setting that has every type compared.
AUTO = "auto"


class ModelType(Protocol):
    """What a file in ``kinds`` offers."""

    TASKS: tuple[Task, ...]
    SPACE: Space
    #: What its calibrated log-loss may lack, in nats times the rows trained on; see ``stats.freshness``.
    FLAW: float

    def build(self, plan: Any) -> Any:
        """Return an unfitted pipeline with the steps ``prepare`` and ``model``."""

    def fold(self, pipeline: Any, plan: Any) -> Any:
        """Return the fitted pipeline as plain arrays (``folding.Folded``)."""


def names() -> tuple[str, ...]:
    """Return the names of all model types, sorted; none of them is imported."""
    return plugins.names(kinds.__path__)


def chosen(setting: str) -> tuple[str, ...]:
    """Return the model types that a config's ``model`` asks for; ``auto`` asks for all of them.

    Raises VigilError for a name that is no model type.
    """
    if setting == AUTO:
        return names()
    if setting not in names():
        there = [AUTO, *names()]
        hint = plugins.meant(setting, there) or f"Choose from: {', '.join(there)}."
        raise VigilError(f"{setting!r} is not a model type.", where="model", hint=hint)
    return (setting,)


def get(name: str) -> ModelType:
    """Return a model type. Raises VigilError for a name that is none."""
    (name,) = chosen(name) if name != AUTO else (name,)
    return importlib.import_module(f"{kinds.__name__}.{name}")


def configured(given: Mapping[str, Settings]) -> dict[str, Settings]:
    """Return what a config's ``model_settings`` set otherwise than usual, by model type.

    Raises VigilError for a name that is no model type, and for what that type does not take.
    """
    found: dict[str, Settings] = {}
    for name, settings in given.items():
        if name == AUTO:
            hint = f"Name one of them: {', '.join(names())}."
            raise VigilError(
                f"{AUTO!r} stands for all model types and has no settings of its own.",
                where="model_settings",
                hint=hint,
            )
        space = get(name).SPACE
        check(space, settings, name)
        found[name] = special(space, settings)
    return found
