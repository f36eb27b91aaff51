"""How members read: read tokens, and the functions by which a reader asks, begins and ends.

Whoever reads has to ask first: a transaction that is logged and committed gives a ticket, and another one, with that
ticket, is shown what the member of its token may see (``0023_shown``). The role ``interfocal_reading`` has these
functions and no table.
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

ASKING = (
    "reading_ask(text, text, text, text, json)",
    "reading_begin(text, bigint)",
    "reading_end(json)",
    "reading_member()",
)


def upgrade() -> None:
    """Make roles, tokens and functions, and give the rights to them."""
    op.execute(ROLES + TOKENS + FUNCTIONS)
    op.execute("revoke all on function reading_told(reading_ticket, json, json) from public")
    for name in ASKING:
        op.execute(f"revoke all on function {name} from public; grant execute on function {name} to interfocal_reading")
    op.execute("grant select on alembic_version to interfocal_reading")


def downgrade() -> None:
    """Take them away; the roles stay, for other databases of the server may use them."""
    op.execute(
        "revoke all on alembic_version from interfocal_reading;"
        "drop function reading_end; drop function reading_begin; drop function reading_ask; drop function reading_told;"
        "drop function reading_member; drop table reading_ticket; drop table read_token;"
    )
