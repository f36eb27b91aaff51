"""What members read: views that show a reader what handling allows, row-level security behind them, and read tokens.

``interfocal_views`` owns the views and reads the tables by row-level security; ``interfocal_reading`` has the views and
the functions, and no table. Whoever reads has to ask first: a transaction that is logged and committed gives a ticket,
and another one, with that ticket, is shown what the member of its token may see.
"""

from alembic import op

revision = "0022_reading"
down_revision = "0020_terms"
branch_labels = None
depends_on = "0021_audit"

ROLES = """
do $$
declare
    name text;
begin
    foreach name in array array['interfocal_views', 'interfocal_reading'] loop
        if not exists (select from pg_roles where rolname = name) then
            begin
                execute format('create role %I nologin', name);
            exception when duplicate_object or unique_violation then
                null;  -- made meanwhile for another database of this server
            end;
        end if;
    end loop;
end
$$;
"""

IF_BOUND = """
do $$ begin
    if not (select rolsuper from pg_roles where rolname = current_user) then {statement}; end if;
end $$;
"""
MAY_GIVE_AWAY = IF_BOUND.format(statement="grant interfocal_views to current_user")
MAY_NO_MORE = IF_BOUND.format(statement="revoke interfocal_views from current_user")
"""The owner of the tables is no member of ``interfocal_views``: its policies would bind the owner as well."""

TOKENS = """
create table read_token (
    number integer generated always as identity primary key,
    member text not null,
    desk text not null,
    sha256 text not null unique,
    issued_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table reading_ticket (
    ticket bigint primary key,
    sha256 text not null,
    person text not null,
    member text not null,
    purpose text not null,
    of_case text not null,
    asked_in xid8 not null,
    pid integer,
    used_in xid8
);
"""

SAFE = "security definer set search_path = pg_catalog, public, pg_temp"
FUNCTIONS = f"""
create function reading_member() returns text language sql stable {SAFE} as $$
    select member from public.reading_ticket
    where pid = pg_backend_pid() and used_in = pg_current_xact_id_if_assigned()
$$;

create function reading_told(asked public.reading_ticket, recipients json, what json) returns json
language sql immutable set search_path = pg_catalog as $$
    select json_build_object('person', asked.person, 'member', asked.member, 'purpose', asked.purpose,
        'case', asked.of_case, 'recipients', recipients, 'what', what)
$$;

create function reading_ask(token_sha256 text, person text, purpose text, of_case text, what json)
returns bigint language plpgsql {SAFE} as $$
declare
    asked public.reading_ticket;
begin
    select token.sha256, token.member into asked.sha256, asked.member
        from public.read_token as token where token.sha256 = token_sha256 and token.revoked_at is null;
    if asked.member is null then
        return null;
    end if;
    if person is null or purpose is null or of_case is null then
        raise exception 'whoever reads says who, why and for which case';
    end if;
    asked.person := person;
    asked.purpose := purpose;
    asked.of_case := of_case;
    asked.asked_in := pg_current_xact_id();
    asked.ticket := (public.audit_append('consultation', public.reading_told(asked, '[]', what))).entry_number;
    insert into public.reading_ticket select asked.*;
    return asked.ticket;
end
$$;

create function reading_begin(token_sha256 text, of_ticket bigint) returns text language sql {SAFE} as $$
    update public.reading_ticket set pid = pg_backend_pid(), used_in = pg_current_xact_id()
    where ticket = of_ticket and sha256 = token_sha256 and used_in is null and asked_in <> pg_current_xact_id()
        and exists (select from public.read_token as token
            where token.sha256 = token_sha256 and token.revoked_at is null)
        and public.reading_member() is null
    returning member
$$;

create function reading_end(what json, out entry_number bigint, out entry_hash text) language plpgsql {SAFE} as $$
declare
    asked public.reading_ticket;
begin
    delete from public.reading_ticket
        where pid = pg_backend_pid() and used_in = pg_current_xact_id_if_assigned() returning * into asked;
    if asked.member is null then
        raise exception 'nothing is being read here';
    end if;
    select logged.entry_number, logged.entry_hash into entry_number, entry_hash
        from public.audit_append('disclosure',
            public.reading_told(asked, json_build_array(asked.member), what)) as logged;
end
$$;
"""

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
VIEWS = f"""
create view reading.seizure_in_view with (security_barrier) as
    select {COMMON}, border_point, area, context, acquisition_mode, {BODY}
    from public.seizure_revision as stated
    where ({KEYS}) in (select {KEYS} from public.seizure_current) and {SHOWN};
create view reading.missing_in_view with (security_barrier) as
    select {COMMON}, type, since, weapon_class, {MARKS}, state, {BODY}
    from public.missing_revision as stated
    where ({KEYS}) in (select {KEYS} from public.missing_current) and {SHOWN};
create view reading.item_revision with (security_barrier) as
    select {KEYS}, place, item_id, kind, quantity, weapon_class, {MARKS}, disposition, body
    from public.item_revision where ({KEYS}) in (select {KEYS} from reading.seizure_in_view);
create view reading.mark_key with (security_barrier) as
    select stream, {KEYS}, place, number, kind, value from public.mark_key
    where stream = 'seizure' and ({KEYS}) in (select {KEYS} from reading.seizure_in_view)
       or stream = 'missing' and ({KEYS}) in (select {KEYS} from reading.missing_in_view);
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
RELATED = f"""
create function reading.related_members(numbers text[]) returns setof text language sql stable {SAFE} as $$
    select distinct stated.member
    from (select stream, {KEYS}, value from public.mark_key where value = any (numbers)) as key
    join (select 'seizure' as stream, {KEYS}, event_id, status, releasable_to, embargo_until, expires_at
              from public.seizure_current
          union all select 'missing', {KEYS}, event_id, status, releasable_to, embargo_until, expires_at
              from public.missing_current) as stated using (stream, {KEYS})
    where {READER} is not null and stated.status = 'active' and stated.member <> {READER}
      and stated.releasable_to is not null and not {READER} = any (stated.releasable_to) and {IN_TIME}
    order by 1
