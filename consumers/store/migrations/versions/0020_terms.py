"""Terms of handling: who may see a revision, until when it takes part in nothing, and from when it is not shown."""

from alembic import op

revision = "0020_terms"
down_revision = "0013_clock"
branch_labels = None
depends_on = None

STATING = ("seizure_revision", "missing_revision", "trace_act")
ADD = """
alter table {table} add column releasable_to text[], add column embargo_until timestamptz,
    add column expires_at timestamptz;
update {table} set
    releasable_to = case jsonb_typeof(body #> '{{handling,releasable_to}}')
        when 'array' then array(select jsonb_array_elements_text(body #> '{{handling,releasable_to}}')) end,
    embargo_until = (body #>> '{{handling,embargo_until}}')::timestamptz,
    expires_at = (body #>> '{{handling,expires_at}}')::timestamptz
where body ? 'handling';
"""
OF_ONE_RECORD = "partition by member, record_id order by revision desc, life desc, seq desc, sha256 desc"
DROP_CURRENT = (
    "drop view missing_key_current; drop view item_current; drop view missing_current; drop view seizure_current;"
)
CURRENT = f"""
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
IN_VIEW = """
create view {name}_in_view as
    select * from {name}_current as stated
    where (embargo_until is null or exists (
            select from ended_term as ended where ended.kind = 'embargo_end'
            and ended.subject = stated.event_id and ended.until = stated.embargo_until))
      and (expires_at is null or not exists (
            select from ended_term as ended where ended.kind = 'expiry'
            and ended.subject = stated.event_id and ended.until = stated.expires_at));
"""
VIEWS = f"""
create view ended_term as
    select event_id as decision_id, kind, subject, (body -> kind ->> 'until')::timestamptz as until
    from decision where kind in ('embargo_end', 'expiry');
{IN_VIEW.format(name="seizure")}
{IN_VIEW.format(name="missing")}
create view item_in_view as
    select item.* from item_revision as item
    join seizure_in_view using (member, record_id, revision, sha256);
"""
WORK = """
alter table work alter column requester drop not null, alter column trace_id drop not null,
    add column stream text, add column member text, add column record_id text, add column due_at timestamptz;
create index work_of_record on work (member, record_id);
create index work_by_time on work (due_at);
create index trace_act_by_record on trace_act (member, (body ->> 'record_id'));
"""


def upgrade() -> None:
    """Add columns, and the views of what takes part."""
    for table in STATING:
        op.execute(ADD.format(table=table))
    op.execute(DROP_CURRENT + CURRENT + VIEWS + WORK)


def downgrade() -> None:
    """Take them away; what waits for a term is derived again by a later upgrade."""
    op.execute(
        "drop index trace_act_by_record; drop view item_in_view; drop view missing_in_view; drop view seizure_in_view;"
        "drop view ended_term;" + DROP_CURRENT
    )
    for table in STATING:
        op.execute(f"alter table {table} drop column releasable_to, drop column embargo_until, drop column expires_at;")
    op.execute(
        CURRENT + "delete from work where due_at is not null;"
        "alter table work drop column stream, drop column member, drop column record_id, drop column due_at,"
        " alter column requester set not null, alter column trace_id set not null;"
    )
