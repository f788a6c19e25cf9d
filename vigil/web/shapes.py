"""Words for the shapes of answers, in JSON Schema."""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "number"}
WHOLE: Shape = {"type": "integer"}
FLAG: Shape = {"type": "boolean"}
ANYTHING: Shape = {}
TIME: Shape = {"type": "string", "format": "date-time"}

#: A run's number in a query string or a path.
RUN: Shape = {"type": "integer", "minimum": 1, "maximum": 2**31 - 2}


def maybe(shape: Shape) -> Shape:
    """Return a shape that may be null as well."""
    return {"anyOf": [shape, {"type": "null"}]}


def listed(shape: Shape) -> Shape:
    """Return a list of one shape."""
    return {"type": "array", "items": shape}


def by_name(shape: Shape) -> Shape:
    """Return an object whose values have one shape."""
    return {"type": "object", "additionalProperties": shape}


def record(**fields: Shape) -> Shape:
    """Return an object with these fields, all of them there; others may be added in later versions."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def choice(*values: str) -> Shape:
    """Return one of a few texts."""
    return {"type": "string", "enum": list(values)}


def counted(most: int) -> Shape:
    """Return a whole number from 1 to `most`."""
    return {"type": "integer", "minimum": 1, "maximum": most}
