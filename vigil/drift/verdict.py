"""Which columns have drifted? Significant, allowing for all columns and tests, and large enough to matter.

The tests of a column share its p-value by Bonferroni's rule; the columns are judged together by Benjamini
and Hochberg's (1995, doi 10.1111/j.2517-6161.1995.tb02031.x). When nothing has changed, at most a share
``alpha`` of batches has any column that is called drifted; when something has, at most that share of
the columns so called, in the mean. Dates move on by nature, so that unless asked only their missing
share is tested. A measure of the batch as a whole takes its place among the columns, as one more of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from vigil.drift import measures, wording
from vigil.drift.measures import Measure, Measured, Rows, Side, Whole
from vigil.errors import VigilError
from vigil.profiles import ColumnProfile, Profile
from vigil.records import Kind

#: One batch in a hundred may show some drift by chance: a tick every ten minutes forgives no more.
ALPHA = 0.01
#: The fewest rows on either side. Below, only a shift of a third of all rows would be found.
LEAST = 50
#: The tests of each kind of column. Text is judged by its length.
DEFAULTS: Mapping[Kind, tuple[str, ...]] = {
    "number": ("ks", "shift", "spread", "tails", "missing_share"),
    "category": ("chi_squared", "missing_share", "unseen_levels"),
    "text": ("ks", "missing_share"),
    "date": ("missing_share",),
}

#: What looks at a batch as a whole, unless asked for more; it needs no rows.
WHOLE: tuple[str, ...] = ("correlation_change",)
#: How the name of a measure that looks at the whole batch begins among the columns.
TOGETHER = "_vigil_"

One = TypeVar("One", Measure, Whole)
DriftName = Literal["drift", "none", "too little data"]


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What was found in one column, or in the batch as a whole: then ``column`` is `TOGETHER` and the test.

    ``test`` is the one that decided: of those both significant and large enough the one furthest above
    its floor, else the one of smallest p. ``significant`` says that the column differs by more than
    chance, as drift does and what is too small to matter may. ``statistic``, ``effect`` and ``floor`` are
    that test's; ``p_value`` is the column's, over all its tests. ``detectable`` is the smallest effect that
    the test finds with 80 % power. They are None where there is nothing to tell.
    """

    column: str
    test: str
    verdict: DriftName
    significant: bool
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
    def name(self) -> str:
        """What it is listed under."""
        return self.reference.name

    def detectable(self, test: str, level: float) -> float | None:
        """Return the smallest effect that a test finds at a level."""
        if self.current.kind != self.reference.kind:
            return None
        return self.tests[test].detectable(self.reference, self.current, level)

    def words(self) -> str:
        """Say what changed."""
        return wording.changed(self.reference, self.current)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The result of a test of the batch as a whole, among those of columns."""

    reference: Side
    current: Side
    test: Whole
    results: Mapping[str, Measured]

    @property
    def name(self) -> str:
        """What it is listed under: no column of a user begins so."""
        return TOGETHER + self.test.NAME

    def detectable(self, test: str, level: float) -> float | None:  # noqa: ARG002
        """Return the smallest effect that the test finds at a level."""
        return self.test.detectable(self.reference, self.current, level)

    def words(self) -> str:
        """Say what changed."""
        return self.test.words(self.reference, self.current)


def judge(
    reference: Profile,
    current: Profile,
    *,
    alpha: float = ALPHA,
    floors: Mapping[str, float] | None = None,
    tests: Mapping[Kind, Sequence[str]] = DEFAULTS,
    least: int = LEAST,
    tests_of: Mapping[str, Sequence[str]] | None = None,
    whole: Sequence[str] = WHOLE,
    rows: tuple[Rows, Rows] | None = None,
) -> list[ColumnDrift]:
    """Judge every column of the reference, in its order, and then the batch as a whole.

    A column that ``current`` lacks is missing in each of its rows. ``floors`` replaces the practical
    floors of the measures it names; ``least`` is the smallest number of rows on either side. ``tests_of``
    names the tests of single columns, of which those that fit its kind are run. ``whole`` names what looks
    at the whole batch, and is left out of the answer where it finds nothing to look at; ``rows`` of both
    sides are for those that read rows. Raises VigilError for an unknown measure, or one without p-values.
    """
    special = tests_of or {}
    known = _opened([*tests.values(), *special.values()])
    wholes = [_deciding(measures.whole(name)) for name in whole]
    lowest = {name: one.FLOOR for name, one in known.items()} | {one.NAME: one.FLOOR for one in wholes}
    lowest |= _checked(floors or {})
    columns: list[_Column | _Batch] = []
    for column in reference.columns:
        asked = special.get(column.name, tests[column.kind])
        fitting = {name: known[name] for name in asked if column.kind in known[name].KINDS}
        columns.append(_measured(column, current, fitting, least))
    before, now = rows or (None, None)
    sides = Side(reference, before), Side(current, now)
    together = [_Batch(*sides, one, _results(one, *sides, least)) for one in wholes]
    columns += [one for one in together if one.results]
    p_values = [p for column in columns if (p := _p_value(column)) is not None]
    limit, share = _cut(p_values, alpha), alpha / max(1, len(p_values))
    return [
        _abstained(column, share, lowest)
        if isinstance(column, _Column) and not column.results
        else _judged(column, limit, share, lowest)
        for column in columns
    ]


def _results(test: Whole, reference: Side, current: Side, least: int) -> dict[str, Measured]:
    """Run a test of the whole batch, if it finds anything to look at on rows enough."""
    found = test.measure(reference, current)
    return {} if found is None or min(found.n_ref, found.n_cur) < least else {test.NAME: found}


def _p_values(column: _Column | _Batch) -> dict[str, float]:
    """Return the p-values of the tests that could have shown a change, each times their number."""
    found = {name: result.p_value for name, result in column.results.items()}
    given = {name: p for name, p in found.items() if p is not None}
    return {name: min(1.0, p * len(given)) for name, p in given.items()}


def _p_value(column: _Column | _Batch) -> float | None:
    """Return the column's p-value, or None when no test could have shown a change."""
    return min(_p_values(column).values(), default=None)


