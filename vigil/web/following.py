"""A service on another machine than the ticks: it fetches what they leave in object storage."""

from __future__ import annotations

import logging
import threading

from vigil.bundles import pointer
from vigil.errors import StorageError
from vigil.project import Project

_log = logging.getLogger(__name__)

#: Seconds from one look into object storage to the next: one request for each thousand files there.
EVERY = 15.0


class Following:
    """Looks every few seconds what is new, unless a run is at work here: then there is nothing to fetch."""

    def __init__(self, project: Project, every: float = EVERY) -> None:
        self._project = project
        self._every = every
        self._stopped = threading.Event()

    def start(self) -> None:
        """Fetch what there is, and go on looking. Without object storage there is nothing to do.

        Raises StorageError when it cannot be used and no release is here to answer with meanwhile.
        """
        if self._project.config.storage is None:
            return
        try:
            self._project.refresh()
        except StorageError as error:
            if pointer.read(self._project.production) is None:
                raise
            _log.warning("storage: %s", error)
        threading.Thread(target=self._go_on, daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _go_on(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                self._project.refresh()
            except (StorageError, OSError) as error:
                _log.warning("storage: %s", error)
