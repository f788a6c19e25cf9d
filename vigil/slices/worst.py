"""Where does the model fail most? Found on one half of the rows, confirmed on the other.

Whoever looks at thousands of slices finds a bad one by chance. So the rows are split at random: one half
picks the slices, of one group or of two groups of different columns, whose share of failures stands out
most; the other half tests these few alone, by Fisher's exact test against all other rows, with Holm's
correction (1979). What is returned is wrong with probability at most `LEVEL`, however many were looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.slices.groups import MISSING, Codes, Grouping
from vigil.slices.scores import CONFIDENCE, Answered

#: The probability that any slice is named that is not worse than the rest.
LEVEL = 0.05
#: Slices that are put to the test, and rows that one must have in either half.
TRIED, LEAST = 3, 30
#: Columns that are searched at most: pairs of groups grow with their square.
MOST_COLUMNS = 20
#: Rows that are counted at a time.
BLOCK = 100_000

Floats = npt.NDArray[np.float64]
Place = tuple[int, int]


def worst(
    answered: Answered, columns: Sequence[tuple[Grouping, Codes]], *, seed: int = 0
) -> list[dict[str, Any]]:
    """Return the slices that are worse than the rest, the worst first.

    Each has ``where`` (pairs of column and group), ``rows`` and ``score`` with its interval on the confirming
    half, the shares of failures inside and outside, and the ``p_value``.
    """
    columns = columns[:MOST_COLUMNS]
    failed = answered.failures()
    if len(failed) < 4 * LEAST or not failed.any():
        return []
    picking = np.zeros(len(failed), dtype=bool)
    picking[np.random.default_rng(seed).permutation(len(failed))[: len(failed) // 2]] = True
    names, member = _members(columns, len(failed))
    candidates = _candidates(names, member[picking], failed[picking].astype(np.float64))
    tested = [_tested(answered, failed, ~picking, names, member, place) for place in candidates]
    return _confirmed([one for one in tested if one is not None])


def _members(
    columns: Sequence[tuple[Grouping, Codes]], rows: int
) -> tuple[list[tuple[str, str]], npt.NDArray[np.bool_]]:
    """Return every group as (column, group), and which rows are in it: shape (rows, groups)."""
    names, member = [], []
    for groups, codes in columns:
        for code, name in enumerate(groups.names):
            inside = codes == code
            if LEAST <= inside.sum() < rows:
                names.append((groups.column, name if name != MISSING else "missing"))
                member.append(inside)
    return names, np.array(member, dtype=bool).reshape(len(names), rows).T


def _candidates(
    names: Sequence[tuple[str, str]], member: npt.NDArray[np.bool_], failed: Floats
) -> list[Place]:
    """Return the slices whose share of failures stands out most; (i, i) is one group alone."""
    rows, failures = _counted(member, failed)
    share = failed.mean()
    expected = rows * share
    spread = np.sqrt(np.maximum(expected * (1 - share) * (1 - rows / len(failed)), 1e-12))
    excess = np.where(rows >= LEAST, (failures - expected) / spread, -np.inf)
    columns = np.array(_numbered([column for column, _ in names]))
    same = columns[:, None] == columns[None, :]
    allowed = (~same & np.triu(np.ones_like(same), 1)) | np.eye(len(names), dtype=bool)
    excess = np.where(allowed & (excess > 0), excess, -np.inf)
    order = np.argsort(-excess, axis=None, kind="stable")[: 4 * TRIED]
    places = [divmod(int(place), len(names)) for place in order if np.isfinite(excess.flat[place])]
    return _distinct(places)


def _counted(member: npt.NDArray[np.bool_], failed: Floats) -> tuple[Floats, Floats]:
    """Return the rows of each two groups, and the failures among them: exact, in whatever parts."""
    rows = failures = np.zeros((member.shape[1], member.shape[1]))
    for start in range(0, len(member), BLOCK):
        inside = member[start : start + BLOCK].astype(np.float64)
        rows = rows + inside.T @ inside
        failures = failures + inside.T @ (inside * failed[start : start + BLOCK, None])
    return rows, failures


def _numbered(columns: Sequence[str]) -> list[int]:
    """Return a number for each column, equal for equal names."""
    known = {column: place for place, column in enumerate(dict.fromkeys(columns))}
    return [known[column] for column in columns]


def _distinct(places: Sequence[Place]) -> list[Place]:
    """Leave out slices that share a group with a better one: they say the same again."""
    kept: list[Place] = []
    for place in places:
        if len(kept) < TRIED and not any(set(place) & set(other) for other in kept):
            kept.append(place)
    return kept


def _tested(
    answered: Answered,
    failed: npt.NDArray[np.bool_],
    half: npt.NDArray[np.bool_],
    names: Sequence[tuple[str, str]],
    member: npt.NDArray[np.bool_],
    place: Place,
) -> dict[str, Any] | None:
    """Test one slice on the confirming half; None when too few of its rows are there."""
    from scipy.stats import hypergeom

    inside = member[:, place[0]] & member[:, place[1]] & half
    outside = half & ~inside
    if inside.sum() < LEAST or not outside.any():
        return None
    hits, all_hits = int(failed[inside].sum()), int(failed[half].sum())
    tally = answered.tally(inside)
    interval = answered.metric.interval(tally, CONFIDENCE)
    return {
        "where": [list(names[place_]) for place_ in dict.fromkeys(place)],
        "rows": int(inside.sum()),
        "score": answered.metric.value(tally),
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
        "failures": hits / int(inside.sum()),
        "failures_elsewhere": float(failed[outside].mean()),
        "p_value": float(hypergeom.sf(hits - 1, int(half.sum()), all_hits, int(inside.sum()))),
    }


def _confirmed(tested: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep what Holm's rule rejects."""
    ranked = sorted(tested, key=lambda one: one["p_value"])
    kept = []
    for place, one in enumerate(ranked):
        if one["p_value"] > LEVEL / (len(ranked) - place):
            break
        kept.append(one)
    return sorted(kept, key=lambda one: -one["failures"])
