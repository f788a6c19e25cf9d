"""A blueprint whose routes say what they take, what they answer, and who may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flask import Blueprint

from vigil.web.shapes import Shape

View = TypeVar("View", bound=Callable[..., Any])

#: What a request needs: nothing; any valid token; or a token of a role (an admin's does for all).
Need = Literal["public", "any", "read", "predict", "admin"]

JSON = "application/json"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Description:
    """One operation: ``answer`` is the shape of a success, ``produces`` the types it may come in.

    ``responses`` are the statuses with a meaning of their own; those that any route may give are
    added in the description of the whole.
    """

    summary: str
    description: str
    responses: Mapping[int, str]
    answer: Shape | None
    example: Any
    query: Mapping[str, Shape]
    body: Mapping[str, Any] | None
    need: Need | None
    produces: Sequence[str]


class Routes(Blueprint):
    """A Flask blueprint whose views carry a description."""

    def doc(
        self,
        *,
        summary: str,
        responses: Mapping[int, str],
        description: str = "",
        answer: Shape | None = None,
        example: Any = None,
        query: Mapping[str, Shape] | None = None,
        body: Mapping[str, Any] | None = None,
        need: Need | None = None,
        produces: Sequence[str] = (JSON,),
    ) -> Callable[[View], View]:
        """Describe the view below; without a `need`, a GET needs ``read`` and anything else ``admin``."""
        said = Description(
            summary, description, responses, answer, example, query or {}, body, need, tuple(produces)
        )

        def describe(view: View) -> View:
            view.__dict__["described"] = said
            return view

        return describe


def description(view: Callable[..., Any]) -> Description | None:
    """Return what a view says of itself, None when it says nothing."""
    found: Description | None = view.__dict__.get("described")
    return found


def need(view: Callable[..., Any] | None, method: str) -> Need:
    """Return what a request to a view needs; what says nothing, or is nothing, needs the most."""
    said = description(view) if view else None
    if said is not None and said.need is not None:
        return said.need
    return "read" if method in ("GET", "HEAD", "OPTIONS") else "admin"
