"""A batch's profile against what its release was trained on, and against the batches in between.

Three looks: this batch against the reference, column by column (`drift.judge`); whether a drift lasts, with
an error rate for the release's whole life (`drift.lasting`); and which of it is news, since a drift that
does no harm is worth one note and not one a tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vigil import drift
from vigil.drift import ColumnDrift, lasting
from vigil.drift.lasting import Lasting
from vigil.profiles import ColumnProfile, Profile, merge, pairs
from vigil.profiles.answers import ANSWER, PROBABILITY
from vigil.records import Column

#: What people call the columns that are not theirs.
TITLES = {
    ANSWER: "the model's answer",
    PROBABILITY: "the model's probability",
    drift.TOGETHER + "correlation_change": "correlations",
}
#: The tests of what the model answered; for a number or a probability its spread as well.
_OF_ANSWERS = ("prediction_drift", "spread")
_OF_LABELS = ("label_drift", "spread")
#: Cells of these may be missing for good reasons: labels come late.
_OFTEN_MISSING = ("target",)


@dataclass(frozen=True, slots=True)
class Known:
    """What the diagnoses of a release hand on from batch to batch.

    ``since`` adds up the batches met so far; ``noted`` holds for each column that has drifted the first
    batch that showed it.
    """

    lasting: Lasting = field(default_factory=Lasting)
    since: Profile = field(default_factory=lambda: Profile(0, ()))
    noted: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        met = {"batches": self.lasting.batches, "log_wealth": dict(self.lasting.log_wealth)}
        return {"lasting": met, "since": self.since.to_json(), "noted": [list(pair) for pair in self.noted]}

    @classmethod
    def from_json(cls, content: dict[str, Any] | None) -> Known:
        """Return what `as_json` gave; nothing is known at a release's first batch."""
        if content is None:
            return cls()
        met = content["lasting"]
        noted = tuple((column, batch) for column, batch in content["noted"])
        return cls(Lasting(met["batches"], met["log_wealth"]), Profile.from_json(content["since"]), noted)


def compare(
    reference: Profile, current: Profile, known: Known, batch: str, *, target: str = ""
) -> tuple[dict[str, Any], Known]:
    """Return the drift of one batch as JSON values, and what is known after it.

    Both profiles hold comparable columns only (see `comparable`); ``batch`` is the batch's name, ``target``
    the column of labels.
    """
    tests = {ANSWER: _OF_ANSWERS, PROBABILITY: _OF_ANSWERS, target: _OF_LABELS}
    found = drift.judge(reference, current, tests_of=tests)
    before = _added(reference, known.since)
    p_values = {one.column: one.p_value for one in drift.judge(before, current, tests_of=tests)}
    met = known.lasting.met({name: p for name, p in p_values.items() if p is not None})
    since = _added(known.since, _fitting(current, reference))
    whole = {one.column: one.verdict == "drift" for one in drift.judge(reference, since, tests_of=tests)}
    lasts = {one.column for one in found if whole.get(one.column) and met.lasts(one.column)}
    noted = dict(known.noted)
    fresh = {one.column for one in found if one.verdict == "drift" or one.column in lasts} - noted.keys()
    noted |= dict.fromkeys(fresh, batch)
    columns = [_column(one, met, one.column in lasts, one.column in fresh, noted) for one in found]
    told = {
        "verdict": _verdict(found, lasts),
        "level": drift.ALPHA,
        "lasting_level": lasting.ALPHA,
        "rows": current.rows,
        "reference_rows": reference.rows,
        "columns": sorted(columns, key=_rank),
    }
    return told, Known(met, since, tuple(sorted(noted.items())))


def comparable(data: Profile, answers: Profile | None, columns: Sequence[Column]) -> Profile:
    """Return the columns of rows and answers that should stay alike: no keys, which are new by nature."""
    roles = {column.name: column.role for column in columns}
    kept = [column for column in data.columns if roles.get(column.name, "key") not in ("key", "ignored")]
    kept = [_present(one) if roles[one.name] in _OFTEN_MISSING else one for one in kept]
    return Profile(data.rows, (*kept, *(answers.columns if answers else ())), data.pairs)


def _added(first: Profile, second: Profile) -> Profile:
    """Add profiles column by column, for each column has rows of its own."""
    names = sorted({column.name for side in (first, second) for column in side.columns})
    columns = [merge([_alone(first, name), _alone(second, name)]).columns[0] for name in names]
    return Profile(first.rows + second.rows, tuple(columns), pairs.merged([first.pairs, second.pairs]))


def _alone(profile: Profile, name: str) -> Profile:
    """Return one column as a profile; a column that is not there is missing in every row."""
    column = profile.column(name)
    return Profile(column.rows, (column,)) if column else Profile(profile.rows, ())


def _fitting(profile: Profile, reference: Profile) -> Profile:
    """Leave out columns that the reference lacks, or has as another kind of data."""
    kinds = {column.name: column.kind for column in reference.columns}
    columns = tuple(c for c in profile.columns if kinds.get(c.name) == c.kind)
    return Profile(profile.rows, columns, profile.pairs)


def _present(column: ColumnProfile) -> ColumnProfile:
    """Return a column as if its missing cells were no rows."""
    return replace(column, rows=column.rows - column.missing, missing=0)


def _verdict(found: Iterable[ColumnDrift], lasts: set[str]) -> str:
    """Return the whole batch's verdict."""
    verdicts = {one.verdict for one in found}
    if lasts or "drift" in verdicts:
        return "drift"
    return "too little data" if verdicts == {"too little data"} else "none"


def _column(
    one: ColumnDrift, met: Lasting, lasts: bool, fresh: bool, noted: dict[str, str]
) -> dict[str, Any]:
    """Return one column's drift as JSON values, in words that people know."""
    title = TITLES.get(one.column, one.column)
    return {
        **one.as_json(),
        "column": title,
        "words": one.words.replace(one.column, title, 1) if one.words.startswith(one.column) else one.words,
        "lasting": lasts,
        "evidence": min(met.evidence(one.column), 1e300),
        "evidence_limit": max(1, len(met.log_wealth)) / lasting.ALPHA,
        "new": fresh,
        "since": noted.get(one.column),
    }


def _rank(column: dict[str, Any]) -> tuple[bool, bool, float]:
    """Put what drifted first, the largest change for its floor before the others."""
    effect = column["effect"]
    return column["verdict"] != "drift", not column["lasting"], -(effect or 0.0) / (column["floor"] or 1.0)
