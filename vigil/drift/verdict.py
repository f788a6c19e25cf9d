"""Which columns have drifted? Significant, allowing for all columns and tests, and large enough to matter.

The tests of a column share its p-value by Bonferroni's rule; the columns are judged together by Benjamini
and Hochberg's (1995, doi 10.1111/j.2517-6161.1995.tb02031.x). When nothing has changed, at most a share
``alpha`` of batches has any column that is called drifted; when something has, at most that share of
the columns so called, in the mean. Dates move on by nature, so that unless asked only their missing
share is tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from vigil.drift import measures, wording
from vigil.drift.measures import Measure, Measured
from vigil.errors import VigilError
from vigil.profiles import ColumnProfile, Profile
from vigil.records import Kind

#: One batch in a hundred may show some drift by chance: a tick every ten minutes forgives no more.
ALPHA = 0.01
#: The fewest rows on either side. Below, only a shift of a third of all rows would be found.
LEAST = 50
#: The tests of each kind of column. Text is judged by its length.
DEFAULTS: Mapping[Kind, tuple[str, ...]] = {
    "number": ("ks", "spread", "missing_share"),
    "category": ("chi_squared", "missing_share", "unseen_levels"),
    "text": ("ks", "missing_share"),
    "date": ("missing_share",),
}

DriftName = Literal["drift", "none", "too little data"]


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What was found in one column.

    ``test`` is the one that decided: of those both significant and large enough the one furthest above
    its floor, else the one of smallest p. ``statistic``, ``effect`` and ``floor`` are that test's;
    ``p_value`` is the column's, over all its tests. ``detectable`` is the smallest effect that the test
    finds with 80 % power. They are None where there is nothing to tell.
    """

    column: str
    test: str
    verdict: DriftName
    statistic: float | None
    p_value: float | None
    effect: float | None
    floor: float
    detectable: float | None
    words: str

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column's results, by test, before the columns are judged together."""

    reference: ColumnProfile
    current: ColumnProfile
    tests: Mapping[str, Measure]
    results: Mapping[str, Measured]

    @property
    def p_values(self) -> dict[str, float]:
        """The p-values of the tests that could have shown a change, each times their number."""
        found = {name: result.p_value for name, result in self.results.items()}
        given = {name: p for name, p in found.items() if p is not None}
        return {name: min(1.0, p * len(given)) for name, p in given.items()}

    @property
    def p_value(self) -> float | None:
        """The column's p-value, or None when no test could have shown a change."""
        return min(self.p_values.values(), default=None)

    def detectable(self, test: str, alpha: float) -> float | None:
        """Return the smallest effect that a test finds at its share of the column's level."""
        if self.current.kind != self.reference.kind:
            return None
        level = alpha / max(1, len(self.p_values))
        return self.tests[test].detectable(self.reference, self.current, level)


def judge(
    reference: Profile,
    current: Profile,
    *,
    alpha: float = ALPHA,
    floors: Mapping[str, float] | None = None,
    tests: Mapping[Kind, Sequence[str]] = DEFAULTS,
    least: int = LEAST,
) -> list[ColumnDrift]:
    """Judge every column of the reference, in its order.

    A column that ``current`` lacks is missing in each of its rows. ``floors`` replaces the practical
    floors of the measures it names; ``least`` is the smallest number of rows on either side. Raises
    VigilError for an unknown measure, or one that gives no p-value.
    """
    known = _opened(tests)
    lowest = {name: one.FLOOR for name, one in known.items()} | _checked(floors or {})
    columns = [
        _measured(column, current, {name: known[name] for name in tests[column.kind]}, least)
        for column in reference.columns
    ]
    p_values = [column.p_value for column in columns if column.p_value is not None]
    limit, share = _cut(p_values, alpha), alpha / max(1, len(p_values))
    return [
        _judged(column, limit, share, lowest) if column.results else _abstained(column, share, lowest)
        for column in columns
    ]


def _opened(tests: Mapping[Kind, Sequence[str]]) -> dict[str, Measure]:
    """Return the measures by name, refusing one that cannot decide."""
    known = {name: measures.get(name) for chosen in tests.values() for name in chosen}
    for name, found in sorted(known.items()):
        if not found.DECIDES:
            hint = "Choose one that does, as ks or chi_squared; it can still be measured."
            raise VigilError(f"{name!r} gives no p-value, so it cannot decide.", where="drift", hint=hint)
    return known


def _checked(floors: Mapping[str, float]) -> dict[str, float]:
    """Return floors, refusing one for a measure that does not exist."""
    return {measures.get(name).NAME: floor for name, floor in floors.items()}


def _measured(
    reference: ColumnProfile, profile: Profile, tests: Mapping[str, Measure], least: int
) -> _Column:
    """Run the tests of one column, keeping those for which either side has rows enough."""
    empty = ColumnProfile(reference.name, reference.kind, profile.rows, profile.rows)
    current = profile.column(reference.name) or empty
    results: dict[str, Measured] = {}
    if current.kind == reference.kind:
        for name, test in tests.items():
            found = test.measure(reference, current)
            if found is not None and min(found.n_ref, found.n_cur) >= least:
                results[name] = found
    return _Column(reference, current, tests, results)


def _cut(p_values: Sequence[float], alpha: float) -> float:
    """Return the level at which Benjamini and Hochberg reject, or −1 when they reject nothing."""
    levels = [alpha * rank / len(p_values) for rank in range(1, len(p_values) + 1)]
    passed = [level for p, level in zip(sorted(p_values), levels, strict=True) if p <= level]
    return max(passed, default=-1.0)


def _judged(column: _Column, limit: float, alpha: float, floors: Mapping[str, float]) -> ColumnDrift:
    """Give one column its verdict, its deciding test, and the words."""
    p_values = column.p_values
    above = {name: column.results[name].effect / max(floors[name], 1e-12) for name in p_values}
    drifted = [name for name, p in p_values.items() if p <= limit and above[name] >= 1]
    if drifted:
        test = max(drifted, key=lambda name: above[name])
    else:
        test = min(p_values, key=lambda name: p_values[name], default=next(iter(column.results)))
    found = column.results[test]
    return ColumnDrift(
        column=column.reference.name,
        test=test,
        verdict="drift" if drifted else "none",
        statistic=found.statistic,
        p_value=column.p_value,
        effect=found.effect,
        floor=floors[test],
        detectable=column.detectable(test, alpha),
        words=wording.changed(column.reference, column.current),
    )


def _abstained(column: _Column, alpha: float, floors: Mapping[str, float]) -> ColumnDrift:
    """Say that there is too little data, and which shift would have been seen all the same."""
    test = next(iter(column.tests))
    smallest = column.detectable(test, alpha)
    words = wording.too_few(column.reference, column.current, smallest)
    name, floor = column.reference.name, floors[test]
    return ColumnDrift(name, test, "too little data", None, None, None, floor, smallest, words)
