"""What the examples' models score on a held-out fifth, by their configuration alone.

    python -m bench.examples [--data FOLDER] [--seeds 5] [--draws N] [--only NAME ...] [--model NAME]
        [--settings JSON] [--trials N] [--boosters PYTHON]

Each example's files are loaded from the real ones in FOLDER, or in that which the environment names as
VIGIL_EXAMPLES (an example whose file is not there is left out), or else generated, and taken in by
``fullprocess.py --steps ingestion``: checked, deduplicated, in the table. Then, for each seed, a fifth of
those whom the rows are about is held out, every model type that the config names is fitted to the rest, and
the one with the best score out of fold answers the fifth: threshold, calibration and choice come from
training rows alone, and so do settings where --trials has them searched for. Beside it stands what others
report of the same public data; on generated rows there is nothing to compare with.

A fifth of some thousand rows is easier or harder by chance. --draws N therefore holds out N fifths
instead, seeds 0 to N-1, and gives means with standard errors: dealt as above, and, where there are classes,
class by class as scikit-learn's train_test_split does (stratify, random_state=seed; rows as in the table).

Of two classes, LightGBM and CatBoost can be fitted to the very same rows, in an environment of their own
whose interpreter is named. Their F1, and ours beside it, is that at the one threshold which is best for all
held-out rows, known only afterwards: what a model can reach whatever its rule for the threshold.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from examples.run import PROBLEMS, ROOT, Site, checked, python
from vigil import models
from vigil.models import searching
from vigil.models.fitting import Lesson
from vigil.models.spaces import Settings
from vigil.project import Project
from vigil.records import Contract
from vigil.stats import metrics
from vigil.table import hashing
from vigil.trials import arrays, leaks

HELD_OUT = 0.2
#: Rows that are drawn of an example, so that a figure is of the amount of data that others had.
MOST = {"rentals": 20_000}
#: What others report of the public data, and what is aimed at.
OTHERS = {
    "income": {"F1": "others 0.67 to 0.722, aim 0.735", "AUC": "others 0.904 to 0.93, aim 0.928"},
    "churn": {"F1": "others 0.873, aim 0.905", "AUC": "others 0.989, aim 0.994"},
    "rentals": {"MAE": "others 32.9 to 33.9, aim 31.2", "R²": "others 0.56 to 0.59"},
}

#: Reads rows, truth and who is held out of each seed; prints for each booster and seed the probabilities of
#: the held-out rows. Settings: usual ones for tables of this size, half the rate and twice the trees.
BOOSTERS = """
import json, sys
import pandas as pd
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier

rows = pd.read_parquet(sys.argv[1])
truth, masks = rows.pop("truth"), [rows.pop(name) for name in sys.argv[2:]]
texts = [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]
rows[texts] = rows[texts].fillna("missing")
coded = rows.astype({name: "category" for name in texts})

def catboost(seed):
    return CatBoostClassifier(iterations=700, learning_rate=0.06, cat_features=texts, random_seed=seed,
                              thread_count=2, verbose=0, allow_writing_files=False), rows

def lightgbm(seed):
    return LGBMClassifier(n_estimators=600, learning_rate=0.03, num_leaves=15, colsample_bytree=0.4,
                          random_state=seed, n_jobs=2, verbose=-1), coded

said = {}
for make in (lightgbm, catboost):
    said[make.__name__] = []
    for seed, held_out in enumerate(masks):
        model, cells = make(seed)
        model.fit(cells[~held_out], truth[~held_out])
        said[make.__name__].append(model.predict_proba(cells[held_out])[:, 1].tolist())
