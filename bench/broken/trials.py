"""Batches put before the faults: clean ones and broken ones, each judged once and kept in a file.

What is kept lies in a folder of its own for each state of the code, so that a run that was cut off goes on
where it stopped, and no answer of other code is taken for this one's.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.broken.data import ROOT, Data, load
from bench.broken.injections import INJECTIONS, Broken
from vigil import faults, profiles
from vigil.faults import Case

PAST = 8
#: Batches that must have come before one is judged.
FIRST = 5
#: How often another batch and column are drawn when a fault cannot fall on the drawn ones.
DRAWS = 12


class OutOfTime(Exception):
    """The slice of time is used up."""


@dataclass(frozen=True)
class Job:
    """One batch to judge: a clean one (``fault`` is empty) of some order and place, or a broken one."""

    fault: str
    strength: float
    order: int
    place: int

    @property
    def key(self) -> str:
        """Return what the answer is kept under."""
        return f"{self.fault or 'clean'} {self.strength:g} {self.order} {self.place}"


@dataclass(frozen=True)
class Trial:
    """What was said of one batch: (fault, columns, confidence), the surest first."""

    data: str
    fault: str
    strength: float
    columns: tuple[str, ...]
    found: tuple[tuple[str, tuple[str, ...], float], ...]
    key: str = ""

    def held(self, thresholds: Mapping[str, float]) -> list[tuple[str, tuple[str, ...], float]]:
        """Return the findings that hold the batch."""
        return [one for one in self.found if one[2] >= thresholds[one[0]]]

    def is_right(self, thresholds: Mapping[str, float]) -> bool:
        """Say whether the surest finding names the fault, on a column that it fell on."""
        held = self.held(thresholds)
        if not held or held[0][0] != self.fault:
            return False
        return not self.columns or not held[0][1] or bool(set(held[0][1]) & set(self.columns))


class Level(float):
    """A threshold that writes down what is held against it: the fault, the confidence, the answer."""

    def __new__(cls, level: float, _fault: str, _asked: list[tuple[str, float, bool]]) -> Level:
        """Make the number."""
        return super().__new__(cls, level)

    def __init__(self, _level: float, fault: str, asked: list[tuple[str, float, bool]]) -> None:
        self._fault, self._asked = fault, asked

    def __le__(self, confidence: float) -> bool:
        """Answer `confidence >= self`, which Python turns round for a kind of float."""
        answer = float(self) <= float(confidence)
        self._asked.append((self._fault, float(confidence), answer))
        return answer


class Judge:
    """Judges a data set's batches with some thresholds, and remembers."""

    def __init__(self, store: Path, times: int, deadline: float, only: str | None = None) -> None:
        self._store = store / fingerprint()
        self._times, self._deadline, self._only = times, deadline, only
        self._loaded: dict[str, tuple[Data, _Profiles] | None] = {}
        self._scratch = tempfile.TemporaryDirectory()

    def trials(self, name: str, thresholds: Mapping[str, float]) -> list[Trial]:
        """Return all trials of a data set. Raises OutOfTime; what was judged by then is kept.

        A batch is judged anew only where other thresholds lead to another answer: of each answer it is kept
        which confidences were held against a threshold, and what came of it.
        """
        self._store.mkdir(parents=True, exist_ok=True)
        path = self._store / f"{name}.jsonl"
        known = _read(path)
        found = []
        with path.open("a") as kept:
            for job in self._jobs(name):
                fits = (said for said in known.get(job.key, []) if _is_same(said, thresholds))
                said = next(fits, None) or self._judged(name, job, thresholds)
                if said not in known.setdefault(job.key, []):
                    known[job.key].append(said)
                    kept.write(json.dumps({"key": job.key, "said": said}) + "\n")
                    kept.flush()
                if said["found"] is not None:
                    found.append(_trial(name, job, said))
        return found

    def _jobs(self, name: str) -> Iterator[Job]:
        """Return what is to be judged of a data set."""
        loaded = self.data(name)
        if loaded is None:
            return
        data, _ = loaded
        for order, batches in enumerate(data.orders or (data.batches,)):
            yield from (Job("", 0.0, order, place) for place in range(FIRST, len(batches)))
        for fault, (_, strengths, _) in INJECTIONS.items():
            if self._only in (None, fault):
                yield from (Job(fault, s, 0, place) for s in strengths for place in range(self._times))

    def _judged(self, name: str, job: Job, thresholds: Mapping[str, float]) -> Any:
        """Judge one batch; nothing is found when the fault cannot fall on this data."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        loaded = self.data(name)
        assert loaded is not None
        case, columns = self.case(name, job)
        if case is None:
            return {"found": None, "asked": []}
        asked: list[tuple[str, float, bool]] = []
        levels = {fault: Level(level, fault, asked) for fault, level in thresholds.items()}
        found = [[one.fault, list(one.columns), one.confidence] for one in faults.look(case, levels)]
        return {"columns": list(columns), "found": found, "asked": sorted({tuple(one) for one in asked})}

    def case(self, name: str, job: Job) -> tuple[Case | None, tuple[str, ...]]:
        """Return the batch of a job as the faults see it, and the columns that its fault fell on."""
        loaded = self.data(name)
        assert loaded is not None
        data, known = loaded
        if not job.fault:
            return known.case(job.order, job.place, None), ()
        number = list(INJECTIONS).index(job.fault)
        random = np.random.default_rng([7, number, int(job.strength * 100), job.place])
        for _ in range(DRAWS):
            at = int(random.choice(range(FIRST, len(data.batches))))
            broken = INJECTIONS[job.fault][0](data, at, job.strength, random)
            if broken is not None:
                return known.case(None, at, broken), broken.columns
        return None, ()

    def data(self, name: str) -> tuple[Data, _Profiles] | None:
        """Return a data set, read once."""
        if name not in self._loaded:
            data = load(name, Path(self._scratch.name))
            self._loaded[name] = (data, _Profiles(data)) if data else None
        return self._loaded[name]


class _Profiles:
    """The batches of a data set with their profiles, each made once."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._columns = data.contract.kept
        self._made: dict[tuple[int | None, int], profiles.Profile] = {}

    def case(self, order: int | None, at: int, broken: Broken | None) -> Case:
        """Put a batch before the faults, with the eight before it; order None is the file's own."""
        own = order is None or not self._data.orders
        batches = self._data.batches if own else self._data.orders[order or 0]
        places = range(max(0, at - PAST), at)
        before = [self._profile(None if own else order, place, batches[place]) for place in places]
        rows = broken.rows if broken else batches[at]
        return Case(
            contract=self._data.contract,
            rows=rows,
            profile=profiles.profile(rows, self._columns),
            past=[batches[place] for place in places],
            before=before,
            reference=profiles.merge(before),
            dropped=broken.dropped if broken else 0,
            files=[(batches[place].num_rows, 0) for place in places],
        )

    def _profile(self, order: int | None, place: int, rows: pa.Table) -> profiles.Profile:
        if (order, place) not in self._made:
            self._made[order, place] = profiles.profile(rows, self._columns)
        return self._made[order, place]


def fingerprint() -> str:
    """Return what names the state of the code that answers depend on; rules only ask for other answers."""
    files = sorted([*ROOT.glob("vigil/faults/**/*.py"), *ROOT.glob("bench/broken/*.py")])
    files = [file for file in files if file.name != "rules.py"]
    return _digest("".join(file.read_text() for file in files))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _is_same(said: Mapping[str, Any], thresholds: Mapping[str, float]) -> bool:
    """Say whether an answer would be the same under other thresholds."""
    return all((sure >= thresholds[fault]) == held for fault, sure, held in said["asked"])


def _read(path: Path) -> dict[str, list[Any]]:
    """Return what was kept; a line that was cut off is judged again."""
    found: dict[str, list[Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        found.setdefault(row["key"], []).append(row["said"])
    return found


def _trial(name: str, job: Job, said: Mapping[str, Any]) -> Trial:
    """Return what was said as a trial."""
    found = tuple((fault, tuple(columns), sure) for fault, columns, sure in said["found"])
    return Trial(name, job.fault, job.strength, tuple(said["columns"]), found, job.key)
