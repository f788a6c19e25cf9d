"""A trained model folded into plain arrays: no scikit-learn, no pandas, nothing executable on disk.

Two shapes cover the model types, and a third lets several compiled models vote (``vote.py``).
*Additive*: every column adds a value looked up in a table (a level) or interpolated between knots (a
number). *Leaves*: every column's cell rules out leaves of all trees at once by a bit mask; what survives
the columns' AND is the one leaf each tree ends in (compare Lucchese et al. 2015, QuickScorer,
doi:10.1145/2766462.2767733).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vigil.errors import BundleError
from vigil.serving import words
from vigil.serving.additive import Additive
from vigil.serving.coded import Columns
from vigil.serving.leaves import Leaves
from vigil.serving.prediction import Prediction, calibrated, decide, one_positive, probabilities, spread
from vigil.serving.vote import Vote

#: The two files that a compiled model is.
FILES = ("compiled.json", "compiled.npz")
FORMAT = 1


class Shape(Protocol):
    """What answers raw outputs: additive, leaves, or a vote of compiled models."""

    def raw(self, columns: Columns) -> np.ndarray:
        """Return raw outputs (n, G) for n rows."""

    def raw_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the raw outputs of one row."""

    def levels(self) -> dict[str, tuple[str, ...]]:
        """Return the known levels of each column of strings."""

    def dump(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is stored: JSON values and arrays."""


SHAPES: dict[str, type[Additive | Leaves | Vote]] = {"additive": Additive, "leaves": Leaves, "vote": Vote}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model that answers with numpy alone.

    ``classes`` are the labels in the order of their codes (empty for regression), ``outputs`` the
    codes that training saw, ``link`` turns raw outputs into probabilities (see
    ``prediction.probabilities``; ``identity`` for regression). ``texts`` holds the words kept of each
    column of free text.
    """

    shape: Shape
    task: str
    classes: tuple[str, ...]
    outputs: tuple[int, ...]
    link: str
    calibration: Mapping[str, Any] | None
    threshold: float | None
    texts: words.Texts = field(default_factory=dict)

    answered_by = "compiled"

    @classmethod
    def load(cls, folder: Path) -> Compiled:
        """Read the two files of a folder. Raises BundleError when they are missing or damaged."""
        try:
            return cls.from_files({name: (folder / name).read_bytes() for name in FILES})
        except OSError as error:
            what = f"a file of the compiled model cannot be read ({error.strerror})."
            raise BundleError(what, where=str(folder)) from error
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            what = f"the compiled model is damaged ({error})."
            raise BundleError(what, where=str(folder), hint="Train again, or roll back.") from error

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Compiled:
        """Build the model from the content of its files. Raises ValueError when it is not ours."""
        about = json.loads(files["compiled.json"])
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']} is not {FORMAT}")
        with np.load(io.BytesIO(files["compiled.npz"]), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls.restore(about, arrays)

    def files(self) -> dict[str, bytes]:
        """Return the two files' content; the same model always gives the same bytes."""
        about, arrays = self.dump()
        stored = io.BytesIO()
        np.savez(stored, allow_pickle=False, **arrays)
        text = json.dumps(about | {"format": FORMAT}, ensure_ascii=False, sort_keys=True, allow_nan=False)
        return {"compiled.json": text.encode(), "compiled.npz": stored.getvalue()}

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Compiled:
        """Build the model from what ``dump`` returned."""
        return cls(
            shape=SHAPES[about["shape"]].restore(about, arrays),
            task=about["task"],
            classes=tuple(about["classes"]),
            outputs=tuple(about["outputs"]),
            link=about["link"],
            calibration=about["calibration"],
            threshold=about["threshold"],
            texts={name: tuple(kept) for name, kept in about.get("texts", {}).items()},
        )

    def dump(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is stored: JSON values and arrays."""
        about, arrays = self.shape.dump()
        about |= {
            "shape": next(name for name, kind in SHAPES.items() if isinstance(self.shape, kind)),
            "task": self.task,
            "classes": list(self.classes),
            "outputs": list(self.outputs),
            "link": self.link,
            "calibration": self.calibration,
            "threshold": self.threshold,
            "texts": {name: list(kept) for name, kept in self.texts.items()},
        }
        return about, arrays

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """The levels of each category column that training saw."""
        return self.shape.levels()

    def predict(self, columns: Columns) -> Prediction:
        """Answer n rows, given by column: float64 with NaN, or str with None (see ``Cells``).

        Raises KeyError when a column of the model is absent.
        """
        return self._finish(self.shape.raw(words.spread(columns, self.texts)))

    def predict_one(self, row: Mapping[str, Any]) -> tuple[int | float, Any]:
        """Answer one row of plain values; absent, None and NaN are missing.

        Returns the class code and probability (binary: a float; multiclass: a list of K), or the
        value and None for regression.
        """
        raw = self.shape.raw_one(words.spread_one(row, self.texts))
        if self.task == "regression":
            return raw[0], None
        if self.link == "logit" and self.threshold is not None:
            positive = one_positive(raw[0], self.calibration)
            return int(positive >= self.threshold), positive
        prediction = self._finish(np.array([raw]))
        assert prediction.probability is not None  # noqa: S101  (classification always has one)
        return int(prediction.outcome[0]), prediction.probability[0].tolist()

    def spread(self, columns: Columns) -> np.ndarray:
        """Return calibrated probabilities of all classes (n, K), or values (n, 1) for regression."""
        return self._calibrated(self.shape.raw(columns))

    def spread_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the same of one row of plain values."""
        return list(self._calibrated(np.array([self.shape.raw_one(row)]))[0].tolist())

    def _calibrated(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs (n, G) into calibrated probabilities of all classes; values stay."""
        if self.task == "regression":
            return raw
        probability = spread(probabilities(raw, self.link), self.outputs, len(self.classes))
        return calibrated(probability, self.calibration)

    def _finish(self, raw: np.ndarray) -> Prediction:
        """Turn raw outputs (n, G) into answers."""
        found = self._calibrated(raw)
        return Prediction(found[:, 0]) if self.task == "regression" else decide(found, self.threshold)
