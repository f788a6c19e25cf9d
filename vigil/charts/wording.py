"""How numbers, times and other people's names are written, on charts and on paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from vigil import figures
from vigil.charts.reading import number

NOTHING = "–"

#: Metrics whose names are initials; the others are plain words.
_INITIALS = {"f1", "auc", "mae", "rmse", "mse", "r2", "roc", "pr"}


def score(value: Any) -> str:
    """Write a metric's value as sentences have it, and a very large one as a power of ten."""
    found = number(value)
    if found is None:
        return NOTHING
    return figures.score(found).replace("-", "−") if abs(found) < 10 else figure(found)


def figure(value: Any) -> str:
    """Write any number with four significant digits, large and tiny ones as powers of ten."""
    found = number(value)
    if found is None:
        return NOTHING
    if found == int(found) and abs(found) < 1e7:
        return f"{int(found):,}".replace("-", "−")
    if abs(found) >= 1e7 or abs(found) < 1e-4:
        return _power(found)
    digits = max(0, 3 - _exponent(found))
    written = f"{found:,.{digits}f}".replace("-", "−")
    return written.rstrip("0").rstrip(".") if digits else written


def evidence(value: Any) -> str:
    """Write an e-value: beyond a million, how far beyond says no more."""
    found = number(value)
    return (
        "over a million" if found is not None and found > figures.MOST_EVIDENCE else figures.evidence(found)
    )


def count(value: Any) -> str:
    """Write how many."""
    found = number(value)
    return NOTHING if found is None else f"{round(found):,}"


def rounded(value: Any) -> str:
    """Write how many where there is little room: all digits up to 9,999, three of them above."""
    found = number(value)
    if found is None or abs(found) < 9_999.5:
        return count(value)
    for unit, size in (("k", 1e3), ("M", 1e6), ("G", 1e9)):
        if abs(found) < 999.5 * size:
            return f"{found / size:.3g} {unit}"
    return figure(value)


def percent(value: Any) -> str:
    """Write a share as a percentage; a share that is small but not zero does not read as zero."""
    found = number(value)
    if found is None:
        return NOTHING
    if 0 < found < 0.001:
        return "< 0.1 %"
    return f"{found * 100:.1f} %"


def level(value: Any) -> str:
    """Write a chosen level, such as a confidence: "95 %", "0.5 %"."""
    found = number(value)
    return NOTHING if found is None else f"{found * 100:.4g} %"


def often(column: Mapping[str, Any]) -> str:
    """Write the most frequent levels where they are too many to be counted: "x about 3.1 % [2.4, 3.9]".

    ``column`` is one of a summary. The first three are written; nothing when none is known.
    """
    whole, found = number(column.get("count")), column.get("most_frequent_about")
    if not whole or not isinstance(found, list):
        return ""
    written = []
    for level_, *rows in [one for one in found if isinstance(one, list) and len(one) == 4][:3]:
        about, least, most = (100 * (number(amount) or 0) / whole for amount in rows)
        limits = "" if least == most else f" [{least:.1f}, {most:.1f}]"
        written.append(f"{shorten(level_, 22)} {'about ' if limits else ''}{about:.1f} %{limits}")
    return ", ".join(written)


def seconds(value: Any) -> str:
    """Write a duration."""
    found = number(value)
    if found is None:
        return NOTHING
    if found < 1:
        return f"{found * 1000:.0f} ms"
    return f"{found:.1f} s" if found < 120 else f"{found / 60:.1f} min"


def interval(bounds: Any) -> str:
    """Write a pair of bounds: "0.712 to 0.768"; empty when it is not a pair of numbers."""
    low, high = bounds if isinstance(bounds, list | tuple) and len(bounds) == 2 else (None, None)
    if number(low) is None or number(high) is None:
        return ""
    return f"{score(low)} to {score(high)}"


def moment(value: Any) -> str:
    """Write an ISO time for a reader: "23 November 2026, 14:10 UTC"."""
    when = _parsed(value)
    return NOTHING if when is None else f"{when.day} {when:%B %Y}, {when:%H:%M} UTC"


def day(value: Any) -> str:
    """Write an ISO time briefly: "2026-11-23 14:10"."""
    when = _parsed(value)
    return NOTHING if when is None else f"{when:%Y-%m-%d %H:%M}"


def day_of(seconds: Any) -> str:
    """Write the day of a moment in seconds since 1970: "2026-11-23"; what no calendar has, as a number."""
    found = number(seconds)
    try:
        return NOTHING if found is None else f"{datetime(1970, 1, 1) + timedelta(seconds=found):%Y-%m-%d}"  # noqa: DTZ001
    except OverflowError:
        return figure(seconds)


def metric(value: Any) -> str:
    """Write a metric's name."""
    words = str(value or "score").split("_")
    return " ".join(word.upper() if word.lower() in _INITIALS else word for word in words)


def sentence(text: str) -> str:
    """Begin with a capital letter, and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def release(value: Any) -> str:
    """Write a release's id so that a person can compare it: its first eight characters."""
    return plain(value)[:8] if value else NOTHING


def plural(amount: Any, word: str, many: str = "") -> str:
    """Write an amount with its noun: "1 batch", "3 batches"."""
    return f"{count(amount)} {word if number(amount) == 1 else many or word + 's'}"


def shorten(value: Any, most: int) -> str:
    """Cut a name in its middle, since long names often differ at their ends only."""
    text = plain(value)
    if len(text) <= most:
        return text
    tail = max(1, most // 4) if most > 12 else 0
    return text[: most - 1 - tail] + "…" + (text[-tail:] if tail else "")


def quoted(value: Any) -> str:
    """Write a name inside a sentence: short, and so that its script does not turn the sentence round."""
    name = shorten(value, 40)
    return name if name.isascii() else f"\u2068{name}\u2069"


def plain(value: Any) -> str:
    """Write text that came from a file: one line, no control characters, no lone surrogates."""
    text = str(value)
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(letter) for letter in text)
    return " ".join(text.split())


def drawable(value: Any, most: int = 24) -> str:
    """Write a name for a chart: short, with the code of any letter that the chart's font lacks."""
    known = _letters()
    text = plain(value) or "(no name)"
    return shorten("".join(c if ord(c) in known else f"⟨U+{ord(c):04X}⟩" for c in text), most)


def font_folder() -> Path:
    """Return the folder of the fonts that come with matplotlib."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """Return the code points that the charts' font can draw."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font_folder() / "DejaVuSans.ttf")).get_charmap())


def _visible(letter: str) -> str:
    """Return a letter as it may be shown: blanks for controls, a code for half a letter."""
    category = unicodedata.category(letter)
    if category == "Cs":
        return f"⟨U+{ord(letter):04X}⟩"
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else "" if category == "Cf" else letter


def _exponent(value: float) -> int:
    """Return the power of ten of a number's first digit."""
    return int(f"{abs(value):.3e}".split("e")[1])


def _power(value: float) -> str:
    """Write a number as a power of ten."""
    mantissa, exponent = f"{value:.2e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}".replace("-", "−")


def _parsed(value: Any) -> datetime | None:
    """Read an ISO time, or None when it is none."""
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
