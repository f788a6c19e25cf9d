"""The models that were considered, deployed, retired or held."""

from __future__ import annotations

from typing import Any

from vigil.errors import LedgerError
from vigil.ledger.schema import releases
from vigil.ledger.shelf import Row, Shelf, remembered


class Releases(Shelf):
    """One row for each trained bundle.

    ``state`` is ``candidate``, ``live``, ``retired`` or ``held`` (rolled back; never promoted again
    until a person lifts it). The pointer on disk says what is live; this says how it came about.
    """

    def add(self, release: str, **values: Any) -> None:
        """Write down a trained candidate, unless it is known."""
        base: Row = {"state": "candidate", "created": self.now(), "reference": {}, "level": None}
        self.put({"id": release}, {**base, "facts": {}, "reason": "", **values}, replace=False)

    @remembered
    def get(self, release: str) -> Row | None:
        """Return one release, or None."""
        return self.first(releases.c.id == release)

    def known(self, release: str) -> Row:
        """Return a release that has to be there. Raises LedgerError when it is not, as after a restore."""
        row = self.get(release)
        if row is None:
            what = f"the release {release} is live, and the ledger knows nothing of it."
            hint = (
                "If 'prod_deployment_path' is another project's folder, name one of its own. If the ledger "
                "was restored, restore the whole backup; or: python deployment.py --rollback"
            )
            raise LedgerError(what, where="ledger", hint=hint)
        return row

    def update(self, release: str, **values: Any) -> None:
        """Change what is known of a release."""
        self.change(values, releases.c.id == release)

    def make_live(self, release: str) -> None:
        """Mark one release as live and the one before it as retired."""
        self.change({"state": "retired"}, releases.c.state == "live", releases.c.id != release)
        self.change({"state": "live", "live_since": self.now()}, releases.c.id == release)

    def all(self) -> list[Row]:
        """Return every release, newest first."""
        return self.find(order=[releases.c.created.desc(), releases.c.id])

    @remembered
    def fitted(self, *, besides: str) -> list[Row]:
        """Return ``id`` and ``through`` of what is of another model type and not held, oldest first."""
        columns = [releases.c.id, releases.c.through]
        where = [releases.c.model != besides, releases.c.state != "held"]
        return self.find(*where, order=[releases.c.through, releases.c.id], columns=columns)

    def deployed(self) -> list[Row]:
        """Return the releases that were ever live, newest first."""
        return self.find(releases.c.live_since.is_not(None), order=[releases.c.live_since.desc()])
