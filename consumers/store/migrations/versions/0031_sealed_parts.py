"""Sealed parts at a desk: what is sealed, the grants that open it, the grants given, and those that are erased."""

from alembic import op

revision = "0031_sealed_parts"
down_revision = "0009_own_events"
branch_labels = None
depends_on = None

CARRIER = """
    carrier_topic text not null,
    carrier_event text not null,
    carrier_sha256 text not null,
"""

TABLES = f"""
create table sealed_part (
    member text not null,
    event_id text not null,
    requester text not null,
    trace_id text not null,
    hop integer not null,
    act text not null,
    releasable_to text[],
    suite text not null,
    ciphertext bytea not null,
    ciphertext_sha256 text not null,
    primary key (member, event_id)
);
create index sealed_part_of_trace on sealed_part (requester, trace_id);

create table held_grant (
    member text not null,
    record_id text not null,
    of_event text not null,
    ciphertext_sha256 text not null,
    hop integer not null,
    opening_key text not null,
    wrapped text not null,
    {CARRIER}
    primary key (member, record_id)
);
create index held_grant_by_event on held_grant (member, of_event);

create table given_grant (
    record_id text primary key,
    of_event text not null,
    hop integer not null,
    addressee text not null
);
create index given_grant_by_event on given_grant (of_event);

create table refused_grant (
    of_event text not null,
    hop integer not null,
    addressee text not null,
    reason text not null,
    directory_version integer not null,
    primary key (of_event, hop, addressee)
);

create table erased_grant (
    member text not null,
    record_id text not null,
    erased_by text not null,
    primary key (member, record_id)
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "drop table erased_grant; drop table refused_grant; drop table given_grant; drop table held_grant;"
        "drop table sealed_part;"
    )