print(json.dumps(said))
"""

Scores = dict[str, float]
#: The codes of the held-out rows (1 is positive) and what a model gives for them, higher for positive.
Ranking = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Mask = npt.NDArray[np.bool_]


def laid_out(name: str, folder: Path, data: Path | None, settings: str | None = None) -> Project | None:
    """Take an example's files into a project of its own; None where its real file is not there.

    ``settings`` (JSON) stand in the config as ``model_settings``.
    """
    site = Site(name, folder)
    if not site.prepare(data):
        return None
    for file in sorted((folder / "later").rglob("*.csv")):
        shutil.copy(file, site.input)
    edited = site.example / "contract-2.json"
    if edited.exists():
        # A row that a person lets in after a refusal is let in at once.
        shutil.copy(edited, site.output / "contract.json")
    checked(python(ROOT / "fullprocess.py", "--config", folder / "config.json", "--steps", "ingestion"))
    if settings:
        config = folder / "config.json"
        config.write_text(
            json.dumps(json.loads(config.read_text()) | {"model_settings": json.loads(settings)})
        )
    return Project(folder / "config.json")


def measured(
    project: Project, rows: pa.Table, held_out: Mask, seed: int, kinds: Sequence[str], trials: int
) -> tuple[Scores, Ranking]:
    """Return what the best candidate by its score out of fold makes of held-out rows: scores, ranking."""
    contract = project.contract()
    metric, order = project.metric(contract.task), models.code_order(contract)
    truth, _ = arrays.labels(rows, contract, order)
    given_away = leaks.found(rows.filter(pa.array(~held_out)), contract, truth[~held_out])
    left_out = leaks.left_out(contract, given_away, project.config.allow_leaks)
    features = [column for column in contract.features if column.name not in left_out]
    cells = arrays.features(rows, features)
    groups = hashing.row_hashes(rows, [column.name for column in contract.identity])
    training = {name: column[~held_out] for name, column in cells.items()}
    how: dict[str, Any] = {
        "task": contract.task,
        "classes": order,
        "features": features,
        "metric": metric.name,
        "seed": seed,
        "groups": groups[~held_out] if contract.by_role("key") else None,
    }
    own = models.configured(project.config.model_settings)
    candidates = [
        models.fit(
            kind,
            training,
            truth[~held_out],
            **how,
            settings=found(kind, training, truth[~held_out], how, trials) if trials else own.get(kind, {}),
        )
        for kind in kinds
    ]
    sign = 1 if metric.higher_is_better else -1
    best = max(candidates, key=lambda one: sign * (one.score or 0.0))
    said = best.predict({name: column[held_out] for name, column in cells.items()})
    positive = said.probability if contract.task == "binary" else said.outcome
    return scores(contract, truth[held_out], said), (truth[held_out], positive)


def found(kind: str, cells: Any, truth: npt.NDArray[Any], how: dict[str, Any], trials: int) -> Settings:
    """Return the settings that a search with so many trials comes to."""
    lesson = Lesson.of(kind, cells, truth, **how)
    return searching.search(lesson, [], iter(range(trials)), until=math.inf).settings


def scores(contract: Contract, truth: npt.NDArray[Any], said: Any) -> Scores:
    """Return F1 and AUC of a binary task, MAE and R² of a regression, macro-F1 of any other."""
    if contract.task == "regression":
        errors = truth - said.outcome
        return {"MAE": float(np.abs(errors).mean()), "R²": float(1 - (errors**2).mean() / truth.var())}
    named = {"F1": "f1", "AUC": "auc"} if contract.task == "binary" else {"macro-F1": "macro_f1"}
    told = {}
    for title, name in named.items():
        judge = metrics.get(name)
        heard = said.probability if judge.of == "probability" else said.outcome
        told[title] = judge.value(judge.tally(truth, heard, classes=len(contract.classes), clip=None)) or 0.0
    return told


def split(rows: pa.Table, contract: Contract, seed: int) -> Mask:
    """Hold out a fifth of those whom the rows are about, drawn with a seed."""
    identity = hashing.row_hashes(rows, [column.name for column in contract.identity])
    _, whom = np.unique(identity, axis=0, return_inverse=True)
    drawn = np.random.default_rng(seed).permutation(int(whom.max()) + 1)
    return np.asarray(drawn[whom.reshape(-1)] < HELD_OUT * len(drawn))


def by_class(rows: pa.Table, contract: Contract, seed: int) -> Mask:
    """Hold out a fifth of the rows of each class, as scikit-learn's train_test_split deals them."""
    from sklearn.model_selection import train_test_split

    truth, _ = arrays.labels(rows, contract, models.code_order(contract))
    _, drawn = train_test_split(np.arange(len(truth)), test_size=HELD_OUT, stratify=truth, random_state=seed)
    return np.isin(np.arange(len(truth)), drawn)


def labelled(project: Project, most: int | None) -> pa.Table:
    """Return the table's labelled rows, at most so many of them."""
    contract = project.contract()
    rows = project.table.rows(columns=[column.name for column in contract.kept])
    rows = rows.filter(rows.column(contract.target.name).is_valid())
    if most is None or most >= rows.num_rows:
        return rows
    chosen = np.sort(np.random.default_rng(0).permutation(rows.num_rows)[:most])
    return rows.take(pa.array(chosen))


