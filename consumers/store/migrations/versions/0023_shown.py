"""What members are shown: views that redact by handling, and row-level security behind them.

``interfocal_views`` owns the views and reads the tables by row-level security; ``interfocal_reading`` has the views.
"""

from alembic import op

revision = "0023_shown"
down_revision = "0022_reading"
branch_labels = None
depends_on = None

SAFE = "security definer set search_path = pg_catalog, public, pg_temp"
IF_BOUND = """
do $$ begin
    if not (select rolsuper from pg_roles where rolname = current_user) then {statement}; end if;
end $$;
"""
MAY_GIVE_AWAY = IF_BOUND.format(statement="grant interfocal_views to current_user")
MAY_NO_MORE = IF_BOUND.format(statement="revoke interfocal_views from current_user")
"""The owner of the tables is no member of ``interfocal_views``: its policies would bind the owner as well."""

READER = "(select public.reading_member())"
KEYS = "member, record_id, revision, sha256"
IN_TIME = """
    (stated.embargo_until is null or exists (select from public.ended_term as ended
        where (ended.kind, ended.subject, ended.until) = ('embargo_end', stated.event_id, stated.embargo_until)))
    and (stated.expires_at is null or stated.expires_at > statement_timestamp()
        and not exists (select from public.ended_term as ended
            where (ended.kind, ended.subject, ended.until) = ('expiry', stated.event_id, stated.expires_at)))
"""
RELEASED = f"(stated.releasable_to is null or {READER} = any (stated.releasable_to))"
NEWEST = """
    not exists (select from public.{stream}_order as later
        where (later.member, later.record_id) = (stated.member, stated.record_id)
          and (later.revision, later.life, later.seq, later.sha256)
              > (stated.revision, stated.life, stated.seq, stated.sha256))
"""
ORDER = """
create view {stream}_order as select member, record_id, revision, life, seq, sha256 from {stream}_revision;
grant select on {stream}_order to interfocal_views;
"""
"""Whoever is not shown the newest revision of a record is not shown an earlier one either, so all have to be looked at.
Each row is looked up by its record: a subquery over all of them is hashed only as long as it fits into memory."""
SHOWN = f"{READER} is not null and (stated.member = {READER} or {RELEASED} and {IN_TIME})"
"""The rules of ``schemas/handling/rules.py``, as SQL; a test holds them against each other."""

REQUEST_STANDS = """
    not exists (select from public.request_expired as over
        where (over.requester, over.trace_id) = (told.requester, told.trace_id))
"""
OWN_HOP = f"(told.requester = {READER} or told.accountable = {READER} and {REQUEST_STANDS})"
OWN_TRACE = f"""
    (told.requester = {READER} or exists (select from public.trace_hop as hop
        where (hop.requester, hop.trace_id) = (told.requester, told.trace_id) and hop.accountable = {READER})
     and {REQUEST_STANDS})
"""
REQUEST_EXPIRED = """
create view request_expired as
    select requester, trace_id from trace_act as stated
    where act = 'request' and standing <> 'set_aside' and expires_at is not null
      and (expires_at <= statement_timestamp() or exists (select from ended_term as ended
          where (ended.kind, ended.subject, ended.until) = ('expiry', stated.event_id, stated.expires_at)));
"""
HIDDEN_SOURCE = """
create function rests_on_hidden(of_decision text, reader text) returns boolean language sql stable
security definer set search_path = pg_catalog, public, pg_temp as $$
    select exists (
        select from public.decision, jsonb_array_elements(coalesce(body -> 'sources', '[]')) as source
        where event_id = of_decision and source ->> 'member' <> reader
          and (jsonb_typeof(source #> '{handling,releasable_to}') = 'array'
                   and not source #> '{handling,releasable_to}' ? reader
               or (source #>> '{handling,embargo_until}')::timestamptz > recorded_at
               or (source #>> '{handling,expires_at}')::timestamptz <= recorded_at))
$$;
"""

COMMON = (
    f"{KEYS}, event_id, status, exercise, own_reference, occurred_at, recorded_at, releasable_to, embargo_until,"
    " expires_at"
)
MARKS = "make, model, calibre, serial, serial_state"
BODY = f"case when member = {READER} then body - 'sealed' else body - array['sealed', 'source'] end as body"
SAME = """
    (stated.member, stated.record_id, stated.revision, stated.sha256)
        = ({row}.member, {row}.record_id, {row}.revision, {row}.sha256)
"""
SHOWN_NOW = {stream: f"{SHOWN} and {NEWEST.format(stream=stream)}" for stream in ("seizure", "missing")}


def shown_row(stream: str, row: str) -> str:
    """SQL: whether a row belongs to a revision that is shown."""
    same = SAME.format(row=row)
    return f"exists (select from public.{stream}_revision as stated where {same} and {SHOWN_NOW[stream]})"


def known_row(stream: str, row: str) -> str:
    """SQL: whether row-level security leaves the revision that a row belongs to."""
    same = SAME.format(row=row)
    return f"exists (select from public.{stream}_revision as stated where {same})"


