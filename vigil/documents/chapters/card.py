"""The model card: purpose, data, settings, how good, where, limits, what was decided about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, number, rows
from vigil.documents.chapters import slices
from vigil.documents.content import Block, Charts, Facts, Table, chapter, more, section, text

_MOST_FEATURES = 20
_MOST_PARAMS = 18
_MOST_DECISIONS = 12


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the live release's card as a chapter of a report, without what other chapters show."""
    found = returns.get("card")
    if not isinstance(found, dict):
        return []
    parts = (_purpose, _data, _settings, _features, _good, _limits)
    return [chapter("Model card"), *(block for part in parts for block in part(found))]


def whole(card: dict[str, Any]) -> list[Block]:
    """Return a card that stands alone."""
    groups = slices.story({"diagnostics": {"slices": card.get("slices")}})
    parts = (_purpose, _data, _settings, _features, _good, _errs)
    told = [block for part in parts for block in part(card)]
    return [*told, *([section("By group")] if groups else []), *groups, *_limits(card), *_history(card)]


def drawn_from(card: dict[str, Any]) -> dict[str, Any]:
    """Return answers of which the card's charts are drawn: the held-out rows."""
    kept = {key: card.get(key) for key in ("task", "metric", "higher_is_better", "release", "details")}
    return {"project": card.get("project"), "scoring": {**kept, "details_of": "holdout"}}


def _purpose(card: dict[str, Any]) -> list[Block]:
    """Say what the release is for."""
    live = card.get("live_since")
    state = str(card.get("state") or "")
    if state == "live" or live:
        state += f"{' since' if state == 'live' else ', live from'} {wording.day(live)}"
    pairs = [
        ("Release", wording.shorten(card.get("release") or "", 16)),
        ("Model type", wording.shorten(card.get("model") or "", 30)),
        ("State", state),
        ("Trained", wording.day(card.get("created"))),
        ("Predicts", wording.shorten(card.get("target") or "", 40)),
        ("Task", str(card.get("task") or wording.NOTHING)),
    ]
    classes = [wording.shorten(name, 24) for name in card.get("classes") or []]
    if classes:
        pairs.append(("Classes", ", ".join(classes[:6]) + (" …" if len(classes) > 6 else "")))
    if card.get("positive"):
        pairs.append(("Positive class", wording.shorten(card["positive"], 24)))
    purpose = card.get("purpose") or "No purpose is stated; the config's setting for it is empty."
    return [section("Purpose"), text(purpose), Facts(pairs, 2)]


def _data(card: dict[str, Any]) -> list[Block]:
    """Say what it was trained on."""
    data = card.get("data")
    files = rows(data, "files")
    lines = [
        [
            wording.shorten(file.get("name") or "", 40),
            wording.count(file.get("rows")),
            wording.day(file.get("ingested")),
            wording.shorten(file.get("sha256") or "", 70),
        ]
        for file in files
    ]
    amount = (
        f"{wording.plural(at(data, 'rows'), 'row')} of {wording.plural(at(data, 'files_in_all'), 'file')}"
    )
    window = wording.shorten(at(data, "window") or "all history", 60)
    words = f"{amount} ({window}), valid by version {wording.count(at(data, 'contract'))} of the contract."
    return [
        section("Training data"),
        text(words),
        *([Table(("File", "Rows", "Taken in", "SHA-256"), lines, (24, 10, 20, 46), "lrll")] if lines else []),
        *more(len(lines), int(number(at(data, "files_in_all")) or 0), "files in the bundle's manifest"),
    ]


def _settings(card: dict[str, Any]) -> list[Block]:
    """Return how it was fitted."""
    settings = card.get("settings")
    params = at(settings, "params") or {}
    pairs = [
        (wording.shorten(key, 30), wording.shorten(_value(value), 40))
        for key, value in list(_flat(params))[:_MOST_PARAMS]
    ]
    pairs += [
        ("threshold", wording.score(at(settings, "threshold"))),
        ("calibration", str(at(settings, "calibration") or "none")),
        ("seed", wording.count(at(settings, "seed"))),
    ]
    versions = at(settings, "versions") or {}
    made = ", ".join(f"{wording.shorten(name, 20)} {wording.shorten(v, 20)}" for name, v in versions.items())
    note = [text(f"Made with {made}.", "note")] if made else []
    return [section("Settings"), Facts(pairs), *note]


