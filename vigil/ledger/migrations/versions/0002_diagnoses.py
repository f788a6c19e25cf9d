"""What each batch changed for the release that met it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of diagnoses."""
    op.create_table(
        "diagnoses",
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("release", sa.String(16), nullable=False),
        sa.Column("batch", sa.String(16), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("drift", sa.JSON(), nullable=False),
        sa.Column("slices", sa.JSON(), nullable=False),
        sa.Column("moved", sa.JSON()),
        sa.Column("state", sa.JSON()),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("project", "release", "batch"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("diagnoses")
