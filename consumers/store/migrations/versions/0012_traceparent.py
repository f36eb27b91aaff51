"""The flow of work that an event belongs to, as its record said: for logs, and for what follows from the event."""

from alembic import op

revision = "0012_traceparent"
down_revision = "0011_directory"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("alter table event add column traceparent text")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table event drop column traceparent")
