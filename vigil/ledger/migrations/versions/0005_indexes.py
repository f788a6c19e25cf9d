"""Quick ways to what pages show, however long the history is."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {
    "diagnoses_by_order": ("diagnoses", ["project", "order"]),
    "decisions_by_kind": ("decisions", ["project", "kind", "order"]),
    "files_by_status": ("files", ["project", "status"]),
    "files_by_run": ("files", ["project", "run"]),
    "audits_by_time": ("audits", ["project", "at"]),
    "faults_by_order": ("faults", ["project", "order"]),
}


def upgrade() -> None:
    """Create them."""
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take them away."""
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
