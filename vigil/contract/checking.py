"""A file against the contract: typed valid rows, and every fault of every other row."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from vigil.arrow import pc
from vigil.contract import rules
from vigil.contract.columns import ARROW_TYPES, Typed, decimal_of_file, typed
from vigil.errors import FileRefused
from vigil.intake import RawTable, listed
from vigil.records import Column, Contract, RowFault

#: Says which values of a column, by its name, stood in the file before.
Repeated = Callable[[str, Any], np.ndarray]

SHOWN_LETTERS = 200
#: Names of columns that are listed in full.
MANY_NAMES = 20
#: Errors of a larger number to predict have squares, and sums of these, that no float holds.
LARGEST_TARGET = 1e100
TOO_LARGE = f"too large a number to predict: beyond {LARGEST_TARGET:g}"
#: What is said of a value that has to be the only one in its file, and is not.
REPEATED = "stood in the file before"

_COMPARE = {
    "<=": pc.less_equal,
    "<": pc.less,
    ">=": pc.greater_equal,
    ">": pc.greater,
    "==": pc.equal,
    "!=": pc.not_equal,
}
#: What a column's guess is called.
_GUESSES = {
    ",": "Read with a decimal comma",
    "day": "Dates read with the day first",
    "month": "Dates read with the month first",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds under a contract.

    ``table`` has the valid rows, typed, and the contract's columns in its order but for the ignored
    ones, which are neither checked nor kept. ``lines``, int64 of shape (valid rows,), says where
    they stood. ``faults`` has every fault of every quarantined row, by line; ``quarantined`` counts
    those rows and ``rows`` all rows of the file. ``notes`` says what was guessed and passed over;
    ``decimal`` is the file's usual decimal sign.
    """

    table: pa.Table
    lines: np.ndarray
    faults: tuple[RowFault, ...]
    quarantined: int
    rows: int
    notes: tuple[str, ...]
    decimal: str = "."

    @property
    def valid(self) -> int:
        """The number of valid rows."""
        return self.table.num_rows


def check(contract: Contract, raw: RawTable, repeated: Repeated | None = None) -> Checked:
    """Type a file's rows and part the valid from the others.

    ``repeated`` says of which of a column's values another stood before, where ``raw`` is a part of the
    file. Raises FileRefused when a required column is missing, or holds no single values at all. Whether
    too many rows are faulty is not judged here.
    """
    wanted = contract.kept
    missing = _missing(wanted, raw)
    extra = tuple(name for name in raw.columns.column_names if name and name not in _names(contract))
    decimal = decimal_of_file(raw)
    answers: dict[str, Typed] = {column.name: _answer(column, raw, decimal) for column in wanted}
    again = repeated or _repeated
    faults = {column.name: _broken(column, answers[column.name], again) for column in wanted}
    for rule, mask in _broken_rules(contract, answers):
        faults[rule.left][f"breaks the rule {rule.text}"] = mask
    good, empty = _good_rows(raw.columns.num_rows, answers, faults)
    table = pa.table({name: answer.values for name, answer in answers.items()})
    table = table if good.all() else table.filter(pa.array(good))
    listed = sorted([*raw.faults, *_listed(raw, faults, empty)], key=lambda fault: fault.line)
    return Checked(
        table=table,
        lines=raw.lines[good],
        faults=tuple(listed),
        quarantined=raw.total_rows - table.num_rows,
        rows=raw.total_rows,
        notes=(*raw.notes, *_notes(missing, extra, answers)),
        decimal=decimal,
    )


def _names(contract: Contract) -> set[str]:
    """Return every name that the contract knows."""
    return {column.name for column in contract.columns}


def _missing(wanted: tuple[Column, ...], raw: RawTable) -> tuple[str, ...]:
    """Return the optional columns that the file lacks; raises FileRefused for a required one."""
    found = raw.columns.column_names
    absent = [column for column in wanted if column.name not in found]
    required = [column.name for column in absent if column.required]
    if required:
        names = ", ".join(repr(name) for name in required)
        what = f"the required column{'s are' if len(required) > 1 else ' is'} missing: {names}."
        without = 'To let files come without it, give it "required": false in contract.json.'
        raise FileRefused(what, where=raw.name, hint=f"{_closest(required, found)} {without}")
    return tuple(column.name for column in absent)


def _closest(required: list[str], found: list[str]) -> str:
    """Name the header that a missing column was probably written as."""
    by_lower = {name.lower(): name for name in found if name}
    pairs = []
    for name in required:
        close = difflib.get_close_matches(name.lower(), list(by_lower), n=1)
        pairs += [f"{name!r} may be the file's {by_lower[close[0]]!r}."] if close else []
    return " ".join(pairs) or f"The file has: {', '.join(name for name in found if name)}."


def _answer(column: Column, raw: RawTable, decimal: str) -> Typed:
    """Type one column; one that the file lacks is missing throughout."""
    if column.name not in raw.columns.column_names:
        return Typed(pc.cast(pa.nulls(raw.columns.num_rows), ARROW_TYPES[column.kind]))
    try:
        fixed, known = column.decimal or column.date_order, raw.guesses.get(column.name)
        answer = typed(raw.columns.column(column.name), column.kind, decimal, fixed=fixed, known=known)
        return answer if known is None else replace(answer, guess=known)
    except FileRefused as error:
        raise FileRefused(f"column {column.name!r} {error.what}", where=raw.name) from error


