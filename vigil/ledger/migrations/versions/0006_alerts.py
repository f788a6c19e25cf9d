"""What people are told about (alerts), and the outbox in the place of a table that nothing had used."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.String(27)


def _text(name: str, size: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(size) if size else sa.Text(), nullable=False)


def upgrade() -> None:
    """Create the table of alerts, and the outbox in the place of an empty table."""
    op.create_table(
        "alerts",
        _text("project", 64),
        _text("id", 32),
        _text("kind", 32),
        _text("subject", 128),
        _text("severity", 16),
        _text("state", 16),
        *(_text(name) for name in ("title", "what", "sure", "do")),
        _text("page", 256),
        *(_text(name, 27) for name in ("since", "raised", "told")),
        sa.Column("ended", TIME),
        _text("acknowledged_by", 128),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_index("alerts_by_state", "alerts", ["project", "state"])
    op.drop_table("messages")
    op.create_table(
        "outbox",
        _text("project", 64),
        _text("id", 32),
        _text("alert", 32),
        _text("channel", 64),
        _text("event", 16),
        _text("severity", 16),
        sa.Column("body", sa.JSON(), nullable=False),
        _text("state", 16),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *(_text(name, 27) for name in ("due", "at")),
        sa.Column("ended", TIME),
        _text("error"),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_index("outbox_by_state", "outbox", ["project", "state", "due"])


def downgrade() -> None:
    """Drop them, and put the unused table back."""
    op.drop_table("outbox")
    op.drop_table("alerts")
    op.create_table(
        "messages",
        _text("project", 64),
        _text("id", 80),
        _text("severity", 16),
        _text("what"),
        _text("state", 16),
        _text("at", 27),
        sa.PrimaryKeyConstraint("project", "id"),
    )
