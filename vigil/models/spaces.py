"""What may be searched for: the settings of a model type, each with its range and its usual value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vigil.errors import VigilError

#: The most knots a ramp usually has.
KNOTS = 8
#: The setting that has a model divide the levels of a category into groups.
GROUPED = "levels_in_groups"

#: A model's settings by name; what is not named has its usual value.
Settings = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Range:
    """A number from ``low`` to ``high``, both included; ``usual`` is what a type takes without a search.

    It is tried evenly on a logarithmic scale, or on a plain one if ``linear``.
    """

    low: float
    high: float
    usual: float
    whole: bool = False
    linear: bool = False

    def holds(self, value: object) -> bool:
        """Say whether a value is in the range and of its kind."""
        kind = int if self.whole else (int, float)
        return isinstance(value, kind) and not isinstance(value, bool) and self.low <= value <= self.high


Space = Mapping[str, Range]


def filled(space: Space, settings: Settings) -> dict[str, float]:
    """Return every setting of a space, those that are not given at their usual value."""
    return {name: settings.get(name, one.usual) for name, one in space.items()}


def check(space: Space, settings: Mapping[str, object], kind: str) -> None:
    """Raise VigilError where settings are not those of a model type, or out of their ranges."""
    wrong = [name for name, value in settings.items() if name not in space or not space[name].holds(value)]
    if wrong:
        takes = ", ".join(f"{name} ({one.low:g} to {one.high:g})" for name, one in space.items())
        raise VigilError(
            f"cannot be set: {', '.join(wrong)}.", where=f"model {kind}", hint=f"It takes: {takes}."
        )


def special(space: Space, settings: Settings) -> dict[str, float]:
    """Return the settings that differ from the usual ones, by name: what a bundle says of itself."""
    return {name: settings[name] for name in sorted(settings) if settings[name] != space[name].usual}
