"""By which version of the directory a database goes, and what each key may seal there."""

from alembic import op

revision = "0011_directory"
down_revision = "0010_acknowledged_offsets"
branch_labels = None
depends_on = None

TABLES = """
create table directory_in_force (
    only_row boolean primary key default true check (only_row),
    version integer not null,
    fingerprint text not null,
    adopted_at timestamptz not null default now()
);

create table key_in_force (
    kid text primary key,
    owner text not null,
    may_seal text not null
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table key_in_force; drop table directory_in_force;")
