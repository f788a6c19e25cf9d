"""From the rows of a request to the words of its answers, by one release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from vigil.contract.rows import Warnings
from vigil.models.answer import Answerer
from vigil.serving import Compiled, Prediction
from vigil.serving.coded import Columns, array
from vigil.web.bodies import Rows
from vigil.web.live import Loaded


@dataclass(frozen=True, slots=True)
class Typed:
    """A request's rows as a model takes them, with what is unusual; one row alone as plain cells."""

    columns: Columns
    warnings: Warnings
    alone: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to n rows: as codes or values, with their probabilities, and as JSON.

    The i-th answer's JSON is the i-th piece of each of ``pieces``, one after the other.
    """

    pieces: Sequence[list[bytes]]
    outcome: list[Any]
    probability: list[float] | None

    def words(self) -> list[bytes]:
        """Return each answer's JSON."""
        return [b"".join(pieces) for pieces in zip(*self.pieces, strict=True)]

    def joined(self) -> bytes:
        """Return all of them with commas between; one join for all rows, as one for each costs more."""
        step = len(self.pieces) + 1
        every = [b","] * (step * len(self.outcome))
        for place, pieces in enumerate(self.pieces):
            every[place::step] = pieces
        return b"".join(every[:-1])


def typed_rows(loaded: Loaded, given: Rows) -> Typed:
    """Type the rows of one request, in their order."""
    if given.rows is None:
        return Typed(*loaded.reader.columns(given.columns))
    if given.count == 1 and isinstance(loaded.answerer, Compiled):
        row, said = loaded.reader.one(given.rows[0])
        return Typed({}, {0: said}, row)
    return Typed(*loaded.reader.rows(given.rows))


def asked(loaded: Loaded, typed: Typed) -> Answers:
    """Ask the model."""
    model = loaded.answerer
    if typed.alone is not None and isinstance(model, Compiled):
        outcome, probability = model.predict_one(typed.alone)
        said = _said(outcome, probability, model.classes, typed.warnings[0])
        found = [said["probability"]] if model.classes else None
        return Answers([[msgspec.json.encode(said)]], [outcome], found)
    if not any(map(len, typed.columns.values())):
        return Answers([], [], None)
    prediction = _predicted(model, typed.columns)
    if prediction.probability is not None and prediction.probability.ndim == 2:
        return _spelled_out(prediction, model.classes, typed.warnings)
    return _in_bulk(prediction, model.classes, typed.warnings)


def _predicted(model: Answerer, columns: Columns) -> Prediction:
    """Ask the model for many rows; a pipeline takes arrays alone."""
    if isinstance(model, Compiled):
        return model.predict(columns)
    return model.predict({name: array(cells) for name, cells in columns.items()})


def _in_bulk(prediction: Prediction, classes: tuple[str, ...], warnings: Warnings) -> Answers:
    """Word labels with the positive class's probability, or values: one piece of text for each row.

    An object for each row would cost more than the model.
    """
    outcomes = prediction.outcome.tolist()
    found = None if prediction.probability is None else prediction.probability.tolist()
    figures = msgspec.json.encode(outcomes if found is None else found)[1:-1].split(b",")
    heads = [b'{"value":'] * len(outcomes)
    if found is not None:
        labels = [b'{"label":%b,"probability":' % msgspec.json.encode(label) for label in classes]
        heads = list(map(labels.__getitem__, outcomes))
    ends = [b',"warnings":[]}'] * len(outcomes)
    for place, said in warnings.items():
        ends[place] = b',"warnings":%b}' % msgspec.json.encode(said)
    return Answers((heads, figures, ends), outcomes, found)


def _spelled_out(prediction: Prediction, classes: tuple[str, ...], warnings: Warnings) -> Answers:
    """Word one of several classes with the probability of each."""
    outcomes = prediction.outcome.tolist()
    assert prediction.probability is not None  # noqa: S101  (there are classes)
    rows = enumerate(zip(outcomes, prediction.probability.tolist(), strict=True))
    said = [_said(outcome, each, classes, warnings.get(place, [])) for place, (outcome, each) in rows]
    return Answers(
        [[msgspec.json.encode(one) for one in said]], outcomes, [one["probability"] for one in said]
    )


def _said(outcome: Any, probability: Any, classes: tuple[str, ...], warnings: list[str]) -> dict[str, Any]:
    """Word one answer.

    ``probability`` is that of the positive class for two classes, and that of the label for more,
    where ``probabilities`` lists all.
    """
    if probability is None:
        return {"value": outcome, "warnings": warnings}
    label = classes[outcome]
    if isinstance(probability, float):
        return {"label": label, "probability": probability, "warnings": warnings}
    each = dict(zip(classes, probability, strict=True))
    return {"label": label, "probability": each[label], "probabilities": each, "warnings": warnings}