def _opened(tests: Iterable[Sequence[str]]) -> dict[str, Measure]:
    """Return the measures by name, refusing one that cannot decide."""
    asked = sorted({name for chosen in tests for name in chosen})
    return {name: _deciding(measures.get(name)) for name in asked}


def _deciding(found: One) -> One:
    """Return a measure that gives p-values, refusing one that gives none."""
    if not found.DECIDES:
        hint = "Choose one that does, as ks or chi_squared; it can still be measured."
        raise VigilError(f"{found.NAME!r} gives no p-value, so it cannot decide.", where="drift", hint=hint)
    return found


def _checked(floors: Mapping[str, float]) -> dict[str, float]:
    """Return floors, refusing one for a measure that does not exist."""
    of_batch = measures.names("batch")
    return {name if name in of_batch else measures.get(name).NAME: floor for name, floor in floors.items()}


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


def _judged(column: _Column | _Batch, limit: float, alpha: float, floors: Mapping[str, float]) -> ColumnDrift:
    """Give one column its verdict, its deciding test, and the words."""
    p_values = _p_values(column)
    above = {name: column.results[name].effect / max(floors[name], 1e-12) for name in p_values}
    drifted = [name for name, p in p_values.items() if p <= limit and above[name] >= 1]
    if drifted:
        test = max(drifted, key=lambda name: above[name])
    else:
        test = min(p_values, key=lambda name: p_values[name], default=next(iter(column.results)))
    found = column.results[test]
    return ColumnDrift(
        column=column.name,
        test=test,
        verdict="drift" if drifted else "none",
        significant=min(p_values.values(), default=2.0) <= limit,
        statistic=found.statistic,
        p_value=_p_value(column),
        effect=found.effect,
        floor=floors[test],
        detectable=column.detectable(test, alpha / max(1, len(p_values))),
        words=column.words(),
    )


def _abstained(column: _Column, alpha: float, floors: Mapping[str, float]) -> ColumnDrift:
    """Say that there is too little data, and which shift would have been seen all the same."""
    test = next(iter(column.tests))
    smallest = column.detectable(test, alpha)
    words = wording.too_few(column.reference, column.current, smallest)
    name, floor = column.reference.name, floors[test]
    return ColumnDrift(name, test, "too little data", False, None, None, None, floor, smallest, words)