def _flat(params: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the settings one by one, also those that hold several by name, as the weights of a vote."""
    for key, value in params.items():
        if isinstance(value, dict):
            yield from ((f"{key}: {name}", one) for name, one in value.items())
        else:
            yield key, value


def _features(card: dict[str, Any]) -> list[Block]:
    """Return what was seen of each feature."""
    found = rows(card, "features")
    lines = [
        [
            wording.shorten(feature.get("name") or "", 40),
            str(feature.get("kind") or ""),
            wording.percent(feature.get("missing_share")),
            _seen(feature),
        ]
        for feature in found[:_MOST_FEATURES]
    ]
    if not lines:
        return []
    heads = ("Feature", "Kind", "Missing", "Seen in training")
    shown = Table(heads, lines, (30, 14, 12, 44), "llrl")
    return [section("Features"), shown, *more(len(lines), len(found), "features")]


def _seen(feature: dict[str, Any]) -> str:
    """Write the range of numbers, or the most frequent levels."""
    low, high = number(feature.get("minimum")), number(feature.get("maximum"))
    if low is not None and high is not None and feature.get("kind") == "number":
        return (
            f"{wording.figure(low)} to {wording.figure(high)}, median {wording.figure(feature.get('median'))}"
        )
    if low is not None and high is not None and feature.get("kind") == "date":
        return f"{wording.day_of(low)} to {wording.day_of(high)}"
    levels = [
        pair for pair in feature.get("most_frequent") or [] if isinstance(pair, list) and len(pair) == 2
    ]
    named = ", ".join(f"{wording.shorten(level, 20)} ({wording.count(times)})" for level, times in levels[:4])
    distinct = number(feature.get("distinct"))
    named = named or wording.often(feature)
    return named or (f"{wording.count(distinct)} different" if distinct is not None else wording.NOTHING)


def _good(card: dict[str, Any]) -> list[Block]:
    """Say how good it is on held-out rows, and how it did since."""
    metric = wording.sentence(wording.metric(card.get("metric")))
    reference, met = card.get("reference"), card.get("met")
    if number(at(reference, "score")) is None:
        return [section("How good"), text("It was never live, so that its score was not taken down.")]
    bounds = wording.interval(at(reference, "interval"))
    held = wording.plural(at(reference, "rows"), "held-out row")
    words = f"{metric} {wording.score(at(reference, 'score'))} on {held}" + (
        f" (95 % interval {bounds})" if bounds else ""
    )
    words += f"; a trivial model has {wording.score(at(reference, 'baseline'))}."
    count = number(at(met, "batches"))
    since = (
        f" On {wording.plural(count, 'batch', 'batches')} since, {wording.score(at(met, 'lowest'))} to "
        f"{wording.score(at(met, 'highest'))}; the latest {wording.score(at(met, 'latest'))}, "
        f"{at(met, 'verdict')}."
        if count
        else ""
    )
    return [section("How good"), text(words + since)]


def _errs(card: dict[str, Any]) -> list[Block]:
    """Return the charts of the held-out rows that the task has."""
    details = card.get("details")
    names = [name for name in ("confusion", "calibration", "residuals") if at(details, name)]
    return [section("On held-out rows"), Charts(names)] if names else []


def _limits(card: dict[str, Any]) -> list[Block]:
    """Return what it should not be trusted with."""
    limits = card.get("limits") or []
    return [section("Limits"), *(text(f"• {words}", "item") for words in limits)] if limits else []


def _history(card: dict[str, Any]) -> list[Block]:
    """Return what was decided about it."""
    found = rows(card, "history")
    if not found:
        return []
    lines = [
        [
            wording.day(row.get("at")),
            wording.count(row.get("run")),
            f"{row.get('kind')}: {row.get('outcome')}",
            wording.shorten(row.get("reason") or "", 240),
        ]
        for row in found[-_MOST_DECISIONS:]
    ]
    heads = ("When", "Run", "Decision", "Why")
    shown = Table(heads, lines, (18, 7, 15, 60), "lrll")
    return [section("What was decided about it"), shown, *more(len(lines), len(found), "earlier decisions")]


def _value(value: Any) -> str:
    """Write a setting."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return wording.figure(value) if number(value) is not None else str(value)
