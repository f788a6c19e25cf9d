"""The first contract, guessed from the first file; every guess is said in words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from vigil.arrow import pc
from vigil.contract import cells
from vigil.contract.columns import Typed, decimal_of_file, is_moment, is_number, is_text, plain, typed
from vigil.errors import ContractError, FileRefused
from vigil.intake import RawTable
from vigil.records import Column, Contract, Kind, Role, Task

ENOUGH_FOR_MINIMUM = 100
ENOUGH_FOR_IDS = 20
MOSTLY = 0.99
MAX_CLASSES = 20
SAMPLE_VALUES = 200
TEXT_LETTERS = 30

_ID_NAME = re.compile(r"(?:^|[_\s.-])(?:id|index|idx|uuid|guid|rowid|row)$", re.IGNORECASE)
_ID_TAIL = re.compile(r"[a-z]I[Dd]$")
_INDEX_NAME = re.compile(r"^(?:Unnamed: \d+|__index_level_\d+__|level_\d+)$")
_TOO_LONG = "has whole numbers that are too long to be told apart as numbers: read as a category."
_WORDY = r"\S\s+\S+\s+\S"
_LEADING_ZERO = r"^\s*0[0-9]+\s*$"


@dataclass(frozen=True, slots=True)
class Look:
    """One column as first seen: its kind, its typed values, what was guessed."""

    name: str
    kind: Kind
    values: Any
    notes: tuple[str, ...] = ()
    readable: bool = True

    @property
    def present(self) -> Any:
        """The values that are not missing."""
        return self.values.drop_null()


def infer(
    raw: RawTable,
    *,
    target: str,
    key: Sequence[str] = (),
    time: str | None = None,
    ignore: Sequence[str] = (),
    task: Task | None = None,
    positive: str | int | float | bool | None = None,
    slices: Sequence[str] = (),
    sensitive: Sequence[str] = (),
) -> tuple[Contract, tuple[str, ...]]:
    """Guess the contract of a first file; returns it with a note for every guess.

    Raises ContractError when a named column is not in the file, the target's values do not fit a
    task, ``positive`` is not one of the classes, or no column is left as a feature.
    """
    names = [name for name in raw.columns.column_names if name and not name.startswith("_vigil_")]
    times = [time] if time else []
    wanted = {"target": [target], "key": key, "time": times, "slices": slices, "sensitive": sensitive}
    _ask_present(names, wanted)
    roles: dict[str, Role] = {target: "target"}
    configured: list[tuple[Role, Sequence[str]]] = [("key", key), ("ignored", ignore), ("time", times)]
    roles.update({name: role for role, group in configured for name in group})
    decimal = decimal_of_file(raw)
    looks = [_look(name, raw.columns.column(name), roles.get(name), decimal) for name in names]
    notes = [note for look in looks for note in look.notes]
    columns = []
    for look in looks:
        column, why = _column(look, roles.get(look.name))
        columns.append(column)
        notes += why
    columns, unlike = _told_apart(columns)
    notes += unlike
    _ask_time(columns)
    chosen, found = _task(next(look for look in looks if look.name == target), task)
    labels = typed(raw.columns.column(target), "category").values
    later = [name for name in ignore if name not in names]
    columns += [Column(name, "text", "ignored", required=False) for name in later]
    notes += [
        f"Column {name!r} is not in the first file; it will be ignored when it comes." for name in later
    ]
    contract = _with_target(Contract(1, chosen, tuple(columns)), labels, positive, found)
    _ask_features(contract, notes)
    return contract, (*_passed_over(raw), *notes, *found)


def _ask_present(names: list[str], wanted: dict[str, Sequence[str]]) -> None:
    """Raise ContractError with every configured column that the file does not have."""
    configured = [(setting, name) for setting, group in wanted.items() for name in group]
    absent = [f"{setting} {name!r}" for setting, name in configured if name not in names]
    if absent:
        what = f"The first file does not have the column of {', '.join(absent)}."
        lower = {name.lower(): name for name in reversed(names)}
        asked = [name.lower() for _, name in configured if name not in names]
        close = [difflib.get_close_matches(name, list(lower), n=1) for name in asked]
        meant = [repr(lower[name]) for found in close for name in found]
        hint = f"Did you mean {', '.join(dict.fromkeys(meant))}? " if meant else ""
        raise ContractError(what, where="config", hint=f"{hint}It has: {', '.join(names)}.")


def _ask_features(contract: Contract, notes: list[str]) -> None:
    """Raise ContractError when every column has another role: such a contract cannot be used."""
    if not contract.features:
        hint = " ".join([*(note for note in notes if "ignored" in note), "Bring more columns."])
        raise ContractError("No column is left to predict from.", where="first file", hint=hint)


def _passed_over(raw: RawTable) -> list[str]:
    """Name the columns that cannot be part of a contract."""
    notes = []
    if "" in raw.columns.column_names:
        notes.append("A column without a name was ignored.")
    taken = [name for name in raw.columns.column_names if name.startswith("_vigil_")]
    if taken:
        notes.append(f"Names that begin with _vigil_ are taken; ignored: {', '.join(taken)}.")
    return notes


def _look(name: str, column: Any, role: Role | None, decimal: str) -> Look:
    """Find a column's kind. A key is always text, a target's kind is decided by the task."""
    try:
        flat = plain(column)
    except FileRefused as error:
        if role not in {None, "ignored"}:
            raise ContractError(f"Column {name!r} {error.what}", where="first file") from error
        why = f"Column {name!r} {error.what} It is ignored."
        return Look(name, "text", pa.nulls(len(column), pa.string()), (why,), readable=False)
    if role == "key":
        return Look(name, "category", typed(flat, "category").values)
    if not is_text(flat.type):
        if pa.types.is_integer(flat.type) and _too_long(flat, pc.cast(flat, pa.float64(), safe=False)):
            return Look(name, "category", typed(flat, "category").values, (f"Column {name!r} {_TOO_LONG}",))
        kind: Kind = "number" if is_number(flat.type) else "date" if is_moment(flat.type) else "category"
        return Look(name, kind, typed(flat, kind, decimal).values)
    return _look_at_text(name, flat, decimal)


def _look_at_text(name: str, flat: Any, decimal: str) -> Look:
    """Find the kind of a column of text cells: number, date, text or category."""
    levels = typed(flat, "category").values
    present = len(levels) - levels.null_count
    notes = _missing_words(name, flat)
    if present == 0:
        return Look(name, "category", levels, (*notes, f"Column {name!r} has no value at all."))
    distinct = levels.unique().drop_null()
    if pc.any(pc.match_substring_regex(distinct, _LEADING_ZERO)).as_py():
        why = f"Column {name!r} has digits after leading zeros: read as a category, not as numbers."
        return Look(name, "category", levels, (*notes, why))
    for kind in ("number", "date"):
        answer = _fitting(flat, kind, decimal, distinct, present)
        if answer is not None and kind == "number" and _too_long(levels, answer.values):
            return Look(name, "category", levels, (*notes, f"Column {name!r} {_TOO_LONG}"))
        if answer is not None:
            return Look(name, kind, answer.values, (*notes, *_misfits(name, kind, flat, answer)))
    notes += _unclear_dates(name, distinct) or _nearly_numbers(name, flat, decimal, distinct)
    is_prose = len(distinct) > 0.5 * present and _is_prose(distinct)
    return Look(name, "text" if is_prose else "category", levels, notes)


def _too_long(cells: Any, numbers: Any) -> bool:
    """Say whether whole numbers beyond 2**53 are different cells and, as numbers, the same."""
    largest = pc.max(pc.abs(numbers)).as_py()
    if largest is None or largest <= 2**53:
        return False
    # Spellings of one number, as 1e300 and 1.0e300, are no different cells.
    whole = cells if pa.types.is_integer(cells.type) else cells.filter(_whole(cells))
    read = pc.cast(whole, pa.float64(), safe=False)
    return len(whole.unique()) > len(read.unique())


def _whole(levels: Any) -> Any:
    """Return which cells are written as digits alone."""
    return pc.fill_null(pc.match_substring_regex(levels, r"^-?[1-9][0-9]*$"), False)


def _is_prose(distinct: Any) -> bool:
    """Say whether texts are sentences: long, and most of three words at least."""
    long = pc.mean(pc.utf8_length(distinct)).as_py() > TEXT_LETTERS
    return bool(long and pc.mean(pc.cast(pc.match_substring_regex(distinct, _WORDY), "int8")).as_py() > 0.5)


def _fitting(flat: Any, kind: Kind, decimal: str, distinct: Any, present: int) -> Typed | None:
    """Type a column as a kind, or nothing when too many of its cells do not fit.

    A few misfits among many different numbers are faults of the file; among few different values
    they are more likely levels.
    """
    sample = distinct.slice(0, SAMPLE_VALUES)
    if _misfit_count(typed(sample, kind, decimal)) > len(sample) / 2:
        return None
    answer = typed(flat, kind, decimal)
    misfits = _misfit_count(answer)
    if misfits == 0:
        return answer
    lenient = present >= ENOUGH_FOR_MINIMUM and len(distinct) > MAX_CLASSES
    return answer if lenient and misfits <= (1 - MOSTLY) * present else None


def _misfit_count(answer: Typed) -> int:
    """Count the cells that do not fit; a cell breaks one rule at most."""
    return int(sum(mask.sum() for mask in answer.faults.values()))


def _misfits(name: str, kind: Kind, flat: Any, answer: Typed) -> tuple[str, ...]:
    """Say which cells of a number or date column will be quarantined."""
    return (f"Column {name!r} is a {kind} but for {_others(flat, answer)}.",) if answer.faults else ()


def _nearly_numbers(name: str, flat: Any, decimal: str, distinct: Any) -> tuple[str, ...]:
    """Say that a column holds mostly numbers and is read as a category, and how to have it otherwise."""
    sample = distinct.slice(0, SAMPLE_VALUES)
    if _misfit_count(typed(sample, "number", decimal)) > len(sample) / 2:
        return ()
    others = _others(flat, typed(flat, "number", decimal))
    what = f"Column {name!r} has numbers but for {others}: read as a category."
    how = 'If it is a number, give it the kind "number" in the contract; those cells are then quarantined.'
    return (f"{what} {how}",)


def _others(flat: Any, answer: Typed) -> str:
    """Count the cells that do not fit, and show one."""
    mask = np.logical_or.reduce(list(answer.faults.values()))
    example = flat[int(np.flatnonzero(mask)[0])].as_py()
    count = int(mask.sum())
    return f"{count:,} cell{'s' if count > 1 else ''}, such as {example[:50]!r}"


def _missing_words(name: str, flat: Any) -> tuple[str, ...]:
    """Count the words, other than blank, that are read as missing."""
    counts: dict[str, int] = {}
    for entry in pc.value_counts(flat.drop_null()).to_pylist():
        word = entry["values"].strip()
        if word and cells.is_missing(word):
            counts[word] = counts.get(word, 0) + entry["counts"]
    if not counts:
        return ()
    listed = ", ".join(f"{word!r} {count}×" for word, count in counts.items())
    return (f"Column {name!r}: read as missing: {listed}.",)


def _unclear_dates(name: str, distinct: Any) -> tuple[str, ...]:
    """Say that a column of dates such as 03/04/2024 cannot be read as such."""
    rule = cells.moment(distinct[0].as_py())[1]
    if rule != cells.AMBIGUOUS_DATE:
        return ()
    return (f"Column {name!r} looks like dates, but is {rule}. Write 2024-04-03; now read as a category.",)


def _column(look: Look, role: Role | None) -> tuple[Column, list[str]]:
    """Give a column its role and its limits."""
    if role == "key":
        return Column(look.name, look.kind, "key", nullable=False), []
    if role == "target":
        return Column(look.name, look.kind, "target", required=False), []
    if role == "ignored" or not look.readable:
        return Column(look.name, look.kind, "ignored", required=False), []
    why = _id_like(look) if role is None else ""
    if why:
        hint = "its role is key if rows are about it"
        return Column(look.name, look.kind, "ignored", required=False), [f"{why}: ignored; {hint}."]
    column = Column(look.name, look.kind, role or "feature")
    notes = _constant(look)
    if look.kind == "number" and _never_negative(look):
        column = replace(column, minimum=0.0)
        notes.append(f"Column {look.name!r} is never negative: its minimum is taken to be 0.")
    return column, notes


def _told_apart(columns: list[Column]) -> tuple[list[Column], list[str]]:
    """Ignore features whose names differ only by case from one that is kept: the table cannot hold both.

    A column with a role in the config goes first, then the one that stands first. Raises ContractError
    when two such columns have a role.
    """
    kept: dict[str, Column] = {}
    notes, dropped = [], set()
    for column in sorted(columns, key=lambda column: column.role == "feature"):
        if column.role == "ignored":
            continue
        first = kept.setdefault(column.name.lower(), column)
        if first is column:
            continue
        what = f"Column {column.name!r} differs from {first.name!r} only by case"
        if column.role != "feature":
            raise ContractError(f"{what}.", where="config", hint="Rename one: the table cannot hold both.")
        notes.append(f"{what}, and the table cannot hold both: it is ignored. Rename one to keep it.")
        dropped.add(column.name)
    apart = [
        Column(column.name, column.kind, "ignored", required=False) if column.name in dropped else column
        for column in columns
    ]
    return apart, notes


def _id_like(look: Look) -> str:
    """Say why a column looks like an identifier, or nothing."""
    present = look.present
    if len(present) < ENOUGH_FOR_IDS or look.kind == "date":
        return ""
    if len(present.unique()) < len(present):
        return ""
    if look.kind == "number":
        return _numbered(look.name, present.to_numpy(zero_copy_only=False))
    if look.kind == "text":
        return ""
    return f"Column {look.name!r} has another value in every row"


def _numbered(name: str, numbers: np.ndarray) -> str:
    """Recognise row numbers and numeric identifiers."""
    counting = np.arange(numbers.size)
    is_index = np.array_equal(numbers, counting) or np.array_equal(numbers, counting + 1)
    if is_index and (_INDEX_NAME.match(name) or _is_id_name(name)):
        return f"Column {name!r} is a row number"
    whole = bool(np.all(numbers == np.floor(numbers)))
    return f"Column {name!r} is another whole number in every row" if whole and _is_id_name(name) else ""


def _is_id_name(name: str) -> bool:
    """Say whether a name ends as those of identifiers do: id, customer_id, customerID, index."""
    return bool(_ID_TAIL.search(name) or _ID_NAME.search(name))


def _constant(look: Look) -> list[str]:
    """Note a column that says nothing."""
    present = look.present
    if len(present) == 0 or len(present.unique()) > 1:
        return []
    return [f"Column {look.name!r} has one value only: {present[0].as_py()}."]


def _never_negative(look: Look) -> bool:
    """Say whether enough values were seen to take zero as the lower limit."""
    lowest = pc.min(look.values).as_py()
    return len(look.present) >= ENOUGH_FOR_MINIMUM and lowest is not None and lowest >= 0


def _ask_time(columns: list[Column]) -> None:
    """Raise ContractError when the time column can be neither read as dates nor as numbers."""
    for column in columns:
        if column.role == "time" and column.kind not in {"date", "number"}:
            what = f"The time column {column.name!r} holds neither dates nor numbers."
            raise ContractError(what, where="config", hint="Dates may be written 2024-04-03 12:30.")


def _task(look: Look, task: Task | None) -> tuple[Task, list[str]]:
    """Decide what is predicted from the target's values; raises ContractError."""
    present = look.present
    distinct = len(present.unique())
    if distinct < 2:
        what = f"The target {look.name!r} has {'one value only' if distinct else 'no values'}."
        raise ContractError(what, where="first file", hint="The first file must show what differs.")
    guess = _guess(look, distinct)
    chosen = task or guess
    if chosen == "regression" and look.kind != "number":
        raise ContractError(f"The target {look.name!r} is not a number.", where="config", hint="Change task.")
    if chosen == "binary" and distinct != 2:
        what = f"The target {look.name!r} has {distinct} classes, and the task is binary."
        raise ContractError(what, where="config", hint="Set task to multiclass, or drop the setting.")
    if chosen == "multiclass" and distinct > MAX_CLASSES and task is None:
        what = f"The target {look.name!r} has {distinct} different values that are not numbers."
        raise ContractError(what, where="first file", hint="Set task to multiclass if that is meant.")
    return chosen, [] if task else [f"The task is taken to be {chosen}: {distinct} different targets."]


