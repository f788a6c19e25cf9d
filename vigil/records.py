"""The words everyone uses: what a column, a contract, a batch, a score and a decision are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Task = Literal["binary", "multiclass", "regression"]
Kind = Literal["number", "category", "date", "text"]
Role = Literal["feature", "target", "key", "time", "ignored"]
VerdictName = Literal["steady", "watch", "degraded", "insufficient data"]

#: Columns that the table adds to the user's own; no user column may begin with "_vigil_".
BATCH_COLUMN = "_vigil_batch"
ORDER_COLUMN = "_vigil_order"
LINE_COLUMN = "_vigil_line"
HASH_COLUMN = "_vigil_hash"
#: Rows count when this share of them has a label: those whose labels come first are no sample.
LABELLED_SHARE = 0.95
#: From this share of rows on that equal an earlier one, a file has no copies, but few different rows.
MOSTLY_ALIKE = 0.1
#: Stands in the path of a batch whose rows a later contract let out of quarantine.
RELEASED = "#quarantine-v"
#: The end of the name of a file of rows whose labels came late.
LABELLED = ".labelled.parquet"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract: how its cells are typed and what a valid cell is.

    ``number`` cells are float64, ``category`` and ``text`` cells strings, ``date`` cells UTC
    microseconds. ``minimum`` and ``maximum`` are inclusive. ``levels`` is the closed list of
    allowed strings, or None when any is allowed. ``nullable`` false quarantines a missing cell;
    ``required`` false lets a whole file come without the column. ``pattern`` is a regular expression
    that the whole of a string must match; ``unique`` quarantines a value that another row has which
    came before, in the table or in the same file ("file": in the same file alone). ``decimal`` ("." or
    ",") and ``date_order`` ("day" or "month" first) settle what else is guessed from each file.
    ``on_fault`` says what one faulty cell costs: its row, or the whole file.
    """

    name: str
    kind: Kind
    role: Role = "feature"
    nullable: bool = True
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] | None = None
    pattern: str | None = None
    unique: bool | Literal["file"] = False
    decimal: str | None = None
    date_order: str | None = None
    on_fault: Literal["quarantine", "refuse"] = "quarantine"


@dataclass(frozen=True, slots=True)
class FileRule:
    """What a whole file must be like, or it is refused; the limits are inclusive.

    ``check`` is ``rows`` (how many valid rows), ``share`` (of the valid rows in which ``column`` has
    the level ``level``, or no value where there is none) or ``divergence`` (Kullback–Leibler, in nats,
    of ``column`` against the reference).
    """

    check: Literal["rows", "share", "divergence"]
    column: str = ""
    level: str | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What a valid row is: the columns in order, the task, the classes.

    ``classes`` is sorted, and for a binary task ``positive`` is one of its two members; both are
    empty for regression. ``encoding`` and ``delimiter`` settle what else is guessed from each text
    file. ``rules`` compare two columns of a row, such as "begun <= ended"; ``files`` is what a whole
    file must be like.
    """

    version: int
    task: Task
    columns: tuple[Column, ...]
    classes: tuple[str, ...] = ()
    positive: str = ""
    encoding: str = ""
    delimiter: str = ""
    rules: tuple[str, ...] = ()
    files: tuple[FileRule, ...] = ()

    def by_role(self, role: Role) -> tuple[Column, ...]:
        """Return the columns of one role, in order."""
        return tuple(column for column in self.columns if column.role == role)

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns that are checked and kept: all but the ignored ones."""
        return tuple(column for column in self.columns if column.role != "ignored")

    @property
    def target(self) -> Column:
        """The column that is predicted."""
        return self.by_role("target")[0]

    def labelled(self, rows: pa.Table) -> int:
        """Return how many of some rows have a label."""
        return rows.num_rows - rows.column(self.target.name).null_count

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns a model may look at."""
        return self.by_role("feature")

    @property
    def identity(self) -> tuple[Column, ...]:
        """The columns that say whom a row is about: the key, else every feature."""
        return self.by_role("key") or self.features


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one row was quarantined. ``line`` is the physical line in the file, from 1."""

    line: int
    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.value!r} {self.rule}"


@dataclass(frozen=True, slots=True)
class Batch:
    """One ingested file. ``order`` counts batches of the project from 1, in order of decision."""

    id: str
    order: int
    name: str
    path: str
    digest: str
    rows: int
    labelled: int
    quarantined: int
    duplicates: int
    contract_version: int

    @property
    def is_released(self) -> bool:
        """Whether its rows came out of quarantine: chosen by their faults, they are no sample."""
        return RELEASED in self.path

    @property
    def is_labelled(self) -> bool:
        """Whether nearly all of its rows have a label."""
        return self.labelled > 0 and self.labelled >= LABELLED_SHARE * self.rows

    @property
    def is_labelled_late(self) -> bool:
        """Whether its rows came, or were answered, before their labels."""
        return self.path.endswith(LABELLED)

    @property
    def waits_as(self) -> str:
        """The name under which its rows wait for their labels."""
        return f"labels-of-{self.name}-{self.id[:6]}"


@dataclass(frozen=True, slots=True)
class Score:
    """The live release on one batch: value with interval, evidence and verdict.

    ``low`` and ``high`` bound the batch's own score at ``confidence``. ``e_value`` is the alarm's
    evidence after this batch (1 at rest, alarm at ``alarm_at``). ``detectable`` is the smallest
    drop that would have been found by now with 80 % power, or None when nothing would be.
    ``unseen`` is the score on rows of keys the release was not trained on (None without a key).
    """

    release: str
    batch: str
    order: int
    metric: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    rows: int
    labelled: int
    reference: float | None
    level: float | None
    e_value: float
    alarm_at: float
    detectable: float | None
    verdict: VerdictName
    reason: str
    unseen: float | None = None
    unseen_rows: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the score as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one batch, by which rule, on what evidence, in words.

    ``kind`` is ``plan`` (what a batch calls for: ``train-first``, ``retrain``, ``refresh``, ``replace``,
    ``renew``, ``restore`` or ``nothing``), ``gate`` (``promote``, ``keep``, ``abstain`` or ``nothing``),
    ``rollback``, ``acknowledge``, ``trial`` (``shadow``, ``canary``, ``end``), a person's word about a fault
    (``fix``, ``undo``, ``dismiss`` or ``confirm``), or ``erase``. ``done`` says that it was carried out.
    """

    id: str
    kind: str
    batch: str
    release: str
    outcome: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    done: bool = False
