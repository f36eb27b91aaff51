"""The log of consultations, disclosures, exports, alterations and erasures: hash-chained, and only ever added to.

An entry is kept as the text over which its hash was made, so that whoever proves the log has nothing to spell anew.
"""

from alembic import op

revision = "0021_audit"
down_revision = "0012_traceparent"
branch_labels = None
depends_on = None

WRITING = 0x61756469  # advisory lock: entries are numbered one after the other

TABLES = f"""
create table audit_entry (
    number bigint primary key,
    entry text not null,
    prev text,
    hash text not null
);

create function audit_append(kind text, told json, out entry_number bigint, out entry_hash text)
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    last record;
    written text;
begin
    perform pg_advisory_xact_lock({WRITING});
    select number, hash into last from public.audit_entry order by number desc limit 1;
    entry_number := coalesce(last.number, 0) + 1;
    written := json_build_object(
        'number', entry_number,
        'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'kind', kind,
        'told', told)::text;
    entry_hash := rtrim(translate(
        encode(sha256(convert_to(coalesce(last.hash, '') || E'\\n' || written, 'UTF8')), 'base64'), '+/', '-_'), '=');
    insert into public.audit_entry (number, entry, prev, hash)
        values (entry_number, written, last.hash, entry_hash);
end
$$;
revoke all on function audit_append from public;

create function audit_kept() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only ever added to';
end
$$;
create trigger audit_kept before update or delete or truncate on audit_entry
    for each statement execute function audit_kept();
alter table audit_entry enable always trigger audit_kept;
"""


def upgrade() -> None:
    """Make the log."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table audit_entry; drop function audit_append; drop function audit_kept;")
