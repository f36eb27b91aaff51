"""The region's outbox, and where its chains stand."""

from alembic import op

revision = "0003_outbox"
down_revision = "0002_view"
branch_labels = None
depends_on = None

TABLES = """
create table region_outbox (
    row_id bigserial primary key,
    after_row bigint references region_outbox (row_id),
    topic text not null,
    event_id text not null unique,
    key text not null,
    value bytea not null,
    headers jsonb not null,
    life integer,
    seq bigint,
    seal bytea,
    published_offset bigint,
    added_at timestamptz not null default now(),
    check ((life is null) = (seq is null) and (life is null) = (seal is null)),
    unique (topic, life, seq)
);
create index region_outbox_waiting on region_outbox (row_id) where seal is null and published_offset is null;
create index region_outbox_unacknowledged on region_outbox (row_id) where published_offset is null;

create table region_chain (
    topic text primary key,
    life integer not null,
    seq bigint not null,
    prev text,
    after_life integer,
    after_seq bigint
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table region_chain; drop table region_outbox;")
