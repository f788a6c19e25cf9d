"""What became of one arriving file, in numbers and words."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from vigil.batches.early import Measured, Profiled
from vigil.contract import Checked
from vigil.records import MOSTLY_ALIKE, RowFault
from vigil.table.quarantine import Held

#: How a reason begins that is said of the file.
_VERBS = ("is", "has", "holds", "needs", "names", "cannot", "unpacks", "was")

#: What would end a line, steer a terminal, or turn the direction of writing.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

#: Faults of a file that the ledger repeats; the quarantine has them all.
SHOWN_FAULTS = 10


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to look at: ``key`` is its path in the ledger, ``stamp`` is from before reading."""

    path: Path
    key: str
    stamp: tuple[int, int, int]

    @property
    def name(self) -> str:
        """The file's name as one line of valid text: what is none is shown by its number."""
        text = os.fsencode(self.path.name).decode("utf-8", "backslashreplace")
        return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)

    def unsettled(self, seconds: float) -> str:
        """Say why the file is left for a later tick, if it is: somebody may still be writing it."""
        age = time.time() - self.stamp[1] / 1e9
        if seconds == 0 or age >= seconds:
            return ""
        if age < 0:
            return "has a time of change that is yet to come. Touch it, or set the clock right."
        return f"was changed less than {seconds:g} seconds ago; the next tick takes it in."


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort names as people count, week-2 before week-10; what counts as equal, by its letters."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file's end. ``status`` is ``ingested``, ``duplicate``, ``refused``, ``ignored`` or ``waiting``."""

    name: str
    status: str
    reason: str = ""
    batch: str = ""
    order: int = 0
    rows: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    labelled: int = 0
    faults: tuple[RowFault, ...] = ()

    @property
    def line(self) -> str:
        """What a person reads of it."""
        if self.status != "ingested":
            if self.reason.partition(" ")[0] in _VERBS:
                return f"{self.name}: {self.status}: it {self.reason}"
            return f"{self.name}: {self.status}. {self.reason[:1].upper()}{self.reason[1:]}"
        parts = [f"{self.accepted:,} of {self.rows:,} rows ingested"]
        parts += [f"{self.quarantined:,} quarantined"] if self.quarantined else []
        parts += [f"{self.duplicates:,} duplicates dropped"] if self.duplicates else []
        unlabelled = self.accepted - self.labelled
        parts += [f"{unlabelled:,} of them without a label"] if unlabelled else []
        return f"{self.name}: {', '.join(parts)}.{self._alike}"

    @property
    def _alike(self) -> str:
        """What to do when most rows of a first batch, before which there was none, count as copies."""
        if self.order != 1 or self.duplicates <= MOSTLY_ALIKE * self.rows:
            return ""
        anew = "and begin anew with an empty output folder and ledger"
        return f' Is each of them a case of its own? Then set "duplicates" to "keep" in the config, {anew}.'

    def as_json(self) -> dict[str, Any]:
        """Return the arrival as plain JSON values, with its first faults."""
        faults = [asdict(fault) for fault in self.faults[:SHOWN_FAULTS]]
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "faults": faults}


def told(faults: Sequence[RowFault], shown: int = 20) -> list[str]:
    """Return the first faults, one a line."""
    rest = [f"  and {len(faults) - shown:,} more"] if len(faults) > shown else []
    return [f"  {fault}" for fault in faults[:shown]] + rest


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that passed its checks, on its way into the table; ``held`` is what stays in quarantine.

    ``measured`` is what is known of its valid rows already.
    """

    file: NewFile
    digest: str
    checked: Checked
    contract_version: int
    held: Held
    written_as: str = ""
    measured: Measured | None = None

    @property
    def profiled(self) -> Profiled | None:
        """The profile of its valid rows, if it was made already."""
        return self.measured.profiled if self.measured is not None else None

    @property
    def explained(self) -> list[str]:
        """What a person reads who only asks what would become of it."""
        return explained(self.file.name, self.checked, self.written_as, self.contract_version)


class _Judged(Protocol):
    """What is said of a file that would be taken in."""

    @property
    def valid(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def decimal(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def faults(self) -> tuple[RowFault, ...]: ...


def explained(name: str, found: _Judged, written_as: str, version: int) -> list[str]:
    """Say what would become of a file that can be taken in."""
    sign = "comma" if found.decimal == "," else "point"
    return [
        f"{name}  would be ingested: {found.valid:,} of {found.rows:,} rows.",
        f"  read as {written_as}, decimal {sign}, under contract v{version}",
        *(f"  {note}" for note in found.notes),
        *told(found.faults),
    ]
