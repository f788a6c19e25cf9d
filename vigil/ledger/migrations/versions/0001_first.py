"""The first ledger: facts, runs, files, batches, releases, scores, decisions, incidents, messages."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.String(27)


def _create(
    name: str, keys: list[sa.Column[Any]], columns: list[sa.Column[Any]], *rules: sa.Constraint
) -> None:
    """Create a table whose primary key is the project and `keys`."""
    project = sa.Column("project", sa.String(64), nullable=False)
    primary = sa.PrimaryKeyConstraint("project", *(key.name for key in keys))
    op.create_table(name, project, *keys, *columns, primary, *rules)


def _need(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Create every table."""
    text, whole, big, real = sa.Text(), sa.Integer(), sa.BigInteger(), sa.Float()
    flag, json, short = sa.Boolean(), sa.JSON(), sa.String(16)
    _create("facts", [_need("key", sa.String(64))], [_need("value", text)])
    _create(
        "runs",
        [_need("run", whole)],
        [_need("started", TIME), sa.Column("finished", TIME), _need("status", short)]
        + [_need("trigger", short), _need("news", flag), _need("reported", flag)]
        + [_need("summary", text), _need("steps", json)],
    )
    _create(
        "files",
        [_need("path", sa.String(4096))],
        [_need("size", big), _need("mtime_ns", big), _need("inode", big)]
        + [_need("digest", sa.String(64)), _need("status", short), sa.Column("batch", short)]
        + [_need("reason", text), _need("contract_version", whole), _need("run", whole)]
        + [_need("details", json)],
    )
    _create(
        "batches",
        [_need("id", short)],
        [_need("order", whole), _need("state", short), _need("name", sa.String(1024))]
        + [_need("path", sa.String(4096)), _need("digest", sa.String(64))]
        + [_need(name, big) for name in ("rows", "labelled", "quarantined", "duplicates")]
        + [_need("contract_version", whole), _need("run", whole), _need("profile", json)],
        sa.UniqueConstraint("project", "order"),
    )
    _create(
        "releases",
        [_need("id", short)],
        [_need("state", short), _need("model", sa.String(64)), _need("batch", short)]
        + [_need("through", whole), _need("created", TIME), sa.Column("live_since", TIME)]
        + [_need("reference", json), sa.Column("level", json), _need("facts", json), _need("reason", text)],
    )
    _create(
        "scores",
        [_need("release", short), _need("batch", short)],
        [_need("order", whole), _need("metric", sa.String(64))]
        + [sa.Column(name, real) for name in ("value", "low", "high")]
        + [_need("confidence", real), _need("rows", big), _need("labelled", big)]
        + [sa.Column("reference", real), sa.Column("level", real)]
        + [_need("e_value", real), _need("alarm_at", real), sa.Column("detectable", real)]
        + [_need("verdict", sa.String(32)), _need("reason", text), sa.Column("unseen", real)]
        + [_need("unseen_rows", big), _need("details", json), _need("tally", json)]
        + [sa.Column("evidence", json), _need("run", whole), _need("at", TIME)],
    )
    _create(
        "decisions",
        [_need("id", sa.String(64))],
        [_need("kind", sa.String(32)), _need("batch", short), _need("order", whole)]
        + [_need("release", short), _need("outcome", sa.String(32)), _need("reason", text)]
        + [_need("evidence", json), _need("done", flag), _need("run", whole), _need("at", TIME)],
    )
    _create(
        "incidents",
        [_need("id", sa.String(40))],
        [_need("release", short), _need("batch", short), _need("order", whole), _need("since", whole)]
        + [_need("state", short), _need("attempts", whole), _need("attempted_rows", big)]
        + [_need("closed_by", sa.String(64)), _need("opened_at", TIME), sa.Column("closed_at", TIME)],
    )
    _create(
        "messages",
        [_need("id", sa.String(80))],
        [_need("severity", short), _need("what", text), _need("state", short), _need("at", TIME)],
    )


def downgrade() -> None:
    """Drop every table."""
    names = ["messages", "incidents", "decisions", "scores", "releases", "batches", "files", "runs", "facts"]
    for name in names:
        op.drop_table(name)
