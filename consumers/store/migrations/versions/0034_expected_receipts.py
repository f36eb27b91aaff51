"""Deliveries for which the region expects a receipt, those of earlier decisions too."""

from alembic import op

revision = "0034_expected_receipts"
down_revision = "0032_region_head"
branch_labels = None
depends_on = None

TABLES = """
create table planned_delivery (
    delivery_id text primary key,
    decision_id text not null,
    inbox text not null,
    of_event text not null,
    requester text not null,
    trace_id text not null,
    decided_at timestamptz not null,
    settled boolean not null default false,
    told boolean not null default false
);
create index planned_delivery_open on planned_delivery (decided_at) where not settled;
create index planned_delivery_by_decision on planned_delivery (decision_id);
create index receipt_by_delivery on receipt (delivery_id);

insert into planned_delivery (delivery_id, decision_id, inbox, of_event, requester, trace_id, decided_at)
select planned ->> 'event_id', event_id, planned ->> 'inbox', subject, requester, trace_id, recorded_at
from decision cross join jsonb_array_elements(body -> 'deliveries') as planned
where trace_id is not null;
"""


def upgrade() -> None:
    """Make the table, and fill it."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index receipt_by_delivery; drop table planned_delivery;")
