"""The shared view: every revision of seizures, their items and missing firearms, and keys to find them by."""

from alembic import op

revision = "0002_view"
down_revision = None
branch_labels = ("region",)
depends_on = "0001_store"

REVISION = """
    member text not null,
    record_id text not null,
    revision bigint not null,
    sha256 text not null,
    event_id text not null,
    life integer not null,
    seq bigint not null,
    status text not null,
    exercise boolean not null,
    own_reference text,
    occurred_at timestamptz,
    recorded_at timestamptz not null,
"""
MARKS = """
    make text,
    model text,
    calibre text,
    serial text,
    serial_state text,
"""
OF_ONE_RECORD = "partition by member, record_id order by revision desc, life desc, seq desc, sha256 desc"

TABLES = f"""
create table seizure_revision (
    {REVISION}
    border_point text,
    area text,
    context text,
    acquisition_mode text,
    body jsonb not null,
    primary key (member, record_id, revision, sha256)
);
create index seizure_by_event on seizure_revision (event_id);

create table item_revision (
    member text not null,
    record_id text not null,
    revision bigint not null,
    sha256 text not null,
    place integer not null,
    item_id text not null,
    kind text not null,
    quantity bigint not null,
    weapon_class text,
    {MARKS}
    disposition text,
    body jsonb not null,
    primary key (member, record_id, revision, sha256, place)
);
create index item_by_id on item_revision (item_id);

create table missing_revision (
    {REVISION}
    type text not null,
    since timestamptz,
    weapon_class text not null,
    {MARKS}
    state text not null,
    body jsonb not null,
    primary key (member, record_id, revision, sha256)
);
create index missing_by_event on missing_revision (event_id);

create table mark_key (
    stream text not null,
    member text not null,
    record_id text not null,
    revision bigint not null,
    sha256 text not null,
    place integer not null,
    number integer not null,
    kind text not null,
    value text not null,
    primary key (stream, member, record_id, revision, sha256, place, number, kind)
);
create index mark_key_by_value on mark_key (stream, kind, value);

create view seizure_current as
    select * from (select *, row_number() over ({OF_ONE_RECORD}) as standing from seizure_revision) as ranked
    where standing = 1;
create view missing_current as
    select * from (select *, row_number() over ({OF_ONE_RECORD}) as standing from missing_revision) as ranked
    where standing = 1;
create view item_current as
    select item.* from item_revision as item
    join seizure_current using (member, record_id, revision, sha256);
create view missing_key_current as
    select key.member, key.record_id, key.revision, key.sha256, key.number, key.kind, key.value
    from mark_key as key
    join missing_current using (member, record_id, revision, sha256)
    where key.stream = 'missing';
"""


def upgrade() -> None:
    """Make tables and views."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "drop view missing_key_current; drop view item_current; drop view missing_current; drop view seizure_current;"
        "drop table mark_key; drop table missing_revision; drop table item_revision; drop table seizure_revision;"
    )
