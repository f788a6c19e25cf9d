"""What a release should not be trusted with, in sentences that follow from its card."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import number
from vigil.config import Config

#: A level with fewer rows in training than this was hardly learnt.
RARE = 20
_NAMED = 4


def of(card: dict[str, Any], config: Config, *, has_key: bool) -> list[str]:
    """Return the limits of a release; ``has_key`` says that the contract knows whom a row is about."""
    told = [
        _ranges(card),
        _rare(card),
        _texts(card),
        _unseen(card),
        _untested(card),
        _level(card, config),
        _rows(config, has_key=has_key),
    ]
    told += [_new(card), _fairness(config)]
    return [words for words in told if words]


def _ranges(card: dict[str, Any]) -> str:
    """Say that numbers beyond those of the training are guesses."""
    if not any(number(feature["minimum"]) is not None for feature in card["features"]):
        return ""
    return (
        "Numbers outside the ranges under Features were not in its training; answers about them are guesses."
    )


def _rare(card: dict[str, Any]) -> str:
    """Name levels that were hardly seen; other levels were never seen."""
    levelled = [feature for feature in card["features"] if feature["kind"] == "category"]
    if not levelled:
        return ""
    rare = [
        f"{feature['name']} {pair[0]}"
        for feature in levelled
        for pair in feature["most_frequent"] or []
        if pair[1] < RARE
    ]
    named = f" Hardly seen (fewer than {RARE} rows): {_listed(rare)}." if rare else ""
    return f"A level that was not in its training counts as no known level.{named}"


def _texts(card: dict[str, Any]) -> str:
    """Say what is known of texts."""
    texts = [feature["name"] for feature in card["features"] if feature["kind"] == "text"]
    return f"Of texts it knows only words that were common in training: {_listed(texts)}." if texts else ""


def _unseen(card: dict[str, Any]) -> str:
    """Say what the held-out rows are."""
    whom, share = card["data"]["identity"], number(card["data"]["holdout"])
    if share is None:
        return ""
    of = (
        f"all rows of {wording.level(share)} of {_listed(whom)}"
        if whom
        else f"{wording.level(share)} of rows"
    )
    return (
        f"Its score is of held-out rows ({of}), of the same time as its training rows: the future may differ."
    )


def _untested(card: dict[str, Any]) -> str:
    """Name classes that no held-out row has: the score says nothing about them."""
    details = card["details"]
    counts = zip(details.get("labels") or [], details.get("confusion") or [], strict=False)
    absent = [label for label, answers in counts if not sum(answers)]
    if not absent:
        return ""
    return f"No held-out row is of {_listed(absent)}: its score says nothing about that."


def _level(card: dict[str, Any], config: Config) -> str:
    """Say from where on a drop is an alarm."""
    if number(card["level"]) is None:
        return "Too little was held out to say from where on it would count as worse."
    return (
        f"A lasting {'fall below' if card['higher_is_better'] else 'rise above'} "
        f"{wording.score(card['level'])} raises an alarm; the probability of ever raising a false one is "
        f"{wording.level(config.false_alarm)} at most."
    )


def _rows(config: Config, *, has_key: bool) -> str:
    """Say what is assumed of rows."""
    if not has_key:
        return "Rows are taken to be independent of each other; no key says which are about the same."
    return {
        "ignore": "Rows of one key are taken to be independent of each other.",
        "largest": "Rows of one key may hang together in any way; evidence counts keys.",
    }.get(
        config.recurring,
        "Rows of one key hang together; evidence is divided by how much: its error rate is approximate.",
    )


def _new(card: dict[str, Any]) -> str:
    """Say when it has met nothing yet."""
    return "" if card["met"]["batches"] else "It has met no batch with labels yet."


def _fairness(config: Config) -> str:
    """Say when nobody asked for groups to be compared."""
    if config.sensitive:
        return ""
    return "No column is named as sensitive, so that no group was compared with another for fairness."


def _listed(names: list[str]) -> str:
    """Name a few, and count the others."""
    shown = ", ".join(wording.shorten(name, 40) for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
