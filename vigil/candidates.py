"""A recipe carried out: rows of a window, their weights and a model's settings become a candidate.

The same rows and recipe give the same bundle. What a bundle is made of is in its manifest, what it cost
and what a search tried in the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import bundles, figures, models, profiles
from vigil.batches import cuts
from vigil.bundles import keys
from vigil.ledger.shelf import Row
from vigil.models import searching
from vigil.models.fitting import Lesson
from vigil.models.spaces import Settings
from vigil.project import Project
from vigil.records import Batch
from vigil.stats.metrics import Metric
from vigil.trials import arrays, leaks
from vigil.trials.snapshot import CHOOSING, GATING, TRAIN, Snapshot

#: What is said of a release whose compiled form does not answer as its pipeline does.
SLOW = "its compiled form answers otherwise, so that the slower pipeline answers"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a candidate is made: which model type on which window of rows.

    ``window`` is a name for people and ``since`` the order of its first batch. With a ``half_life`` a
    batch weighs half as much as one so many batches later. ``settings`` are the model type's own, where
    they differ from the usual ones: the config's, or what a search found.
    """

    kind: str
    window: str = "all history"
    since: int = 1
    half_life: float | None = None
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Material:
    """A recipe's labelled training rows, with their identities' hashes (n, 2), and how a fit is asked for."""

    table: pa.Table
    hashes: npt.NDArray[np.uint64]
    left_out: dict[str, str]
    columns: arrays.Arrays
    truth: npt.NDArray[Any]
    how: dict[str, Any]


def material(project: Project, rows: Snapshot, recipe: Recipe) -> Material:
    """Gather what a recipe is made of; a feature that gives the target away is left out."""
    contract, config = project.contract(), project.config
    order = models.code_order(contract)
    chosen = rows.part(TRAIN, since=recipe.since)
    table = rows.take(chosen)
    truth, labelled = arrays.labels(table, contract, order)
    table, hashes = table.filter(labelled), rows.hashes[chosen][labelled]
    given_away = leaks.found(table, contract, truth[labelled])
    left_out = leaks.left_out(contract, given_away, config.allow_leaks)
    features = [column for column in contract.features if column.name not in left_out]
    how: dict[str, Any] = {
        "task": contract.task,
        "classes": order,
        "features": features,
        "metric": project.metric(contract.task).name,
        "seed": config.seed,
        "weights": weights(rows.orders[chosen][labelled], recipe.half_life),
        "groups": hashes if contract.by_role("key") else None,
    }
    return Material(table, hashes, left_out, arrays.features(table, features), truth[labelled], how)


def weights(orders: npt.NDArray[np.int64], half_life: float | None) -> npt.NDArray[np.float64] | None:
    """Return weights (n,) of mean 1 that halve every ``half_life`` batches back; None where all count alike.

    Batches without a row do not count, so that the same rows weigh the same whatever their numbers are.
    """
    if half_life is None or not len(orders):
        return None
    known, place = np.unique(orders, return_inverse=True)
    found = np.exp2((place.reshape(-1) - (len(known) - 1)) / half_life)
    scaled: npt.NDArray[np.float64] = found / found.mean()
    return scaled


def make(project: Project, rows: Snapshot, recipe: Recipe, through: Batch) -> str:
    """Fit a recipe, write its bundle, and enter it among the candidates; return the bundle's id.

    Raises VigilError when there is nothing to learn from.
    """
    return _made(project, rows, recipe, through, material(project, rows, recipe), None)


def searched(
    project: Project, rows: Snapshot, recipe: Recipe, through: Batch, search: searching.Search
) -> list[str]:
    """Search for settings of a recipe; return the recipe's own candidate, and one with the best settings.

    Every trial counts as a fit. Raises VigilError when there is nothing to learn from, or without the extra.
    """
    made = material(project, rows, recipe)
    lesson = Lesson.of(recipe.kind, made.columns, made.truth, **made.how)
    turns = _turns(project, f"searching {recipe.kind}", search.trials)
    until = time.monotonic() + search.seconds
    first = [*incumbents(project, recipe.kind), recipe.settings]
    found = searching.search(lesson, first, turns, until=until)
    project.console.say(f"  {told(recipe, found, project.metric(made.how['task']))}")
    is_other = found.settings != recipe.settings
    usual = [_made(project, rows, recipe, through, made, None)] if is_other else []
    best = replace(recipe, settings=found.settings)
    return [*usual, _made(project, rows, best, through, made, found)]


