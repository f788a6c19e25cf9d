"""Several compiled models that answer together: the weighted mean of their probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from vigil.serving.coded import Columns


class Member(Protocol):
    """A compiled model that votes."""

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of each category column that training saw."""

    def spread(self, columns: Columns) -> np.ndarray:
        """Return calibrated probabilities of all classes (n, K), or values (n, 1)."""

    def spread_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the same of one row."""

    def dump(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is stored: JSON values and arrays."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Members with their weights, which sum to 1."""

    weights: tuple[float, ...]
    members: tuple[Member, ...]

    @classmethod
    def of(cls, weights: Sequence[float], members: Sequence[Member]) -> Vote:
        """Build the vote; weights are scaled to sum to 1."""
        total = sum(weights)
        return cls(tuple(weight / total for weight in weights), tuple(members))

    def raw(self, columns: Columns) -> np.ndarray:
        """Return mean probabilities (n, K), or values (n, 1), for n rows."""
        first, *others = (
            weight * member.spread(columns) for weight, member in zip(self.weights, self.members, strict=True)
        )
        return np.asarray(sum(others, start=first))

    def raw_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the mean of one row."""
        each = [member.spread_one(row) for member in self.members]
        return [
            sum(weight * value for weight, value in zip(self.weights, values, strict=True))
            for values in zip(*each, strict=True)
        ]

    def levels(self) -> dict[str, tuple[str, ...]]:
        """Return the levels that any member knows, of each column of strings."""
        found: dict[str, set[str]] = {}
        for member in self.members:
            for name, levels in member.levels.items():
                found.setdefault(name, set()).update(levels)
        return {name: tuple(sorted(levels)) for name, levels in found.items()}

    def dump(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is stored: JSON values and arrays, the members' under their places."""
        stored = [member.dump() for member in self.members]
        arrays = {f"{i}:{name}": array for i, (_, own) in enumerate(stored) for name, array in own.items()}
        return {"weights": list(self.weights), "members": [about for about, _ in stored]}, arrays

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Vote:
        """Build the vote from what ``dump`` returned."""
        # Late: a vote is one of the shapes of a compiled model, and its members are compiled models.
        from vigil.serving.compiled import Compiled

        members = []
        for i, one in enumerate(about["members"]):
            start = f"{i}:"
            own = {name.removeprefix(start): a for name, a in arrays.items() if name.startswith(start)}
            members.append(Compiled.restore(one, own))
        return cls(tuple(about["weights"]), tuple(members))
