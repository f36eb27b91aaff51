"""What the region has said of its members' heartbeats."""

from alembic import op

revision = "0032_region_head"
down_revision = "0030_grants"
branch_labels = None
depends_on = None

TABLES = """
create table region_head (
    event_id text primary key,
    log_offset bigint not null
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table region_head;")
