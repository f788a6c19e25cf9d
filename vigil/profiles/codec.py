"""A profile as JSON values and as canonical bytes.

JSON: exact sums are an odd part, in hexadecimal, and a power of two; the keys of a histogram are
written as steps from one to the next, of up to 64 bits. Bytes: the same values in a fixed
order, whole numbers in groups of seven bits (LEB128), strings and lists after their lengths.
"""

from __future__ import annotations

import functools
import itertools
import operator
import struct
from typing import TYPE_CHECKING, Any

from vigil.errors import VigilError
from vigil.profiles.histogram import Histogram
from vigil.profiles.levels import Levels
from vigil.profiles.pairs import Pairs
from vigil.profiles.sampled import Sample

if TYPE_CHECKING:
    from vigil.profiles.record import ColumnProfile, Numbers, Profile

#: Changes whenever the same rows would give other content.
FORMAT = 5
#: Formats that are read: that of 4 has no sample of rows, and is the same otherwise.
READABLE = (4, FORMAT)


def to_json(profile: Profile) -> dict[str, Any]:
    """Return a profile as plain JSON values."""
    columns = [_column_json(column) for column in profile.columns]
    return {
        "format": FORMAT,
        "rows": profile.rows,
        "columns": columns,
        "pairs": _pairs_json(profile.pairs),
        "sample": _sample_json(profile.sample),
    }


def from_json(content: dict[str, Any]) -> Profile:
    """Return the profile that `to_json` gave.

    Raises VigilError when the content is no profile, or one of a format that is no longer read.
    """
    from vigil.profiles.record import Profile

    if not isinstance(content, dict) or content.get("format") not in READABLE:
        raise VigilError("the profile has another format.", hint="It is made anew from the table.")
    try:
        columns = tuple(_column(item) for item in content["columns"])
        sample = Sample() if content["format"] < FORMAT else _sample(content["sample"])
        return Profile(int(content["rows"]), columns, _pairs(content["pairs"]), sample)
    except (LookupError, TypeError, ValueError) as error:
        hint = "It is made anew from the table."
        raise VigilError(f"the profile is damaged ({error}).", hint=hint) from error


def to_bytes(profile: Profile) -> bytes:
    """Return a profile's canonical bytes."""
    return b"VP" + _packed(to_json(profile))


def _column_json(column: ColumnProfile) -> dict[str, Any]:
    """Return one column as JSON values."""
    return {
        "name": column.name,
        "kind": column.kind,
        "rows": column.rows,
        "missing": column.missing,
        "numbers": None if column.numbers is None else _numbers_json(column.numbers),
        "levels": None if column.levels is None else _levels_json(column.levels),
    }


def _column(item: dict[str, Any]) -> ColumnProfile:
    """Return one column from JSON values."""
    from vigil.profiles.record import ColumnProfile

    return ColumnProfile(
        name=item["name"],
        kind=item["kind"],
        rows=item["rows"],
        missing=item["missing"],
        numbers=None if item["numbers"] is None else _numbers(item["numbers"]),
        levels=None if item["levels"] is None else _levels(item["levels"]),
    )


def _numbers_json(numbers: Numbers) -> dict[str, Any]:
    """Return values' summary as JSON values."""
    return {
        "count": numbers.count,
        "zeros": numbers.zeros,
        "negative": numbers.negative,
        "infinite": numbers.infinite,
        "total": _long_json(numbers.total),
        "squares": _long_json(numbers.squares),
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
        "histogram": _histogram_json(numbers.histogram),
        "sample": list(numbers.sample),
    }


def _numbers(item: dict[str, Any]) -> Numbers:
    """Return values' summary from JSON values."""
    from vigil.profiles.record import Numbers

    ends = [None if item[name] is None else float(item[name]) for name in ("minimum", "maximum")]
    return Numbers(
        count=item["count"],
        zeros=item["zeros"],
        negative=item["negative"],
        infinite=item["infinite"],
        total=_long(item["total"]),
        squares=_long(item["squares"]),
        minimum=ends[0],
        maximum=ends[1],
        histogram=_histogram(item["histogram"]),
        sample=tuple(item["sample"]),
    )