def told(recipe: Recipe, found: searching.Found, metric: Metric) -> str:
    """Say in one line what a search has tried, what was best, and whether that is what stood before."""
    settings, before = found.tried[0]
    said = f"search {recipe.kind} on {recipe.window}: {len(found.tried)} settings tried"
    if found.value is None:
        return f"{said}; none has an out-of-fold score, so the incumbent's stay."
    best = f"best out-of-fold {metric.title} {figures.score(found.value)}"
    if found.settings == settings:
        return f"{said}; {best} with the incumbent's settings, which stay."
    settled = ", ".join(f"{name} {figures.digits(value)}" for name, value in found.settings.items())
    names = settled or "the usual settings"
    return f"{said}; {best} with {names}; the incumbent's have {figures.score(before, 'none')}."


def incumbents(project: Project, kind: str) -> Sequence[Settings]:
    """Return the settings that a search should try first: those of the newest deployed releases of a type."""
    for row in project.ledger.releases.deployed():
        if row["model"] == kind:
            return [row["facts"].get("settings", {})]
    return []


def _turns(project: Project, label: str, trials: int) -> Iterator[int]:
    return project.console.progress(range(trials), label, trials)


def _made(
    project: Project, rows: Snapshot, recipe: Recipe, through: Batch, made: Material,
    found: searching.Found | None,
) -> str:  # fmt: skip
    """Fit one model and write its bundle and its row in the ledger."""
    contract = project.contract()
    fitted = models.fit(recipe.kind, made.columns, made.truth, **made.how, settings=recipe.settings)
    profile = profiles.profile(made.table, contract.kept, cuts.known(project.ledger, through=through.order))
    files = {profiles.FILE: profiles.dump(profile)}
    files |= {keys.FILE: keys.dump(made.hashes)} if contract.by_role("key") else {}
    held_out = arrays.features(rows.take(rows.part(CHOOSING, GATING)), contract.features)
    about = {"snapshot": _provenance(project, recipe, through)}
    release = models.pack(fitted, project.models, about, files, held_out=held_out)
    is_compiled = bundles.load_manifest(project.models, release)["compiled"]
    facts: Row = {
        "task": contract.task,
        "trained_rows": made.table.num_rows,
        "features": len(made.how["features"]),
        "left_out": made.left_out,
        "threshold": fitted.threshold,
        "clip": fitted.clip,
        "out_of_fold": fitted.score,
        "window": recipe.window,
        "since": recipe.since,
        "through_name": through.name,
        "size_bytes": bundles.size(project.models, release),
    }
    facts |= {"settings": dict(fitted.plan.settings)} if fitted.plan.settings else {}
    _write_down(project, release, recipe, through, facts, found, is_compiled=is_compiled)
    return release


def _write_down(
    project: Project, release: str, recipe: Recipe, through: Batch, facts: Row,
    found: searching.Found | None, *, is_compiled: bool,
) -> None:  # fmt: skip
    """Enter a candidate in the ledger, with what its search tried: also where it was known before."""
    reason = f"{recipe.kind} on {recipe.window}"
    reason += f", the best of {len(found.tried)} trials" if found else ""
    reason += "" if is_compiled else f"; {SLOW}"
    releases = project.ledger.releases
    releases.add(
        release, model=recipe.kind, batch=through.id, through=through.order, facts=facts, reason=reason
    )
    if found:
        known = releases.get(release) or {"facts": facts}
        cost = {"fits": 1 + len(found.tried), "search": found.as_json()}
        releases.update(release, facts={**known["facts"], **cost})


def _provenance(project: Project, recipe: Recipe, through: Batch) -> Row:
    """Say which rows the bundle was made of, by the digests of their files; held batches are left out."""
    batches = project.ledger.sound(after=recipe.since - 1, through=through.order)
    contract = project.contract()
    return {
        "files": [{"name": batch.name, "sha256": batch.digest} for batch in batches],
        "holdout": project.config.holdout,
        "identity": [column.name for column in contract.identity],
        "contract": contract.version,
        **({"half_life": recipe.half_life} if recipe.half_life else {}),
    }
