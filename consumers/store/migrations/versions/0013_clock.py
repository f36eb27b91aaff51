"""How far the clock of each member is off, as its last two heartbeats show."""

from alembic import op

revision = "0013_clock"
down_revision = "0007_heartbeat"
branch_labels = None
depends_on = None

COLUMNS = """
alter table heartbeat
    add column clock_offset_s double precision,
    add column clock_skew_s double precision;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table heartbeat drop column clock_offset_s, drop column clock_skew_s;")