$$;
"""

POLICIES = {
    "seizure_revision": f"{SHOWN} and ({KEYS}) in (select {KEYS} from public.seizure_current)",
    "missing_revision": f"{SHOWN} and ({KEYS}) in (select {KEYS} from public.missing_current)",
    "item_revision": f"({KEYS}) in (select {KEYS} from public.seizure_revision)",
    "mark_key": (
        f"stream = 'seizure' and ({KEYS}) in (select {KEYS} from public.seizure_revision)"
        f" or stream = 'missing' and ({KEYS}) in (select {KEYS} from public.missing_revision)"
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
ASKING = (
    "public.reading_ask(text, text, text, text, json)",
    "public.reading_begin(text, bigint)",
    "public.reading_end(json)",
    "public.reading_member()",
    "public.rests_on_hidden(text, text)",
    "reading.related_members(text[])",
)


def upgrade() -> None:
    """Make roles, tokens, policies, views and functions, and give the rights to them."""
    op.execute(ROLES + TOKENS + FUNCTIONS + REQUEST_EXPIRED + HIDDEN_SOURCE + "create schema reading;")
    for table, using in POLICIES.items():
        stated = using.replace("stated.", f"{table}.")
        op.execute(POLICY.format(table=table, using=stated))
    op.execute(
        f"grant select ({KEYS}) on seizure_current, missing_current to interfocal_views;"
        "grant select on ended_term, request_expired to interfocal_views;"
        "grant select on alembic_version to interfocal_reading;"
        "grant usage, create on schema reading to interfocal_views;" + VIEWS + RELATED
    )
    op.execute(MAY_GIVE_AWAY)
    for name in READ:
        op.execute(f"grant select on reading.{name} to interfocal_reading")
        op.execute(f"alter view reading.{name} owner to interfocal_views")
    op.execute(MAY_NO_MORE)
    op.execute(
        "revoke create on schema reading from interfocal_views; grant usage on schema reading to interfocal_reading;"
    )
    op.execute("revoke all on function reading_told(reading_ticket, json, json) from public;")
    for name in ASKING:
        op.execute(
            f"revoke all on function {name} from public; grant execute on function {name} to interfocal_reading;"
        )
    op.execute("grant execute on function reading_member(), rests_on_hidden(text, text) to interfocal_views;")


def downgrade() -> None:
    """Take them away; the roles stay, for other databases of the server may use them."""
    op.execute("drop schema reading cascade;")
    for table in reversed(POLICIES):
        op.execute(
            f"drop policy members_read on {table}; drop policy region_itself on {table};"
            f"alter table {table} disable row level security; alter table {table} no force row level security;"
            f"revoke all on {table} from interfocal_views;"
        )
    op.execute(
        "drop function rests_on_hidden; drop function reading_end; drop function reading_begin;"
        "drop function reading_ask; drop function reading_told; drop function reading_member;"
        "revoke all on alembic_version from interfocal_reading;"
        "revoke all on seizure_current, missing_current, ended_term from interfocal_views;"
        f"revoke select ({KEYS}) on seizure_current, missing_current from interfocal_views;"
        "drop view request_expired; drop table reading_ticket; drop table read_token;"
    )
