"""What every consumer's database has: positions, applied events, quarantine."""

from alembic import op

revision = "0001_store"
down_revision = None
branch_labels = ("store",)
depends_on = None

TABLES = """
create table topic_position (
    topic text primary key,
    next_offset bigint not null check (next_offset >= 0),
    paused text
);

create table event (
    topic text not null,
    event_id text not null,
    sha256 text not null,
    member text not null,
    record_id text not null,
    revision bigint not null,
    chain text not null,
    life integer not null,
    seq bigint not null,
    log_offset bigint not null,
    appended_ms bigint not null,
    schema_id integer not null,
    key text not null,
    value bytea not null,
    seal text not null,
    folded_at timestamptz not null default now(),
    primary key (topic, event_id, sha256)
);
create index event_by_id on event (event_id);

create table quarantine (
    id bigserial primary key,
    topic text not null,
    log_offset bigint not null,
    event_id text,
    member text,
    verdict text not null,
    reason text not null,
    parameters jsonb not null,
    key bytea,
    headers jsonb not null,
    value bytea,
    quarantined_at timestamptz not null default now(),
    resolved_at timestamptz,
    unique (topic, log_offset)
);
create index quarantine_unresolved on quarantine (topic) where resolved_at is null;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table quarantine; drop table event; drop table topic_position;")
