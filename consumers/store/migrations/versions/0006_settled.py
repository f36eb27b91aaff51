"""What became of quarantined records, what may never be used, and where each chain stands."""

from alembic import op

revision = "0006_settled"
down_revision = "0001_store"
branch_labels = None
depends_on = None

TABLES = """
alter table quarantine add column appended_ms bigint not null default 0;
alter table quarantine add column released_by text;
alter table quarantine add column tried_by text;
alter table quarantine add column settled text check (settled in ('released', 'discarded'));
alter table quarantine add column settled_by text;
alter table quarantine add column settled_at timestamptz;
alter table quarantine add column told_at timestamptz;
drop index quarantine_unresolved;
alter table quarantine drop column resolved_at;
create index quarantine_waiting on quarantine (topic) where settled is null;
create index quarantine_untold on quarantine (id) where told_at is null;
create index quarantine_released on quarantine (id) where settled is null and released_by is not null;

create table discarded (
    topic text not null,
    log_offset bigint not null,
    discarded_by text not null,
    primary key (topic, log_offset)
);

create table chain_position (
    topic text not null,
    chain text not null,
    life integer not null,
    seq bigint not null,
    primary key (topic, chain)
);

create table chain_gap (
    topic text not null,
    chain text not null,
    life integer not null,
    first_seq bigint not null,
    last_seq bigint not null,
    found_at timestamptz not null default now(),
    acknowledged_by text,
    because text,
    primary key (topic, chain, life, first_seq)
);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "drop table chain_gap; drop table chain_position; drop table discarded;"
        "alter table quarantine add column resolved_at timestamptz;"
        "update quarantine set resolved_at = settled_at;"
        "drop index quarantine_waiting; drop index quarantine_untold; drop index quarantine_released;"
        "alter table quarantine drop column appended_ms, drop column released_by, drop column tried_by,"
        " drop column settled, drop column settled_by, drop column settled_at, drop column told_at;"
        "create index quarantine_unresolved on quarantine (topic) where resolved_at is null;"
    )
