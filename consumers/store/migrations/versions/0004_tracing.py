"""Traces: acts with their standing, hops, the region's decisions, receipts, and the work that no decision settled."""

from alembic import op

revision = "0004_tracing"
down_revision = "0003_outbox"
branch_labels = None
depends_on = None

OF_A_TRACE = """
    requester text not null,
    trace_id text not null,
"""
SETTLED_ONCE = """
    kind text not null,
    subject text not null,
    hop integer not null,
    cause text not null,
"""

TABLES = f"""
create table trace_act (
    topic text not null,
    event_id text not null,
    sha256 text not null,
    {OF_A_TRACE}
    member text not null,
    act text not null,
    hop integer not null,
    cause text,
    recorded_at timestamptz not null,
    life integer not null,
    seq bigint not null,
    place integer not null default 0,
    standing text not null default 'waiting'
        check (standing in ('counted', 'waiting', 'out_of_turn', 'set_aside')),
    reason text,
    body jsonb not null,
    primary key (topic, event_id, sha256)
);
create index trace_act_by_trace on trace_act (requester, trace_id);
create index trace_act_by_event on trace_act (event_id);

create table trace (
    {OF_A_TRACE}
    request_id text not null,
    state text not null,
    outcome text,
    last_hop integer not null,
    own_reference text,
    priority text,
    recorded_at timestamptz,
    primary key (requester, trace_id)
);
create index trace_by_request on trace (request_id);
create index trace_by_state on trace (state);

create table trace_hop (
    {OF_A_TRACE}
    hop integer not null,
    state text not null,
    opened_by text,
    decision_id text,
    rule text,
    accountable text,
    receipt_id text,
    basis_changed boolean not null,
    primary key (requester, trace_id, hop)
);

create table decision (
    event_id text primary key,
    sha256 text not null,
    kind text not null,
    subject text not null,
    requester text,
    trace_id text,
    hop integer,
    cause text,
    decided_by text,
    recorded_at timestamptz not null,
    life integer not null,
    seq bigint not null,
    body jsonb not null
);
create index decision_by_trace on decision (requester, trace_id);
create index decision_by_subject on decision (subject);

create table decided (
    {SETTLED_ONCE}
    decision_id text not null,
    primary key (kind, subject, hop, cause)
);

create table receipt (
    topic text not null,
    event_id text not null,
    value_sha256 text not null,
    member text not null,
    of_event text not null,
    sha256 text not null,
    delivery_id text not null,
    received_at timestamptz not null,
    body jsonb not null,
    primary key (topic, event_id, value_sha256)
);
create index receipt_by_event on receipt (of_event);

create table work (
    {SETTLED_ONCE}
    {OF_A_TRACE}
    primary key (kind, subject, hop, cause)
);
create index work_by_trace on work (requester, trace_id);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "drop table work; drop table receipt; drop table decided; drop table decision; drop table trace_hop;"
        "drop table trace; drop table trace_act;"
    )