VIEWS = f"""
create view reading.seizure_in_view with (security_barrier) as
    select {COMMON}, border_point, area, context, acquisition_mode, {BODY}
    from public.seizure_revision as stated
    where {SHOWN_NOW["seizure"]};
create view reading.missing_in_view with (security_barrier) as
    select {COMMON}, type, since, weapon_class, {MARKS}, state, {BODY}
    from public.missing_revision as stated
    where {SHOWN_NOW["missing"]};
create view reading.item_revision with (security_barrier) as
    select {KEYS}, place, item_id, kind, quantity, weapon_class, {MARKS}, disposition, body
    from public.item_revision as item where {shown_row("seizure", "item")};
create view reading.mark_key with (security_barrier) as
    select stream, {KEYS}, place, number, kind, value from public.mark_key as key
    where stream = 'seizure' and {shown_row("seizure", "key")} or stream = 'missing' and {shown_row("missing", "key")};
create view reading.trace_hop with (security_barrier) as
    select requester, trace_id, hop, state, accountable,
        case when public.rests_on_hidden(decision_id, {READER}) then 'related_record' else rule end as rule
    from public.trace_hop as told where {OWN_HOP};
create view reading.trace with (security_barrier) as
    select requester, trace_id, own_reference, priority, recorded_at,
        case when whole then told.state else last.state end as state,
        case when whole then outcome end as outcome,
        case when whole then last_hop else last.hop end as last_hop
    from (select *, requester = {READER} as mine from public.trace) as told
    left join lateral (select hop.hop, hop.state from reading.trace_hop as hop
        where (hop.requester, hop.trace_id) = (told.requester, told.trace_id)
        order by hop.hop desc limit 1) as last on true
    cross join lateral (select mine or last.hop = last_hop as whole) as knows
    where {OWN_TRACE};
"""
READ = ("seizure_in_view", "missing_in_view", "item_revision", "mark_key", "trace_hop", "trace")
RELATED_OF = f"""
    select stated.member from public.mark_key as key
    join public.{{stream}}_revision as stated using ({KEYS})
    where key.stream = '{{stream}}' and key.value = any (numbers) and {READER} is not null and stated.status = 'active'
      and stated.member <> {READER} and stated.releasable_to is not null
      and not {READER} = any (stated.releasable_to) and {IN_TIME} and {{newest}}
"""
RELATED = f"""
create function reading.related_members(numbers text[]) returns setof text language sql stable {SAFE} as $$
    {" union ".join(RELATED_OF.format(stream=name, newest=NEWEST.format(stream=name)) for name in SHOWN_NOW)} order by 1
$$;
"""

POLICIES = {
    "seizure_revision": SHOWN_NOW["seizure"].replace("stated.", "seizure_revision."),
    "missing_revision": SHOWN_NOW["missing"].replace("stated.", "missing_revision."),
    "item_revision": known_row("seizure", "item_revision"),
    "mark_key": (
        f"stream = 'seizure' and {known_row('seizure', 'mark_key')}"
        f" or stream = 'missing' and {known_row('missing', 'mark_key')}"
    ),
    "trace": OWN_TRACE.replace("told.", "trace."),
    "trace_hop": OWN_HOP.replace("told.", "trace_hop."),
}
POLICY = """
alter table {table} enable row level security;
alter table {table} force row level security;
create policy region_itself on {table} to current_user using (true) with check (true);
create policy members_read on {table} for select to interfocal_views using ({using});
grant select on {table} to interfocal_views;
"""
DECIDING = ("public.rests_on_hidden(text, text)", "reading.related_members(text[])")


def upgrade() -> None:
    """Make policies, views and functions, and give the rights to them."""
    op.execute(REQUEST_EXPIRED + HIDDEN_SOURCE + "create schema reading;")
    for stream in SHOWN_NOW:
        op.execute(ORDER.format(stream=stream))
    for table, using in POLICIES.items():
        op.execute(POLICY.format(table=table, using=using))
    op.execute(
        "grant select on ended_term, request_expired to interfocal_views;"
        "grant usage, create on schema reading to interfocal_views;" + VIEWS + RELATED + MAY_GIVE_AWAY
    )
    for name in READ:
        op.execute(f"grant select on reading.{name} to interfocal_reading")
        op.execute(f"alter view reading.{name} owner to interfocal_views")
    op.execute(MAY_NO_MORE + "revoke create on schema reading from interfocal_views")
    for name in DECIDING:
        op.execute(f"revoke all on function {name} from public; grant execute on function {name} to interfocal_reading")
    op.execute("grant execute on function reading_member(), rests_on_hidden(text, text) to interfocal_views")
    op.execute("grant usage on schema reading to interfocal_reading")


def downgrade() -> None:
    """Take them away."""
    op.execute("drop schema reading cascade")
    for table in reversed(POLICIES):
        op.execute(
            f"drop policy members_read on {table}; drop policy region_itself on {table};"
            f"alter table {table} disable row level security; alter table {table} no force row level security;"
            f"revoke all on {table} from interfocal_views;"
        )
    op.execute(
        "drop function rests_on_hidden; revoke all on function reading_member() from interfocal_views;"
        "revoke all on ended_term from interfocal_views;"
        "drop view seizure_order; drop view missing_order; drop view request_expired;"
    )