def _guess(look: Look, distinct: int) -> Task:
    """Guess the task: two values are classes, many numbers are a quantity."""
    if distinct == 2:
        return "binary"
    if look.kind != "number":
        return "multiclass"
    whole = pc.all(pc.equal(look.present, pc.floor(look.present))).as_py()
    return "multiclass" if whole and distinct <= MAX_CLASSES else "regression"


def _with_target(contract: Contract, labels: Any, positive: str | float | None, notes: list[str]) -> Contract:
    """Complete the target column, the classes and the positive class."""
    if positive is not None and contract.task != "binary":
        notes.append(f"'positive' is not used: the task is {contract.task}.")
    if contract.task == "regression":
        return _with(contract, replace(contract.target, kind="number"))
    entries = pc.value_counts(labels.drop_null()).to_pylist()
    counts = {entry["values"]: entry["counts"] for entry in entries}
    classes = tuple(sorted(counts))
    target = replace(contract.target, kind="category", minimum=None, levels=classes)
    chosen = _positive(classes, counts, positive, notes) if contract.task == "binary" else ""
    return replace(_with(contract, target), classes=classes, positive=chosen)


def _with(contract: Contract, changed: Column) -> Contract:
    """Put a changed column in the place of the one of its name."""
    columns = tuple(changed if column.name == changed.name else column for column in contract.columns)
    return replace(contract, columns=columns)


def _positive(
    classes: tuple[str, ...], counts: dict[str, int], wanted: str | float | None, notes: list[str]
) -> str:
    """Return the positive class: the configured one, else the rarer, of equals the last."""
    if wanted is None:
        rarer = min(reversed(classes), key=lambda label: counts[label])
        notes.append(f"The positive class is taken to be {rarer!r}, the rarer of the two.")
        return rarer
    label = cells.level(wanted)
    matching = [name for name in classes if name == label]
    matching = matching or [name for name in classes if label and name.lower() == label.lower()]
    if len(matching) != 1:
        what = f"The positive class {wanted!r} is not a class of the target."
        raise ContractError(what, where="config", hint=f"The classes are {', '.join(classes)}.")
    return matching[0]
