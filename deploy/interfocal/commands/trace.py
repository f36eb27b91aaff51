"""``interfocal trace``: traces as the region or a desk sees them, and what is said in them. It changes with the group.

Without ``--as`` the region's database is asked, with it the desk of that member.
"""

from typing import Annotated

import typer

from consumers.tracing.reading import Wanted
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.commands import trace_region
from interfocal.commands.desk_acts import add_acts
from interfocal.commands.desk_traces import DeskAsked, explain_trace_of, list_traces_of, show_trace_of
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.commands.trace_region import Asker, Duty, RegionAsked, State
from interfocal.listing import Form, form_of
from schemas.errors import Misconfigured

HELP = "List, show and explain traces; open them and answer them at a desk; route what no rule decides."

Desk = Annotated[str | None, typer.Option("--as", help="As the desk of this member knows it; else as the region does.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print it as CSV; only with --as.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_traces)
    app.command("show")(show_trace)
    app.command("explain")(explain_trace)
    app.command("route")(trace_region.route_trace)
    add_acts(app)
    program.add_typer(app, name="trace")


def list_traces(
    member: Desk = None,
    state: State = None,
    asker: Asker = None,
    duty: Duty = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 100,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """List the traces of the region, or those of one desk, the newest first."""
    form, said = form_of(as_json=as_json, as_csv=as_csv), Said(person, purpose, case)
    if member is None:
        if form is Form.CSV:
            raise Misconfigured("--csv is for the traces of a desk: say --as XX, or `interfocal view traces --csv`")
        trace_region.list_traces(
            RegionAsked(var, said, as_json=as_json), Wanted(state, asker.upper() if asker else None, duty), limit
        )
        return
    if duty:
        raise Misconfigured("the duty officer's list is the region's: leave out --as")
    list_traces_of(DeskAsked(var, member, form, said), state, asker, limit)


def show_trace(
    trace: Annotated[str, typer.Argument(help="The trace's id, its beginning, or the asker's own reference.")],
    member: Desk = None,
    as_json: AsJson = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Show one trace: its hops and its acts; of a desk those that it has seen or sent, marks with their match keys."""
    said = Said(person, purpose, case)
    if member is None:
        trace_region.show_trace(RegionAsked(var, said, as_json=as_json), trace)
    else:
        show_trace_of(DeskAsked(var, member, form_of(as_json=as_json, as_csv=False), said), trace)


def explain_trace(
    trace: Annotated[str, typer.Argument(help="The trace's id, its beginning, or the asker's own reference.")],
    member: Desk = None,
    as_json: AsJson = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Explain why a trace went where it went; for a desk with the evidence that it was shown."""
    said = Said(person, purpose, case)
    if member is None:
        trace_region.explain_trace(RegionAsked(var, said, as_json=as_json), trace)
    else:
        explain_trace_of(DeskAsked(var, member, form_of(as_json=as_json, as_csv=False), said), trace)
