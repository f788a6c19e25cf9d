"""Exact sums of float64 values and of their squares, as whole numbers: the order cannot matter.

A float64 is a whole multiple of 2^-1074 and its square one of 2^-2148, so that both sums are whole
numbers in these units. They are taken apart on binary grids, in passes that are exact in float64
(Rump, Ogita, Oishi 2008, doi 10.1137/050645671); squares are first written as two float64 each
(Dekker 1971, doi 10.1007/BF01397083).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: The unit of a sum is 2 to the minus this; the unit of a sum of squares, to minus twice this.
UNIT = 1074
#: Values summed at a time: small enough for the cache, and for 2^GRID of them to stay exact.
BLOCK = 16_384

_GRID = 36
_SPLIT = 134_217_729.0
_HUGE, _TINY = 2.0**480, 2.0**-400


def moments(values: Floats) -> tuple[int, int]:
    """Return the sum of finite values in units of 2^-1074, and of their squares in 2^-2148."""
    total = squares = 0
    for start in range(0, len(values), BLOCK):
        for part, shift in _scaled(values[start : start + BLOCK]):
            high, low = _squared(part)
            total += _shifted(_exact(part), -shift)
            squares += _shifted((_exact(high) + _exact(low)) << UNIT, -2 * shift)
    return total, squares


def mean(total: int, count: int) -> float:
    """Return the mean, correctly rounded."""
    return total / (count << UNIT)


def deviation(total: int, squares: int, count: int) -> float:
    """Return the standard deviation (n − 1), from whole numbers: no cancellation however large the mean.

    ``count`` is at least 2. Infinite when it is beyond the range of a float64.
    """
    try:
        return _root(count * squares - total * total, (count * (count - 1)) << (2 * UNIT))
    except OverflowError:
        return math.inf


def _scaled(values: Floats) -> list[tuple[Floats, int]]:
    """Return the values in groups, each times a power of two that keeps its squares in range."""
    size = np.abs(values)
    huge = size >= _HUGE
    tiny = (size < _TINY) & (size > 0)
    if not huge.any() and not tiny.any():
        return [(values, 0)]
    normal = values[~huge & ~tiny]
    return [(normal, 0), (np.ldexp(values[huge], -560), -560), (np.ldexp(values[tiny], 600), 600)]


def _squared(values: Floats) -> tuple[Floats, Floats]:
    """Return the squares as two float64 each: the rounded square and what rounding left out."""
    scaled = values * _SPLIT
    high = scaled - (scaled - values)
    low = values - high
    square = values * values
    rest = high * high - square
    rest += 2.0 * high * low
    rest += low * low
    return square, rest


def _exact(values: Floats) -> int:
    """Return the sum in units of 2^-1074, from grids of `_GRID` bits, the coarsest first."""
    total = 0
    largest = float(np.abs(values).max(initial=0.0))
    place = math.frexp(largest)[1] - _GRID
    rest = values
    while largest > 0.0:
        place = max(place, -UNIT)
        anchor = math.ldexp(1.5, 52 + place)
        part = (rest + anchor) - anchor
        total += int(math.ldexp(float(part.sum()), -place)) << (place + UNIT)
        rest = rest - part
        largest = float(np.abs(rest).max(initial=0.0))
        place -= _GRID
    return total


def _shifted(number: int, bits: int) -> int:
    """Multiply by a power of two; to the right only zeros fall off."""
    return number << bits if bits >= 0 else number >> -bits


def _root(numerator: int, denominator: int) -> float:
    """Return the square root of a ratio of whole numbers, right to a float64's last bit or so."""
    if numerator <= 0:
        return 0.0
    missing = 140 - (numerator.bit_length() - denominator.bit_length())
    shift = max(0, missing + missing % 2)
    root = math.isqrt((numerator << shift) // denominator)
    return root / (1 << (shift // 2))
