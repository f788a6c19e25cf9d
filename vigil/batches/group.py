"""Accepted files that wait to be committed together: one commit costs as much for many as for one."""

from __future__ import annotations

from collections.abc import Callable

from vigil.batches.arrival import Accepted, Arrival
from vigil.batches.commit import Committer
from vigil.profiles import Cuts
from vigil.records import Contract


class Group:
    """The files that wait; what became of each goes to ``arrivals``.

    They are committed when they have ``most`` rows, when they are asked about (`History`), and at `commit`.
    """

    def __init__(
        self,
        committer: Committer,
        contract: Callable[[], Contract],
        arrivals: list[Arrival],
        *,
        run: int,
        most: int,
    ) -> None:
        self._committer = committer
        self._contract = contract
        self._arrivals = arrivals
        self._run = run
        self._most = most
        self._rows = 0
        self.files: list[Accepted] = []
        committer.history.settle = self.commit

    def add(self, item: Accepted) -> None:
        """Let a file wait with the others."""
        self.files.append(item)
        self._committer.history.hold(self._contract(), item.checked.table)
        self._rows += item.checked.valid
        if self._rows >= self._most:
            self.commit()

    def cuts(self, contract: Contract) -> Cuts:
        """Return the cuts that a file behind these will probably be profiled with."""
        return self._committer.expected(self.files, contract)

    def commit(self) -> None:
        """Commit all that wait."""
        if self.files:
            self._arrivals += self._committer.commit(self.files, self._contract(), run=self._run)
            self.files.clear()
            self._rows = 0
