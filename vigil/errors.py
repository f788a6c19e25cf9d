"""Every fault a person can meet, each saying what is wrong, where, and what to do.

VigilError
├── ConfigError      the config cannot be used (all its faults together)
├── ContractError    the contract file cannot be used
├── FileRefused      one arriving file cannot be taken in
│   └── FileUnreadable   not now: the disk or its rights do not let it be read
├── TableError       the table of accepted rows cannot be read or written
├── StorageError     object storage cannot be used
├── LedgerError      the ledger cannot be read or written
├── BundleError      a trained model on disk cannot be trusted
├── TransportError   a message could not be delivered
├── ServiceError     the service cannot start or answer
└── Busy             another run holds the project's lock
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class VigilError(Exception):
    """What is wrong, where, and what to do; the command line prints exactly this."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{place}{self.what}{advice}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file that a person wrote: a stable id, the place, what to do."""

    id: str
    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        advice = f" {self.hint}" if self.hint else ""
        return f"{self.id} {self.where}: {self.what}{advice}"


class ConfigError(VigilError):
    """The config cannot be used; `faults` lists everything wrong with it at once."""

    exit_code = 2

    def __init__(self, path: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        listed = "".join(f"\n  {fault}" for fault in self.faults)
        count = f"{len(self.faults)} fault" + ("s" if len(self.faults) != 1 else "")
        super().__init__(f"{count} in the config:{listed}", where=path)


class ContractError(VigilError):
    """The contract file cannot be used."""

    exit_code = 2


class FileRefused(VigilError):
    """One arriving file cannot be taken in; the other files go on."""


class FileUnreadable(FileRefused):
    """One arriving file cannot be read now; the next tick looks at it again."""


class TableError(VigilError):
    """The table of accepted rows cannot be read or written."""


class StorageError(VigilError):
    """What is kept in object storage cannot be read or written."""


class LedgerError(VigilError):
    """The ledger cannot be read or written."""


class BundleError(VigilError):
    """A trained model on disk is missing, damaged, or from other library versions."""


class ServiceError(VigilError):
    """The service cannot start, or cannot answer this request."""


class TransportError(VigilError):
    """A message could not be delivered.

    ``permanent`` says that trying again would not help; else the receiver may ask for ``wait`` seconds.
    """

    def __init__(self, what: str, *, permanent: bool, wait: float = 0.0, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.permanent = permanent
        self.wait = wait


class Busy(VigilError):
    """Another run holds the project's lock; nothing was done, and nothing is wrong."""

    exit_code = 0
