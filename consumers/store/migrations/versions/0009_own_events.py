"""What a desk knows from its member's own topics: receipts given, and acts, of which several may have one reference."""

from alembic import op

revision = "0009_own_events"
down_revision = "0008_told"
branch_labels = None
depends_on = None

TABLES = """
create table own_receipt (
    delivery_id text primary key,
    event_id text not null,
    received_at timestamptz not null
);
alter table submission drop constraint submission_pkey, add primary key (event_id);
create index submission_by_reference on submission (own_reference);
"""


def upgrade() -> None:
    """Make the table; an act is known by its event id."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it; an act is known by its reference."""
    op.execute(
        "drop index submission_by_reference;"
        "delete from submission using submission as other"
        " where submission.own_reference = other.own_reference and submission.event_id > other.event_id;"
        "alter table submission drop constraint submission_pkey, add primary key (own_reference);"
        "drop table own_receipt;"
    )
