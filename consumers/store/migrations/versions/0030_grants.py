"""Grants in the region: those that may be sent on, and those that never may again."""

from alembic import op

revision = "0030_grants"
down_revision = "0023_shown"
branch_labels = None
depends_on = None

TABLES = """
create table given_grant (
    member text not null,
    record_id text not null,
    event_id text not null,
    sha256 text not null,
    addressee text not null,
    of_event text not null,
    forwarded boolean not null default false,
    primary key (member, record_id)
);
create index given_grant_by_event on given_grant (event_id);

create table erased_grant (
    member text not null,
    record_id text not null,
    erased_by text not null,
    cleared boolean not null default false,
    primary key (member, record_id)
);
create index decision_of_grant on decision ((body -> 'forwarding' ->> 'grant')) where kind = 'forwarding';
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index decision_of_grant; drop table erased_grant; drop table given_grant;")
