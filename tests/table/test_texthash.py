"""Hashes of strings: as written down, whatever the layout, and far apart for near strings."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.table import texthash

WHOLE = (1 << 64) - 1
ADD = 0x9E3779B97F4A7C15
STARTS = (0x6A09E667F3BCC908, 0xBB67AE8584CAA73B)
LENGTHS = (0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1)

GOLDEN = {
    "": ["f7cadd881990cf7e", "2e5ad30e37ddbd57"],
    "a": ["179455a5836c104e", "c7beea67238ea628"],
    "eight by": ["7387c7c5cc6ff6ba", "b65ba822d654a29c"],
    "nine byte": ["a2d8d969ddab1bd3", "0d62d355b5736551"],
    "ü": ["36dc4d63c79caf9e", "49495a12c66a4c81"],
    "x" * 100: ["92399a4a70258e06", "8f2c19d537b4fb04"],
}


def splitmix(word: int) -> int:
    """Mix by SplitMix64, a number at a time."""
    word = (word + ADD) & WHOLE
    word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & WHOLE
    word = ((word ^ word >> 27) * 0x94D049BB133111EB) & WHOLE
    return word ^ word >> 31


def murmur(word: int) -> int:
    """Mix by MurmurHash3's finaliser, a number at a time."""
    word = ((word ^ word >> 33) * 0xFF51AFD7ED558CCD) & WHOLE
    word = ((word ^ word >> 33) * 0xC4CEB9FE1A85EC53) & WHOLE
    return word ^ word >> 33


def defined(text: bytes) -> list[int]:
    """Hash one string as the definition says, word by word."""
    found = []
    for mix, start, length in zip((splitmix, murmur), STARTS, LENGTHS, strict=True):
        words = [int.from_bytes(text[place : place + 8], "little") for place in range(0, len(text) or 1, 8)]
        total = sum(mix((word + splitmix((start + j * ADD) & WHOLE)) & WHOLE) for j, word in enumerate(words))
        found.append(mix((total ^ len(text) * length) & WHOLE))
    return found


def test_golden_values() -> None:
    """These hashes stand in tables and profiles; they may never change."""
    found = texthash.of_texts(list(GOLDEN)).T
    assert [[f"{word:016x}" for word in row] for row in found] == list(GOLDEN.values())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(0, 30))
def test_a_column_at_once_gives_what_is_defined(texts: list[bytes], cut: int) -> None:
    """All strings of a column at once, from any offset on, have the hashes of each by itself."""
    column = pa.array(texts, pa.binary())
    expected = np.array([defined(text) for text in texts], np.uint64).reshape(-1, 2).T
    assert (texthash.of_array(column) == expected).all()
    assert (texthash.of_array(column.slice(cut)) == expected[:, cut:]).all()


@pytest.mark.parametrize("block", [1, 2, 3, 7])
def test_where_the_work_is_cut_does_not_matter(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A string whose words are mixed in several parts has the same hash."""
    dice = np.random.default_rng(block)
    texts = [dice.bytes(int(size)) for size in dice.integers(0, 60, 50)]
    whole = texthash.of_array(pa.array(texts))
    monkeypatch.setattr(texthash, "BLOCK", block)
    assert (texthash.of_array(pa.array(texts)) == whole).all()
    assert whole.T.tolist() == [defined(text) for text in texts]


def test_a_long_string_is_hashed_in_parts() -> None:
    """A cell of 10⁶ letters beside short ones has the hash that is defined."""
    long = b"abcdefgh" * 125_000
    found = texthash.of_array(pa.array([b"x", long, b"y"])).T.tolist()
    assert found == [defined(b"x"), defined(long), defined(b"y")]


def near(dice: np.random.Generator) -> list[bytes]:
    """Return strings that a weak hash takes for each other."""
    texts = [bytes(count) for count in range(70)]
    texts += [b"a" * count for count in range(1, 70)] + [b"a" + bytes(count) for count in range(1, 40)]
    blocks = [dice.bytes(8) for _ in range(6)]
    texts += [b"".join(order) for order in itertools.permutations(blocks)]
    texts += [bytes(place) + b"\1" + bytes(60 - place) for place in range(61)]
    halves = [dice.bytes(16) for _ in range(40)]
    texts += [first + second for first in halves for second in halves]
    step = ADD.to_bytes(8, "little")
    texts += [step + bytes(8), bytes(8) + step, step + step, step]
    return list(dict.fromkeys(texts))


def test_near_strings_have_unlike_words() -> None:
    """Zeros at the end, beginnings, permuted blocks, swapped halves: no two share even one of their words."""
    texts = near(np.random.default_rng(5))
    for word in texthash.of_array(pa.array(texts, pa.binary())):
        assert len(np.unique(word)) == len(texts)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 40])
def test_each_bit_turns_half_of_the_bits(size: int) -> None:
    """One bit more or less, anywhere in a string, turns each bit of both words in half of all strings."""
    dice = np.random.default_rng(size)
    texts = dice.integers(0, 256, (4000, size), dtype=np.uint8)
    whole = texthash.of_array(pa.array([row.tobytes() for row in texts]))
    for bit in dice.permutation(8 * size)[:12]:
        other = texts.copy()
        other[:, bit // 8] ^= np.uint8(1 << bit % 8)
        turned = whole ^ texthash.of_array(pa.array([row.tobytes() for row in other]))
        for word in turned:
            shares = ((word[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
            # 64 bits, 2 words, up to 12 places: beyond 5.5 standard errors is chance once in 10⁴ runs.
            # A byte has 128 pairs of values that differ in one bit.
            assert np.abs(shares - 0.5).max() < 5.5 * 0.5 / np.sqrt(4000 if size > 1 else 128)


@pytest.mark.parametrize("form", ["{}", "customer-{:010d}", "{0}-{0}", "2024-01-01 {:06d}"])
def test_counted_names_are_spread_evenly(form: str) -> None:
    """Numbered names fill buckets by the high, the low and the middle bits as chance does."""
    words = texthash.of_texts([form.format(number) for number in range(200_000)])
    for word in words:
        assert len(np.unique(word)) == 200_000
        for shift in (0, 27, 56):
            counts = np.bincount(
                ((word >> np.uint64(shift)) & np.uint64(255)).astype(np.int64), minlength=256
            )
            squares = ((counts - 200_000 / 256) ** 2 / (200_000 / 256)).sum()
            assert 140 < squares < 390  # chi-squared of 255 degrees: 5 standard deviations


def test_the_two_words_do_not_go_together() -> None:
    """Strings that share the top bits of one word share those of the other no more often than by chance."""
    words = texthash.of_texts([f"id-{number}" for number in range(300_000)])
    tops = (words >> np.uint64(58)).astype(np.int64)
    table = np.bincount(tops[0] * 64 + tops[1], minlength=4096)
    squares = ((table - 300_000 / 4096) ** 2 / (300_000 / 4096)).sum()
    assert 4095 - 5 * 90.5 < squares < 4095 + 5 * 90.5
