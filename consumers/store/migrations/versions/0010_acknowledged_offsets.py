"""Offsets that are missing on a topic that is kept for good, and that a person has acknowledged."""

from alembic import op

revision = "0010_acknowledged_offsets"
down_revision = "0006_settled"
branch_labels = None
depends_on = None

TABLES = """
create table acknowledged_offsets (
    topic text not null,
    first_offset bigint not null,
    last_offset bigint not null,
    acknowledged_by text not null,
    because text not null,
    acknowledged_at timestamptz not null default now(),
    primary key (topic, first_offset, last_offset)
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table acknowledged_offsets;")
