"""Every file here is an endpoint or page, found by its name.

It holds ``blueprint(service) -> Routes`` and reads what ticks have written; no GET writes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vigil import plugins

if TYPE_CHECKING:
    from vigil.web.routes import Routes
    from vigil.web.service import Service


def names() -> tuple[str, ...]:
    """Return the endpoints' names in alphabetical order."""
    return plugins.names(__path__)


def blueprints(service: Service) -> Iterator[Routes]:
    """Build every endpoint for one service."""
    for name in names():
        yield importlib.import_module(f"{__name__}.{name}").blueprint(service)