def main() -> None:
    """Measure every example, and print one line for each score."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where the real files lie")
    parser.add_argument("--seeds", type=int, default=5, help="draws of the held-out fifth (5)")
    parser.add_argument("--draws", type=int, default=0, metavar="N", help="means over so many fifths instead")
    parser.add_argument(
        "--only", nargs="+", choices=PROBLEMS, default=PROBLEMS, metavar="NAME", help="only these examples"
    )
    parser.add_argument("--model", help="a model type instead of the one that the config names")
    parser.add_argument("--settings", metavar="JSON", help="model_settings in place of the config's")
    parser.add_argument("--trials", type=int, default=0, help="settings that are tried of each type (none)")
    parser.add_argument(
        "--boosters",
        metavar="PYTHON",
        default=os.environ.get("BOOSTERS_PYTHON"),
        help="an interpreter that has lightgbm and catboost",
    )
    given = parser.parse_args()
    named = given.data or os.environ.get("VIGIL_EXAMPLES")
    data = Path(named).absolute() if named else None
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        for name in given.only:
            project = laid_out(name, Path(folder) / name, data, given.settings)
            if project is not None:
                report(name, project, given, real=data is not None)
                project.close()


def report(name: str, project: Project, given: argparse.Namespace, *, real: bool) -> None:
    """Measure one example and print its lines."""
    rows = labelled(project, MOST.get(name))
    kinds = models.chosen(given.model or project.config.model)
    origin = "real" if real else "generated"
    how = (f", {given.settings}" if given.settings else "") + (
        f", {given.trials} trials" if given.trials else ""
    )
    print(f"{name}, {rows.num_rows:,} {origin} rows, {' or '.join(kinds)}{how}", flush=True)
    others = OTHERS.get(name, {}) if real else {}
    if given.draws:
        over_draws(project, rows, given, kinds)
        return
    masks = [split(rows, project.contract(), seed) for seed in range(given.seeds)]
    held = [measured(project, rows, mask, seed, kinds, given.trials) for seed, mask in enumerate(masks)]
    every = [one for one, _ in held]
    for title in every[0]:
        values = [one[title] for one in every]
        each = " ".join(f"{value:.4f}" for value in values)
        beside = f"; {others[title]}" if title in others else ""
        print(f"  {title:4} mean {np.mean(values):.4f} of {each}{beside}", flush=True)
    if given.boosters and project.contract().task == "binary":
        against_boosters(given.boosters, project.contract(), rows, masks, [ranking for _, ranking in held])


def over_draws(project: Project, rows: pa.Table, given: argparse.Namespace, kinds: Sequence[str]) -> None:
    """Print each score's mean over many fifths with its standard error, dealt in one way and in another."""
    contract = project.contract()
    ways = {"as with --seeds": split}
    if contract.task != "regression":
        ways["class by class"] = by_class
    for way, deal in ways.items():
        masks = [deal(rows, contract, seed) for seed in range(given.draws)]
        done = [
            measured(project, rows, mask, seed, kinds, given.trials)[0] for seed, mask in enumerate(masks)
        ]
        print(f"  {given.draws} fifths, dealt {way}:")
        for title in done[0]:
            print(f"    {title:4} {in_short([one[title] for one in done])}", flush=True)


def in_short(values: Sequence[float]) -> str:
    """Say the mean over draws, its standard error, and the mean of the first five."""
    error = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    first = f"; of the first five {np.mean(values[:5]):.4f}" if len(values) > 5 else ""
    return f"mean {np.mean(values):.4f} ± {error:.4f}{first}"


def against_boosters(
    python: str, contract: Contract, rows: pa.Table, masks: Sequence[Mask], ours: Sequence[Ranking]
) -> None:
    """Print F1 at the best threshold, known afterwards, and AUC: ours and the boosters'."""
    truth, _ = arrays.labels(rows, contract, models.code_order(contract))
    given = rows.select([column.name for column in contract.features]).append_column("truth", pa.array(truth))
    for seed, mask in enumerate(masks):
        given = given.append_column(f"held out {seed}", pa.array(mask))
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        pq.write_table(given, file.name)
        names = given.column_names[-len(masks) :]
        done = subprocess.run(
            [python, "-c", BOOSTERS, file.name, *names], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(f"  boosters: their interpreter failed: {done.stderr.strip().splitlines()[-1]}")
        return
    rankings = {"this": list(ours)}
    for name, said in json.loads(done.stdout).items():
        rankings[name] = [(truth[mask], np.array(one)) for mask, one in zip(masks, said, strict=True)]
    print(f"  with hindsight: {'F1':>6} {'at':>5} {'AUC':>7}")
    for name, held in rankings.items():
        best, threshold, area = in_hindsight(held)
        print(f"  {name:>15} {best:.4f} {threshold:.3f}  {area:.4f}", flush=True)


def in_hindsight(held: Sequence[Ranking]) -> tuple[float, float, float]:
    """Return the best mean F1 of any one threshold, that threshold, and the mean AUC."""
    from sklearn.metrics import f1_score, roc_auc_score

    thresholds = np.arange(0.2, 0.605, 0.005)
    means = [np.mean([f1_score(y, given >= at) for y, given in held]) for at in thresholds]
    best = int(np.argmax(means))
    return float(means[best]), float(thresholds[best]), float(np.mean([roc_auc_score(*one) for one in held]))


if __name__ == "__main__":
    sys.exit(main())
