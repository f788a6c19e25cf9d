"""Two releases' answers to the same rows, with what came of them: what a trial is judged by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.arrow import pc
from vigil.outcomes import cohorts, matching, store
from vigil.outcomes.cohorts import Cohort
from vigil.predictions import collecting
from vigil.records import Contract
from vigil.stats import buckets

Case = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that both releases answered and whose label is in, arrays of shape (n,).

    ``answered`` counts the rows that both answered, labelled or not. ``champion`` and ``challenger`` hold
    codes, values, or probabilities of the positive class; ``probability`` is the challenger's, None where
    not every row has one. ``bucket`` is each row's bucket of entities, None where no key recurs. ``rows``
    are the rows themselves, with what was kept of their features.
    """

    answered: int
    rows: pa.Table
    truth: npt.NDArray[Any]
    champion: npt.NDArray[Any]
    challenger: npt.NDArray[Any]
    probability: npt.NDArray[np.float64] | None
    bucket: npt.NDArray[np.int64] | None


def pairs(
    output: Path,
    contract: Contract,
    classes: tuple[str, ...],
    releases: tuple[str, str],
    since: str,
    heard: str,
) -> Pairs:
    """Return what champion and challenger, the ``releases``, both answered from a moment on.

    ``heard`` is ``answer``, or ``probability`` for what a metric of two classes listens to.
    """
    rows = _rows(output, since)
    old, new = (_of_release(rows, release) for release in releases)
    common = sorted(old.keys() & new.keys())
    table = rows.take(pa.array([old[case] for case in common], pa.int64()))
    about, asked = _about(table, common, contract)
    found = cohorts.look(_cohort(table, about, asked), store.known(output))
    places = [place for place, label in enumerate(found.labels) if label is not None]
    truth = _numbers([found.labels[place] for place in places], classes)
    sides = [rows.take(pa.array([side[common[at]] for at in places], pa.int64())) for side in (old, new)]
    said = [_heard(side, classes, heard) for side in sides]
    keys = _hashes([about[place][-1] or str(common[place]) for place in places])
    bucket = buckets.bucket_of(keys) if len(keys) and buckets.recurs(keys) else None
    sure = sides[1].column(collecting.PROBABILITY)
    probability = (
        _heard(sides[1], classes, "probability") if len(classes) == 2 and not sure.null_count else None
    )
    return Pairs(len(common), sides[0], truth, said[0], said[1], probability, bucket)


def _rows(output: Path, since: str) -> pa.Table:
    """Return the answers from a moment on; an empty table of answers where there are none."""
    table = collecting.table(output)
    said = (collecting.LABEL, collecting.VALUE, collecting.PROBABILITY)
    names = (collecting.REQUEST, collecting.ROW, collecting.AT, collecting.RELEASE, *said)
    if not table.exists():
        return pa.table({name: pa.array([], pa.string()) for name in names})
    rows = table.rows(since=1)
    moment = pc.strptime(since[:19], format="%Y-%m-%dT%H:%M:%S", unit="us")
    at = pc.assume_timezone(moment, "UTC").cast(rows.schema.field(collecting.AT).type)
    return rows.filter(pc.greater_equal(rows.column(collecting.AT), at))


def _of_release(rows: pa.Table, release: str) -> dict[Case, int]:
    """Return where the answer of a release to each row of each request is."""
    asked = zip(
        rows.column(collecting.REQUEST).to_pylist(), rows.column(collecting.ROW).to_pylist(), strict=True
    )
    by_it = pc.equal(rows.column(collecting.RELEASE), release).to_pylist()
    places = enumerate(zip(asked, by_it, strict=True))
    found: dict[Any, int] = {case: place for place, (case, own) in places if own}
    return found


def _about(
    table: pa.Table, common: list[Case], contract: Contract
) -> tuple[list[tuple[str | None, ...]], np.ndarray]:
    """Return what an outcome may call each row, and when each was asked, in seconds since 1970."""
    key = contract.by_role("key")
    has_key = bool(key) and all(column.name in table.column_names for column in key)
    keys = matching.of_keys(table, key) if has_key else [None] * table.num_rows
    names = [matching.of_request(request, row) for request, row in common]
    times: list[Any] = table.column(collecting.AT).to_pylist()
    return list(zip(names, keys, strict=True)), np.array([time.timestamp() for time in times])


def _cohort(table: pa.Table, about: list[tuple[str | None, ...]], asked: np.ndarray) -> Cohort:
    return Cohort("trial", table, about, asked, datetime.fromtimestamp(0, UTC), ended=True)


def _numbers(labels: list[Any], classes: tuple[str, ...]) -> npt.NDArray[Any]:
    """Return labels as codes, or values where there are no classes."""
    if not classes:
        return np.array([float(label) for label in labels], dtype=np.float64)
    codes = {label: code for code, label in enumerate(classes)}
    return np.array([codes[label] for label in labels], dtype=np.int64)


def _heard(rows: pa.Table, classes: tuple[str, ...], heard: str) -> npt.NDArray[Any]:
    if classes and heard == "probability":
        return np.array(rows.column(collecting.PROBABILITY).to_pylist(), dtype=np.float64)
    column = collecting.LABEL if classes else collecting.VALUE
    return _numbers(rows.column(column).to_pylist(), classes)


def _hashes(names: list[str]) -> npt.NDArray[np.uint64]:
    """Return a hash of each name, shape (n, 2), as ``buckets`` takes them."""
    content = b"".join(hashlib.blake2b(name.encode(), digest_size=16).digest() for name in names)
    return np.frombuffer(content, dtype="<u8").reshape(-1, 2)