def _broken(column: Column, answer: Typed, repeated: Repeated) -> dict[str, np.ndarray]:
    """Return the rules that cells of a column break, each with the mask of its rows."""
    values = answer.values
    broken = dict(answer.faults)
    if column.minimum is not None and column.kind == "number":
        broken[f"below minimum {column.minimum:g}"] = _true(pc.less(values, column.minimum))
    if column.maximum is not None and column.kind == "number":
        broken[f"above maximum {column.maximum:g}"] = _true(pc.greater(values, column.maximum))
    if column.role == "target" and column.kind == "number":
        broken[TOO_LARGE] = _true(pc.greater(pc.abs(values), LARGEST_TARGET))
    if column.levels is not None:
        known = pc.is_in(values, pa.array(column.levels, values.type))
        broken[level_rule(column)] = _true(pc.and_not(values.is_valid(), known))
    if column.pattern is not None:
        broken[f"does not match {column.pattern}"] = _unlike(column.pattern, values)
    if column.unique:
        broken[REPEATED] = repeated(column.name, values)
    if not column.nullable and values.null_count:
        unread = np.zeros(len(values), dtype=bool)
        for mask in answer.faults.values():
            unread |= mask
        broken["missing key" if column.role == "key" else "missing"] = _true(values.is_null()) & ~unread
    return {rule: mask for rule, mask in broken.items() if mask.any()}


def _unlike(pattern: str, values: Any) -> np.ndarray:
    """Say which strings do not match a pattern as a whole; each distinct one is looked at once."""
    encoded = values.dictionary_encode()
    matches = re.compile(pattern).fullmatch
    unlike = pa.array([matches(text) is None for text in encoded.dictionary.to_pylist()], pa.bool_())
    return _true(unlike.take(encoded.indices))


def _repeated(_name: str, values: Any) -> np.ndarray:
    """Say which values stood above already; missing ones never do, and there is one zero."""
    values = pc.add(values, 0.0) if pa.types.is_floating(values.type) else values
    codes = values.dictionary_encode().indices
    again = _true(codes.is_valid())
    present = np.flatnonzero(again)
    _, first = np.unique(codes.drop_null().to_numpy(), return_index=True)
    again[present[first]] = False
    return again


def _broken_rules(contract: Contract, answers: dict[str, Typed]) -> Iterator[tuple[rules.Rule, np.ndarray]]:
    """Yield the rules between columns that rows break; a missing cell breaks none."""
    for text in contract.rules:
        rule = rules.parsed(text, contract.columns)
        right = answers[rule.right].values if isinstance(rule.right, str) else rule.right
        holds = _COMPARE[rule.sign](answers[rule.left].values, right)
        mask = _true(pc.invert(holds))
        if mask.any():
            yield rule, mask


def level_rule(column: Column) -> str:
    """Say that a value is not in a closed list."""
    kind = "known classes" if column.role == "target" else "allowed values"
    return f"not one of the {len(column.levels or ())} {kind}"


def _good_rows(
    rows: int, answers: dict[str, Typed], faults: dict[str, dict[str, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mask of valid rows, and that of rows in which no cell has a value."""
    good = np.ones(rows, dtype=bool)
    for broken in faults.values():
        for mask in broken.values():
            good &= ~mask
    empty = good.copy()
    for answer in sorted(answers.values(), key=lambda answer: answer.values.null_count):
        if not empty.any():
            break
        empty &= _true(answer.values.is_null())
    return good & ~empty, empty


def _listed(raw: RawTable, faults: dict[str, dict[str, np.ndarray]], empty: np.ndarray) -> Iterator[RowFault]:
    """Write out every fault with its line, column and cell."""
    for name, broken in faults.items():
        for rule, mask in broken.items():
            rows = np.flatnonzero(mask)
            if name not in raw.columns.column_names:
                cells: list[Any] = [None] * rows.size
            else:
                cells = listed(raw.columns.column(name).take(rows))
            for line, cell in zip(raw.lines[rows].tolist(), cells, strict=True):
                yield RowFault(line, name, "" if cell is None else str(cell)[:SHOWN_LETTERS], rule)
    for line in raw.lines[empty].tolist():
        yield RowFault(line, "", "", "no cell has a value")


def _notes(missing: tuple[str, ...], extra: tuple[str, ...], answers: dict[str, Typed]) -> tuple[str, ...]:
    """Say what was passed over, and what was guessed from whole columns."""
    notes = []
    if missing:
        notes.append(f"The file lacks the optional columns {', '.join(missing)}; taken as missing.")
    if extra:
        notes.append(f"Columns that the contract does not know were ignored: {_some(extra)}.")
    for guess, words in _GUESSES.items():
        names = [name for name, answer in answers.items() if answer.guess == guess]
        notes += [f"{words}: {', '.join(names)}."] if names else []
    return tuple(notes)


def _some(names: tuple[str, ...]) -> str:
    """Name columns, of very many the first and the last."""
    if len(names) <= MANY_NAMES:
        return ", ".join(names)
    return f"{names[0]} … {names[-1]} ({len(names):,})"


def _true(mask: Any) -> np.ndarray:
    """Return truths as a numpy array, null as false."""
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)
