"""At a desk: its member's heartbeats, and what the region says it heard of them."""

from alembic import op

revision = "0033_own_line"
down_revision = "0031_sealed_parts"
branch_labels = None
depends_on = None

TABLES = """
create table own_heartbeat (
    event_id text primary key,
    sha256 text not null,
    life integer not null,
    seq bigint not null,
    appended_ms bigint not null
);
create index own_heartbeat_by_sha256 on own_heartbeat (sha256);

create table head_line (
    head_id text primary key,
    sha256 text not null,
    appended_ms bigint not null,
    verdict text not null default 'waiting' check (verdict in ('waiting', 'held', 'before', 'unknown')),
    acknowledged_by text,
    because text
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table head_line; drop table own_heartbeat;")
