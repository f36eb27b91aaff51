"""The last heartbeat of each member, and what persons propose about the quarantine until a second one agrees."""

from alembic import op

revision = "0007_heartbeat"
down_revision = "0004_tracing"
branch_labels = None
depends_on = "0006_settled"

TABLES = """
create table heartbeat (
    member text primary key,
    event_id text not null,
    sha256 text not null,
    at timestamptz not null,
    life integer not null,
    seq bigint not null,
    appended_ms bigint not null,
    heads jsonb not null
);

create table discard_proposal (
    id bigserial primary key,
    entries bigint[] not null,
    because text not null,
    proposed_by text not null,
    proposed_at timestamptz not null default now(),
    confirmed_by text,
    confirmed_at timestamptz,
    check (confirmed_by is distinct from proposed_by)
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table discard_proposal; drop table heartbeat;")
