"""Who may ask (tokens), who did what (audits), and a quick way to the newest scores."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.String(27)
SCORES = "scores_by_order"


def upgrade() -> None:
    """Create both tables and the index."""
    op.create_table(
        "tokens",
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("last_used", TIME),
        sa.Column("revoked", TIME),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_table(
        "audits",
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_index(SCORES, "scores", ["project", "order"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index(SCORES, "scores")
    op.drop_table("audits")
    op.drop_table("tokens")
