"""How much each column moved each answer: Shapley values, by the library SHAP, which is an extra.

A row's raw answer is the mean raw answer plus one value for each column (Lundberg and Lee 2017, "A
unified approach to interpreting model predictions", eq. 1 and property 1). The raw answer is the value of
a regression, the log-odds of the positive class, or the log-probability of each class; it is asked of the
release as it is served, whatever its model type, a vote of releases too.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil import hearing, models
from vigil.bundles import features, load_manifest
from vigil.charts import saving, style, wording
from vigil.comparing.sheets import as_csv
from vigil.errors import VigilError
from vigil.project import Project
from vigil.serving.prediction import EDGE, Prediction, logit
from vigil.trials import arrays
from vigil.trials.snapshot import CHOOSING, GATING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEEDS, EXTRA = "shap", "shap"
#: Held-out rows that are explained, rows that stand for "unknown", and orders of the columns that are tried.
ROWS, BACKGROUND, ORDERS = 200, 50, 5
#: Columns that are drawn.
MOST = 15

Floats = npt.NDArray[np.float64]
Cells = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Explained:
    """The rows' raw answers in parts.

    ``base`` (outputs,) is the mean raw answer of the background, ``values`` (rows, columns, outputs) what
    each column adds to it, ``raw`` (rows, outputs) the sum of both; ``outputs`` names what they are.
    """

    release: str
    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    base: Floats
    values: Floats
    raw: Floats

    @property
    def weights(self) -> list[tuple[str, float]]:
        """The columns with the mean size of what they add, the largest first."""
        sizes = np.abs(self.values).mean(axis=(0, 2))
        return sorted(zip(self.columns, sizes.tolist(), strict=True), key=lambda pair: -pair[1])


def explain(project: Project, release: str) -> Explained:
    """Explain a release's answers to held-out rows, which are drawn with the project's seed.

    Raises VigilError when the extra is not installed or no row is held out, BundleError when there is no
    such release.
    """
    if importlib.util.find_spec(NEEDS) is None:
        hint = f"Install it: pip install '.[{EXTRA}]'; --compare shows importances without it."
        raise VigilError(f"this needs {NEEDS}, which is not installed.", where="--shap", hint=hint)
    manifest = load_manifest(project.models, release)
    through = max((batch.order for batch in project.ledger.batches.all()), default=0)
    held = hearing.snapped(project, through)
    cells = arrays.features(held.take(held.part(CHOOSING, GATING)), features(manifest))
    answerer = models.open_answerer(project.models, release)
    base, values, raw = parts(answerer, cells, seed=project.config.seed)
    outputs = tuple(manifest["classes"]) if raw.shape[1] > 1 else (_unit(manifest),)
    return Explained(release, tuple(cells), outputs, base, values, raw)


def parts(answerer: models.Answerer, cells: Cells, *, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return base (outputs,), values (rows, columns, outputs) and raw answers (rows, outputs).

    ``cells`` holds one array (n,) for each column; at most ``ROWS`` rows are drawn and explained. Sampled
    orders of the columns make a value approximate; the sum is exact. Raises VigilError without a row.
    """
    import shap  # type: ignore[import-untyped]

    count = len(next(iter(cells.values()), ()))
    if not count:
        raise VigilError("no row is held out.", where="--shap", hint="Wait for more rows.")
    chosen = np.random.default_rng(seed).permutation(count)[: ROWS + BACKGROUND]
    # At most half of few rows stand for "unknown"; the rest are explained, of a single row that one.
    behind = min(BACKGROUND, (len(chosen) + 1) // 2)
    rows = chosen[behind:] if len(chosen) > behind else chosen

    def answered(places: Floats) -> Floats:
        """Answer rows that are put together: each cell is the number of the row it comes from."""
        number = places.astype(np.intp)
        mixed = {name: column[number[:, at]] for at, (name, column) in enumerate(cells.items())}
        return raw_answers(answerer.predict(mixed))

    width = len(cells)
    masker = shap.maskers.Independent(_places(chosen[:behind], width), max_samples=behind)
    explainer = shap.PermutationExplainer(answered, masker, seed=seed)
    found = explainer(_places(rows, width), max_evals=ORDERS * (2 * width + 1), silent=True)
    raw = answered(_places(rows, width))
    values = np.asarray(found.values, dtype=np.float64).reshape(len(rows), width, raw.shape[1])
    base = answered(_places(chosen[:behind], width)).mean(axis=0)
    return base, values, raw


def raw_answers(said: Prediction) -> Floats:
    """Return answers on the scale on which parts add up, (rows, outputs)."""
    if said.probability is None:
        return np.asarray(said.outcome, dtype=np.float64)[:, None]
    if said.probability.ndim == 1:
        return np.asarray(logit(said.probability))[:, None]
    return np.asarray(np.log(np.clip(said.probability, EDGE, None)))


def files(found: Explained) -> dict[str, bytes]:
    """Return the picture, the table of columns and the table of rows, by file name."""
    return {
        f"shap-{found.release}.png": saving.to_png(picture(found)),
        f"shap-{found.release}.csv": as_csv(
            ["column", "mean size"], [[name, f"{size:.6g}"] for name, size in found.weights]
        ),
        f"shap-rows-{found.release}.csv": as_csv(
            ["row", "output", "base", *found.columns, "raw"],
            [
                [row, output, found.base[at], *found.values[row, :, at], found.raw[row, at]]
                for row in range(len(found.raw))
                for at, output in enumerate(found.outputs)
            ],
        ),
    }


def picture(found: Explained) -> Figure:
    """Draw what the weightiest columns add to each row: a point for each row and output."""
    shown = [name for name, _ in found.weights[:MOST]][::-1]
    jitter = np.random.default_rng(0).uniform(-0.28, 0.28, len(found.raw))
    with style.language():
        about = f"{found.release}: parts of the answer ({wording.shorten(', '.join(found.outputs), 40)})"
        about += f" to {len(found.raw):,} held-out rows"
        figure = style.sheet(style.WIDE, 1.1 + 0.2 * len(shown), "What each column adds", about)
        axes = style.axes(figure, left=1.9, right=0.15, top=0.5, bottom=0.45)
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        for height, name in enumerate(shown):
            added = found.values[:, found.columns.index(name), :]
            for output in added.T:
                axes.scatter(output, height + jitter, s=4, color=style.BLUE, alpha=0.4, linewidths=0)
        axes.set_yticks(range(len(shown)), [wording.drawable(name, 28) for name in shown])
        axes.set_ylim(-0.6, max(len(shown) - 0.4, 0.6))
        axes.set_xlabel("added to the mean answer")
    return figure


def _places(rows: npt.NDArray[np.intp], width: int) -> Floats:
    """Return each row's number in every column: a row that is put together of itself alone."""
    return np.repeat(rows.astype(np.float64)[:, None], width, axis=1)


def _unit(manifest: Mapping[str, Any]) -> str:
    return f"log-odds of {manifest['positive']}" if manifest["task"] == "binary" else "value"
