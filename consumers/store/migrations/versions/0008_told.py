"""What the region told a member of its records in quarantine."""

from alembic import op

revision = "0008_told"
down_revision = "0005_desk"
branch_labels = None
depends_on = "0006_settled"

TABLES = """
create table told_quarantine (
    event_id text primary key,
    topic text not null,
    log_offset bigint not null,
    of_event text not null,
    verdict text not null,
    reason text not null,
    parameters jsonb not null,
    appended_at timestamptz not null,
    told_at timestamptz not null
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table told_quarantine;")
