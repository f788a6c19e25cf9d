"""A fitted model as a bundle: compiled, checked against the pipeline, written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vigil import bundles
from vigil.models import registry
from vigil.models.fitting import Fitted
from vigil.serving import Compiled, Prediction

#: How far compiled and original answers may lie apart (relative, for values beyond 1).
TOLERANCE = 1e-9
#: Held-out rows that are compared at a time.
_BLOCK = 100_000
#: What a manifest says of a feature; the contract's other settings are for files only.
_OF_A_FEATURE = ("name", "kind", "role", "nullable", "required", "minimum", "maximum", "levels")

Rows = Mapping[str, np.ndarray]


def pack(
    fitted: Fitted,
    folder: Path,
    manifest_extra: Mapping[str, Any] | None = None,
    extra_files: Mapping[str, bytes] | None = None,
    *,
    held_out: Rows | None = None,
) -> str:
    """Write the bundle of a fitted model into ``folder`` and return its id.

    The manifest's ``compiled`` says whether the compiled form answered like the pipeline, on training
    rows, on hostile ones and on all that are ``held_out`` (arrays by column, as for ``fit``); if not, the
    bundle has none and answers by the pipeline.
    Raises BundleError when the model holds something that may not be stored.
    """
    form = compiled(fitted)
    files = form.files()
    agrees = answers_alike(fitted, Compiled.from_files(files), held_out or {})
    return bundles.write(
        folder,
        pipeline=fitted.pipeline,
        manifest=_manifest(fitted) | _answering(fitted, agrees) | dict(manifest_extra or {}),
        files=(files if agrees else {}) | dict(extra_files or {}),
    )


def compiled(fitted: Fitted) -> Compiled:
    """Fold a fitted model into plain arrays."""
    folded = registry.get(fitted.kind).fold(fitted.pipeline, fitted.plan)
    return Compiled(
        shape=folded.shape,
        task=fitted.task,
        classes=fitted.classes,
        outputs=fitted.present,
        link=folded.link,
        calibration=fitted.calibration,
        threshold=fitted.threshold,
        texts=fitted.plan.texts,
    )


def answers_alike(fitted: Fitted, form: Compiled, held_out: Rows) -> bool:
    """Compare a compiled form with its pipeline, on training rows, hostile ones and all held-out ones."""
    return all(
        _alike(fitted.predict(rows), form.predict(rows), fitted.threshold)
        for rows in (fitted.sample, hostile(fitted), *_blocks(held_out))
    )


def _blocks(rows: Rows) -> Iterator[Rows]:
    """Yield rows in parts that fit into memory, however many they are."""
    count = len(next(iter(rows.values()), ()))
    for start in range(0, count, _BLOCK):
        yield {name: cells[start : start + _BLOCK] for name, cells in rows.items()}


def hostile(fitted: Fitted) -> dict[str, np.ndarray]:
    """Return rows of everything unusual: missing, unseen, empty, infinite, huge, tiny.

    Shifted from column to column, so that unusual cells meet; each also alone beside usual ones.
    """
    numbers = [np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, 0.0, -0.0, 2.0**53, 1e30]
    strings = [None, "", "never seen before", "\u0000", "nan", "None", "é\u202e", " "]
    kinds = {name: (numbers if name in fitted.plan.numbers else strings) for name in fitted.plan.sources}
    usual = {name: cells[0] for name, cells in fitted.sample.items()}
    rows = [{n: kind[(i + j) % len(kind)] for j, (n, kind) in enumerate(kinds.items())} for i in range(40)]
    rows += [usual | {name: cell} for name, kind in kinds.items() for cell in kind]
    types = {name: np.float64 if name in fitted.plan.numbers else object for name in kinds}
    return {name: np.array([row[name] for row in rows], dtype=types[name]) for name in kinds}


def _alike(one: Prediction, other: Prediction, threshold: float | None) -> bool:
    """Tell whether two predictions are the same but for rounding."""
    if one.probability is None or other.probability is None:
        return np.allclose(one.outcome, other.outcome, rtol=TOLERANCE, atol=TOLERANCE)
    near = np.allclose(one.probability, other.probability, rtol=0, atol=TOLERANCE)
    return near and not (_sure(one.probability, threshold) & (one.outcome != other.outcome)).any()


def _sure(probability: np.ndarray, threshold: float | None) -> np.ndarray:
    """Tell which rows are decided by more than rounding."""
    if probability.ndim == 1:
        return np.asarray(np.abs(probability - (threshold or 0.0)) > TOLERANCE)
    best = np.sort(probability, axis=1)
    return np.asarray(best[:, -1] - best[:, -2] > 2 * TOLERANCE)


def _answering(fitted: Fitted, agrees: bool) -> dict[str, Any]:
    """Say what answers; the pipeline needs the columns told, the compiled form knows them."""
    if agrees:
        return {"compiled": True}
    levels = {name: list(known) for name, known in fitted.plan.levels.items()}
    texts = {name: list(kept) for name, kept in fitted.plan.texts.items()}
    numbers = list(fitted.plan.numbers)
    return {"compiled": False, "columns": {"numbers": numbers, "levels": levels, "texts": texts}}


def _manifest(fitted: Fitted) -> dict[str, Any]:
    """Say what the model is, in JSON values; nothing of when or where it was trained."""
    return {
        "task": fitted.task,
        "classes": list(fitted.classes),
        "positive": fitted.classes[1] if fitted.task == "binary" else "",
        "model": fitted.kind,
        "params": fitted.params,
        "seed": fitted.plan.seed,
        "metric": fitted.plan.metric,
        "threshold": fitted.threshold,
        "calibration": fitted.calibration,
        "clip": fitted.clip,
        "baseline": asdict(fitted.baseline),
        "out_of_fold": fitted.score,
        "rows": fitted.plan.rows,
        "present": list(fitted.present),
        **({"settings": dict(fitted.plan.settings)} if fitted.plan.settings else {}),
        "features": [{name: getattr(feature, name) for name in _OF_A_FEATURE} for feature in fitted.features],
    }
