"""The slices of one batch, and of all batches that a release has met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from vigil import profiles, slices
from vigil.config import Config
from vigil.profiles import Profile
from vigil.records import Contract
from vigil.slices import Answered, Grouping
from vigil.slices.scores import Tallies

Columns = Mapping[str, npt.NDArray[Any]]


def look(
    answered: Answered,
    columns: Columns,
    trained: Profile | None,
    contract: Contract,
    config: Config,
    before: Mapping[str, Tallies],
) -> tuple[dict[str, Any], dict[str, Tallies]]:
    """Return the slices as JSON values, and the tallies for the next batch of the release.

    ``columns`` are the features of the labelled rows. ``by_column`` and ``fairness`` cover all batches
    that the release has met, ``worst`` this one.
    """
    if trained is None or not len(answered.truth):
        return {}, dict(before)
    known = _groupings(trained, contract)
    coded = {name: found.codes(columns[name]) for name, found in known.items() if name in columns}
    tallies = dict(before)
    for name in [n for n in dict.fromkeys([*config.slices, *config.sensitive]) if n in coded]:
        met = slices.by_group(answered, known[name], coded[name])
        tallies[name] = slices.added(answered.metric, tallies.get(name, {}), met)
    return {
        "metric": answered.metric.name,
        "by_column": [
            {"column": name, "groups": slices.shown(answered.metric, tallies[name], known[name].names)}
            for name in config.slices
            if name in tallies and name in known
        ],
        "worst": slices.worst(answered, [(known[name], codes) for name, codes in coded.items()]),
        "fairness": _fairness(config, known, tallies),
    }, tallies


def _groupings(trained: Profile, contract: Contract) -> dict[str, Grouping]:
    """Return the groups of every feature that has more than one."""
    features = {column.name for column in contract.features}
    found = [
        slices.grouping(column, profiles.often(trained, column.name))
        for column in trained.columns
        if column.name in features
    ]
    return {one.column: one for one in found if one is not None}


def _fairness(
    config: Config, known: Mapping[str, Grouping], tallies: Mapping[str, Tallies]
) -> list[dict[str, Any]]:
    """Return the fairness measures of the sensitive columns."""
    found = []
    for name in config.sensitive:
        if name in tallies and name in known:
            measured = slices.fairness(tallies[name], known[name].names)
            if measured is not None:
                found.append({"column": name, **measured})
    return found
