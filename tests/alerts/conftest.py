"""What the tests of messages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts import receivers


@pytest.fixture
def server() -> Iterator[receivers.Web]:
    """A web server on this machine."""
    with receivers.web() as running:
        yield running
