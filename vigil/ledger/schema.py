"""The ledger's tables: what happened and why, each row under its project's name.

Times are ISO 8601 text in UTC with microseconds, so that they sort, read, and mean the same on
SQLite and PostgreSQL. Whatever is read as a whole (evidence, details, profiles) is JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: The newest migration; an older database is brought here when it is opened.
HEAD = "0006"

metadata = MetaData()
Time = String(27)


def _project() -> Column[str]:
    return Column("project", String(64), primary_key=True)


facts = Table(
    "facts",
    metadata,
    _project(),
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    _project(),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("started", Time, nullable=False),
    Column("finished", Time),
    Column("status", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("news", Boolean, nullable=False),
    Column("reported", Boolean, nullable=False),
    Column("summary", Text, nullable=False),
    Column("steps", JSON, nullable=False),
)

files = Table(
    "files",
    metadata,
    _project(),
    Column("path", String(4096), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("batch", String(16)),
    Column("reason", Text, nullable=False),
    Column("contract_version", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("details", JSON, nullable=False),
    Index("files_by_status", "project", "status"),
    Index("files_by_run", "project", "run"),
)

batches = Table(
    "batches",
    metadata,
    _project(),
    Column("id", String(16), primary_key=True),
    Column("order", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("name", String(1024), nullable=False),
    Column("path", String(4096), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("contract_version", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("profile", JSON, nullable=False),
    UniqueConstraint("project", "order"),
)

releases = Table(
    "releases",
    metadata,
    _project(),
    Column("id", String(16), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("model", String(64), nullable=False),
    Column("batch", String(16), nullable=False),
    Column("through", Integer, nullable=False),
    Column("created", Time, nullable=False),
    Column("live_since", Time),
    Column("reference", JSON, nullable=False),
    Column("level", JSON(none_as_null=True)),
    Column("facts", JSON, nullable=False),
    Column("reason", Text, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    _project(),
    Column("release", String(16), primary_key=True),
    Column("batch", String(16), primary_key=True),
    Column("order", Integer, nullable=False),
    Column("metric", String(64), nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("confidence", Float, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("reference", Float),
    Column("level", Float),
    Column("e_value", Float, nullable=False),
    Column("alarm_at", Float, nullable=False),
    Column("detectable", Float),
    Column("verdict", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("unseen", Float),
    Column("unseen_rows", BigInteger, nullable=False),
    Column("details", JSON, nullable=False),
    Column("tally", JSON, nullable=False),
    Column("evidence", JSON(none_as_null=True)),
    Column("run", Integer, nullable=False),
    Column("at", Time, nullable=False),
    Index("scores_by_order", "project", "order"),
)

#: What each batch changed for the release that met it; ``state`` is kept on a release's newest row only.
diagnoses = Table(
    "diagnoses",
    metadata,
    _project(),
    Column("release", String(16), primary_key=True),
    Column("batch", String(16), primary_key=True),
    Column("order", Integer, nullable=False),
    Column("drift", JSON, nullable=False),
    Column("slices", JSON, nullable=False),
    Column("moved", JSON(none_as_null=True)),
    Column("state", JSON(none_as_null=True)),
    Column("run", Integer, nullable=False),
    Column("at", Time, nullable=False),
    Index("diagnoses_by_order", "project", "order"),
)

decisions = Table(
    "decisions",
    metadata,
    _project(),
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("batch", String(16), nullable=False),
    Column("order", Integer, nullable=False),
    Column("release", String(16), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("run", Integer, nullable=False),
    Column("at", Time, nullable=False),
    Index("decisions_by_kind", "project", "kind", "order"),
)

incidents = Table(
    "incidents",
    metadata,
    _project(),
    Column("id", String(40), primary_key=True),
    Column("release", String(16), nullable=False),
    Column("batch", String(16), nullable=False),
    Column("order", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempted_rows", BigInteger, nullable=False),
    Column("closed_by", String(64), nullable=False),
    Column("opened_at", Time, nullable=False),
    Column("closed_at", Time),
)

#: What people are told about, one row from its beginning to its end; ``parts`` is what it consists of.
alerts = Table(
    "alerts",
    metadata,
    _project(),
    Column("id", String(32), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("sure", Text, nullable=False),
    Column("do", Text, nullable=False),
    Column("page", String(256), nullable=False),
    Column("since", Time, nullable=False),
    Column("raised", Time, nullable=False),
    Column("told", Time, nullable=False),
    Column("ended", Time),
    Column("acknowledged_by", String(128), nullable=False),
    Column("parts", JSON, nullable=False),
    Index("alerts_by_state", "project", "state"),
)

#: The outbox: one row for each message and channel; its id is the key by which a receiver knows it again.
outbox = Table(
    "outbox",
    metadata,
    _project(),
    Column("id", String(32), primary_key=True),
    Column("alert", String(32), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("event", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("body", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("due", Time, nullable=False),
    Column("at", Time, nullable=False),
    Column("ended", Time),
    Column("error", Text, nullable=False),
    Index("outbox_by_state", "project", "state", "due"),
)

tokens = Table(
    "tokens",
    metadata,
    _project(),
    Column("id", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created", Time, nullable=False),
    Column("expires", Time),
    Column("last_used", Time),
    Column("revoked", Time),
)

audits = Table(
    "audits",
    metadata,
    _project(),
    Column("id", String(36), primary_key=True),
    Column("at", Time, nullable=False),
    Column("who", String(128), nullable=False),
    Column("address", String(64), nullable=False),
    Column("what", String(64), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("details", Text, nullable=False),
    Index("audits_by_time", "project", "at"),
)

#: Faults of batches by name; ``repair`` holds the settings of a safe repair, None without one.
faults = Table(
    "faults",
    metadata,
    _project(),
    Column("id", String(64), primary_key=True),
    Column("batch", String(16), nullable=False),
    Column("order", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("fault", String(32), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("holds", Boolean, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("repair", JSON(none_as_null=True)),
    Column("state", String(16), nullable=False),
    Column("run", Integer, nullable=False),
    Column("at", Time, nullable=False),
    Index("faults_by_order", "project", "order"),
)
