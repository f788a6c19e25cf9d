"""Open a bundle to answer with: the compiled form where there is one, else the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vigil import bundles
from vigil.serving import Compiled, Prediction


class Answerer(Protocol):
    """A trained model that answers; ``answered_by`` is ``compiled`` or ``pipeline``."""

    @property
    def answered_by(self) -> str:
        """Which form answers."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels by code; empty for regression."""

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """The levels of each category column that training saw."""

    def predict(self, columns: Mapping[str, np.ndarray]) -> Prediction:
        """Answer n rows, given by column."""


def open_answerer(folder: Path, release: str) -> Answerer:
    """Verify a bundle and open it for answering; only one without a compiled form loads scikit-learn.

    Raises BundleError when a file is missing, altered, or needs other library versions.
    """
    manifest = bundles.verify(folder, release)
    if manifest["compiled"]:
        return Compiled.load(folder / release)
    return PipelineAnswerer(bundles.open_pipeline(folder, release), manifest)


def open_served(folder: Path, release: str) -> Answerer:
    """Verify a bundle and open it for a service, which never loads scikit-learn: a child does where it must.

    Raises BundleError as ``open_answerer`` does.
    """
    from vigil.models.child import ChildAnswerer

    manifest = bundles.verify(folder, release)
    return (
        Compiled.load(folder / release) if manifest["compiled"] else ChildAnswerer(folder, release, manifest)
    )


class PipelineAnswerer:
    """Answers by the scikit-learn pipeline."""

    answered_by = "pipeline"

    def __init__(self, pipeline: Any, manifest: Mapping[str, Any]) -> None:
        from vigil.models.preparing import Plan

        columns = manifest["columns"]
        self._pipeline = pipeline
        self._manifest = manifest
        self._plan = Plan(
            task=manifest["task"],
            metric=manifest["metric"],
            seed=manifest["seed"],
            rows=manifest["rows"],
            numbers=tuple(columns["numbers"]),
            levels={name: tuple(levels) for name, levels in columns["levels"].items()},
            texts={name: tuple(kept) for name, kept in columns.get("texts", {}).items()},
        )
        self.classes: tuple[str, ...] = tuple(manifest["classes"])
        self.levels: Mapping[str, tuple[str, ...]] = self._plan.levels

    def predict(self, columns: Mapping[str, np.ndarray]) -> Prediction:
        """Answer n rows, given by column."""
        from vigil.models import pipelines
        from vigil.models.preparing import frame

        raw = pipelines.raw(self._pipeline, frame(columns, self._plan), len(self.classes))
        return pipelines.finish(raw, self._manifest["calibration"], self._manifest["threshold"])