def _histogram_json(histogram: Histogram) -> dict[str, Any]:
    """Return a histogram as JSON values."""
    keys = histogram.keys
    steps = [key - before for before, key in zip((0, *keys), keys, strict=False)]
    shift = _zeros(functools.reduce(operator.or_, steps, 0))
    return {
        "scale": histogram.scale,
        "level": histogram.level,
        "shift": shift,
        "steps": [step >> shift for step in steps],
        "counts": list(histogram.counts),
        "grain": histogram.grain,
    }


def _histogram(item: dict[str, Any]) -> Histogram:
    """Return a histogram from JSON values."""
    keys = tuple(itertools.accumulate(step << item["shift"] for step in item["steps"]))
    return Histogram(item["scale"], item["level"], keys, tuple(item["counts"]), item["grain"])


def _levels_json(levels: Levels) -> dict[str, Any]:
    """Return levels as JSON values."""
    return {
        "counts": [[level, count] for level, count in levels.counts],
        "buckets": list(levels.buckets),
        "registers": levels.registers.hex(),
    }


def _levels(item: dict[str, Any]) -> Levels:
    """Return levels from JSON values."""
    counts = tuple((level, count) for level, count in item["counts"])
    return Levels(counts, tuple(item["buckets"]), bytes.fromhex(item["registers"]))


def _pairs_json(pairs: Pairs) -> dict[str, Any]:
    """Return the tables of pairs as JSON values."""
    cuts = [[name, list(cut)] for name, cut in pairs.cuts]
    return {"cuts": cuts, "counts": [list(counts) for counts in pairs.counts]}


def _pairs(item: dict[str, Any]) -> Pairs:
    """Return the tables of pairs from JSON values."""
    cuts = tuple((name, tuple(float(one) for one in cut)) for name, cut in item["cuts"])
    return Pairs(cuts, tuple(map(tuple, item["counts"])))


def _sample_json(sample: Sample) -> dict[str, Any]:
    """Return a sample of rows as JSON values: steps from hash to hash, and each column's cells as codes."""
    steps = [word - before for before, word in zip((0, *sample.hashes), sample.hashes, strict=False)]
    columns = []
    for name, cells in sample.cells:
        known = sorted({cell for cell in cells if cell is not None})
        codes = {None: 0} | {level: code for code, level in enumerate(known, 1)}
        columns.append({"name": name, "levels": known, "codes": [codes[cell] for cell in cells]})
    return {"steps": steps, "columns": columns}


def _sample(item: dict[str, Any]) -> Sample:
    """Return a sample of rows from JSON values."""
    cells = []
    for column in item["columns"]:
        known = (None, *column["levels"])
        cells.append((column["name"], tuple(known[code] for code in column["codes"])))
    return Sample(tuple(itertools.accumulate(item["steps"])), tuple(cells))


def _long_json(number: int) -> list[Any]:
    """Return a long whole number as its odd part, in hexadecimal, and its power of two."""
    zeros = _zeros(number)
    return [f"{number >> zeros:x}", zeros]


def _zeros(number: int) -> int:
    """Return the number of low bits that are zero."""
    return (number & -number).bit_length() - 1 if number else 0


def _long(item: list[Any]) -> int:
    """Return a long whole number from its parts."""
    return int(item[0], 16) << int(item[1])


def _packed(value: Any) -> bytes:
    """Return the bytes of a JSON value; the names in objects are left out, their order is fixed."""
    if value is None:
        return b"\0"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"\1" + struct.pack("<d", value)
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return _integer(len(text)) + text
    items = list(value.values()) if isinstance(value, dict) else value
    return _integer(len(items)) + b"".join(map(_packed, items))


def _integer(number: int) -> bytes:
    """Return a whole number in groups of seven bits, the sign in the lowest bit."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
    groups = bytearray()
    while rest > 127:
        groups.append(rest & 127 | 128)
        rest >>= 7
    groups.append(rest)
    return bytes(groups)
