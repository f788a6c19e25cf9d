"""Everything that the first look shows, computed once from all rows; its size does not follow theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from vigil import profiles
from vigil.exploring import relations
from vigil.profiles import ColumnProfile, Profile, histogram
from vigil.records import Column, Contract
from vigil.table import hashing

#: Columns that are shown, bars of a distribution, levels and patterns that are named.
MOST_COLUMNS, BARS, LEVELS, PATTERNS = 60, 24, 12, 8
#: How far beyond the quartiles a value is an outlier, in quartile ranges: Tukey's "far out".
FAR = 3.0

Ranked = list[tuple[str, int]]


def study(rows: pa.Table, contract: Contract) -> dict[str, Any]:
    """Return the first look as JSON values.

    ``rows`` holds the contract's columns. Keys are counted and not shown.
    """
    used = contract.kept
    profile = profiles.profile(rows, used)
    shown = [column for column in used if column.role != "key"][:MOST_COLUMNS]
    related = relations.Related(rows, contract)
    columns = [_column(profile, column, related, _ranked(rows, profile, column.name)) for column in shown]
    return {
        "rows": rows.num_rows,
        "columns": columns,
        "columns_in_all": len(used),
        "target": contract.target.name,
        "shown_rate": related.rate_title,
        "overall": related.overall,
        "missing": _patterns(rows, [column.name for column in used]),
        "correlations": related.correlations([c for c in shown if c.kind == "number"]),
        "leaks": sorted(
            ([c["name"], c["explains"]] for c in columns if (c["explains"] or 0) >= relations.LEAK),
            key=lambda pair: -pair[1],
        ),
        "duplicates": _duplicates(rows, contract),
    }


def _ranked(rows: pa.Table, profile: Profile, name: str) -> Ranked:
    """Return a category's most frequent levels with their rows, counted anew where they are too many."""
    column = profile.column(name)
    if column is None or column.levels is None:
        return []
    counts = list(column.levels.counts)
    if not column.levels.is_exact:
        counted: Any = rows.column(name).drop_null().value_counts()
        pairs = counted.take(np.argsort(-counted.field("counts").to_numpy(), kind="stable")[:LEVELS])
        counts = [(one["values"], one["counts"]) for one in pairs.to_pylist()]
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:LEVELS]


def _column(profile: Profile, column: Column, related: relations.Related, ranked: Ranked) -> dict[str, Any]:
    """Return one column: statistics, distribution, outliers, and the target by its groups."""
    found = profile.column(column.name)
    assert found is not None  # noqa: S101 — the profile was made of these columns
    statistics = profiles.summary(Profile(profile.rows, (found,)))[0]
    is_feature = column.role == "feature"
    return {
        **statistics,
        "role": column.role,
        "bars": _bars(found, ranked),
        "outliers": _outliers(found),
        "by_group": related.by_group(found, [level for level, _ in ranked]) if is_feature else [],
        "explains": related.explains(column) if is_feature else None,
    }


def _bars(column: ColumnProfile, ranked: Ranked) -> list[list[Any]]:
    """Return the distribution as pairs of a name and rows: levels, or ranges of equal width.

    Ranges span the middle 98 % of the values; what lies beyond is counted in the outer ones.
    """
    if column.levels is not None:
        rest = column.levels.rows - sum(count for _, count in ranked)
        return [*([name, count] for name, count in ranked), *([["(others)", rest]] if rest else [])]
    if column.numbers is None or not column.numbers.count:
        return []
    counted = column.numbers.histogram
    low, high = (histogram.quantile(counted, share) for share in (0.01, 0.99))
    lower, upper = histogram.edges(counted)
    middle = lower / 2 + upper / 2
    if high <= low:
        return [[low, column.numbers.count]]
    place = np.clip(((middle - low) / (high - low) * BARS).astype(np.int64), 0, BARS - 1)
    bars = np.bincount(place, weights=np.array(counted.counts), minlength=BARS).astype(np.int64)
    starts = low + np.arange(BARS) * (high - low) / BARS
    return [[float(start), int(count)] for start, count in zip(starts, bars, strict=True)]


def _outliers(column: ColumnProfile) -> dict[str, Any] | None:
    """Return the rows far outside the quartiles, within a bucket's width; None where there is no middle."""
    if column.kind != "number" or column.numbers is None or not column.numbers.count:
        return None
    counted = column.numbers.histogram
    first, third = (histogram.quantile(counted, share) for share in (0.25, 0.75))
    if third <= first:
        return None
    low, high = first - FAR * (third - first), third + FAR * (third - first)
    lower, upper = histogram.edges(counted)
    counts = np.array(counted.counts)
    below, above = int(counts[upper <= low].sum()), int(counts[lower >= high].sum())
    return {"below": below, "above": above, "low": low, "high": high, "infinite": column.numbers.infinite}


def _patterns(rows: pa.Table, names: list[str]) -> list[dict[str, Any]]:
    """Return which columns are missing together, the most frequent combinations first."""
    names = [name for name in names if name in rows.column_names and rows.column(name).null_count]
    if not names:
        return []
    gaps = np.column_stack([rows.column(name).is_null().to_numpy() for name in names])
    packed = np.packbits(gaps, axis=1)
    _, first, counts = np.unique(packed, axis=0, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    found = [
        {
            "columns": [name for name, gap in zip(names, gaps[first[place]], strict=True) if gap],
            "rows": int(counts[place]),
        }
        for place in order
    ]
    return [one for one in found if one["columns"]][:PATTERNS]


def _duplicates(rows: pa.Table, contract: Contract) -> dict[str, int]:
    """Return the rows whose features stand in an earlier row too, and those of them with other labels."""
    features = [column.name for column in contract.features if column.name in rows.column_names]
    if not features or not rows.num_rows:
        return {"rows": 0, "contradictory": 0}
    whole = hashing.row_hashes(rows, features)[:, 0]
    with_label = hashing.row_hashes(rows, [*features, contract.target.name])[:, 0]
    same, kinds = len(whole) - len(np.unique(whole)), len(np.unique(with_label)) - len(np.unique(whole))
    return {"rows": int(same), "contradictory": int(kinds)}
