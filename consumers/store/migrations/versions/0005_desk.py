"""What a desk's database has: its inbox, and what was submitted from it."""

from alembic import op

revision = "0005_desk"
down_revision = None
branch_labels = ("desk",)
depends_on = "0001_store"

TABLES = """
create table inbox (
    event_id text primary key,
    of_event text not null,
    sha256 text not null,
    from_member text not null,
    act text not null,
    purpose text not null,
    requester text,
    trace_id text,
    hop integer,
    rule text,
    accountable text,
    decision_id text not null,
    own_reference text,
    recorded_at timestamptz not null,
    received_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
    body jsonb not null,
    receipt_event text
);
create index inbox_of_trace on inbox (requester, trace_id);
create index inbox_without_receipt on inbox (received_at) where receipt_event is null;

create table submission (
    own_reference text primary key,
    act text not null,
    requester text not null,
    trace_id text not null,
    hop integer not null,
    cause text,
    event_id text not null,
    submitted_at timestamptz not null,
    body jsonb not null
);
create index submission_of_trace on submission (requester, trace_id);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table submission; drop table inbox;")
