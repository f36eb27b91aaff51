"""A second person for who would be shown much of the view at once: proposals, and the functions for them.

A proposal is a question, word for word, with how many rows it had found. Confirmed by another person of the same
member, it is good for one reading by who made it, within a day.
"""

from alembic import op

revision = "0040_second_person"
down_revision = "0034_expected_receipts"
branch_labels = None
depends_on = None

PROPOSALS = """
create table export_proposal (
    number integer generated always as identity primary key,
    member text not null,
    person text not null,
    purpose text not null,
    of_case text not null,
    question jsonb not null,
    found integer not null,
    proposed_at timestamptz not null default now(),
    confirmed_by text,
    confirmed_at timestamptz,
    used_at timestamptz
);
create index export_proposal_open on export_proposal (member, number) where used_at is null;
"""

SAFE = "security definer set search_path = pg_catalog, public, pg_temp"
PLAIN = "set search_path = pg_catalog, public, pg_temp"
OPEN = "used_at is null and proposed_at > statement_timestamp() - interval '1 day'"
FUNCTIONS = f"""
create function export_asked(told json, of_question jsonb, of_found integer,
    out of_number integer, out confirmed text) language plpgsql {PLAIN} as $$
begin
    select number, confirmed_by into of_number, confirmed from public.export_proposal
        where {OPEN} and (member, person, purpose, of_case, question)
            = (told ->> 'member', told ->> 'person', told ->> 'purpose', told ->> 'case', of_question)
        order by confirmed_at nulls last, number limit 1 for update;
    if confirmed is not null then
        update public.export_proposal set used_at = clock_timestamp() where number = of_number;
    elsif of_number is null then
        insert into public.export_proposal (member, person, purpose, of_case, question, found)
            values (told ->> 'member', told ->> 'person', told ->> 'purpose', told ->> 'case', of_question, of_found)
            returning number into of_number;
    end if;
end
$$;

create function export_waiting(of_member text) returns setof export_proposal language sql stable {PLAIN} as $$
    select * from public.export_proposal where member = of_member and {OPEN} and confirmed_by is null order by number
$$;

create function export_confirmed(told json, of_number integer) returns text language plpgsql {PLAIN} as $$
declare
    made_by text;
begin
    select person into made_by from public.export_waiting(told ->> 'member') where number = of_number;
    if made_by is null or made_by = told ->> 'person' then
        return made_by;
    end if;
    update public.export_proposal set confirmed_by = told ->> 'person', confirmed_at = clock_timestamp()
        where number = of_number and confirmed_by is null;
    if not found then
        return null;
    end if;
    perform public.audit_append('alteration', told);
    return made_by;
end
$$;

create function reading_member_of(token_sha256 text) returns text language sql stable {SAFE} as $$
    select member from public.read_token as token where token.sha256 = token_sha256 and token.revoked_at is null
$$;

create function reading_export(of_question jsonb, of_found integer, out of_number integer, out confirmed text)
language plpgsql {SAFE} as $$
declare
    asked public.reading_ticket;
begin
    select * into asked from public.reading_ticket
        where pid = pg_backend_pid() and used_in = pg_current_xact_id_if_assigned();
    if asked.member is null then
        raise exception 'nothing is being read here';
    end if;
    select made.of_number, made.confirmed into of_number, confirmed
        from public.export_asked(public.reading_told(asked, '[]', '{{}}'), of_question, of_found) as made;
end
$$;

create function reading_exports(token_sha256 text) returns setof export_proposal language sql stable {SAFE} as $$
    select waiting.* from public.export_waiting(public.reading_member_of(token_sha256)) as waiting
$$;

create function reading_confirm(token_sha256 text, person text, purpose text, of_case text, of_number integer)
returns text language sql {SAFE} as $$
    select public.export_confirmed(json_build_object('person', person,
        'member', public.reading_member_of(token_sha256), 'purpose', purpose, 'case', of_case, 'recipients', '[]'::json,
        'what', json_build_object('export_confirmed', of_number)), of_number)
$$;
"""

OWN = (
    "export_asked(json, jsonb, integer)",
    "export_waiting(text)",
    "export_confirmed(json, integer)",
)
READING = (
    "reading_member_of(text)",
    "reading_export(jsonb, integer)",
    "reading_exports(text)",
    "reading_confirm(text, text, text, text, integer)",
)


def upgrade() -> None:
    """Make the table and the functions, and give the rights to them."""
    op.execute(PROPOSALS + FUNCTIONS)
    for name in (*OWN, *READING):
        op.execute(f"revoke all on function {name} from public")
    for name in READING:
        op.execute(f"grant execute on function {name} to interfocal_reading")


def downgrade() -> None:
    """Take them away."""
    for name in reversed((*OWN, *READING)):
        op.execute(f"drop function {name}")
    op.execute("drop table export_proposal")
