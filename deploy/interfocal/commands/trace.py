"""``interfocal trace``: traces as the region or a desk sees them, and what is said in them. It changes with the group.

Without ``--as`` the region's database is asked, with it the desk of that member.
"""

from typing import Annotated

import typer

from interfocal.commands import trace_region
from interfocal.commands.desk_acts import add_acts
from interfocal.commands.desk_traces import DeskAsked, explain_trace_of, list_traces_of, show_trace_of
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.commands.trace_region import Asker, Duty, State, TraceName
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
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 1000,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    var: Var = HERE,
) -> None:
    """List the traces of the region, or those of one desk, the newest first."""
    form = form_of(as_json=as_json, as_csv=as_csv)
    if member is None:
        if form is Form.CSV:
            raise Misconfigured("--csv is for the traces of a desk: say --as XX, or `interfocal view traces --csv`")
        trace_region.list_traces(state, asker, duty, limit, as_json, var)
        return
    if duty:
        raise Misconfigured("the duty officer's list is the region's: leave out --as")
    list_traces_of(DeskAsked(var, member, form), state, asker, limit)


def show_trace(trace: TraceName, member: Desk = None, as_json: AsJson = False, var: Var = HERE) -> None:
    """Show one trace: its hops and its acts; of a desk those that it has seen or sent, marks with their match keys."""
    if member is None:
        trace_region.show_trace(trace, as_json, var)
    else:
        show_trace_of(DeskAsked(var, member, form_of(as_json=as_json, as_csv=False)), trace)


def explain_trace(trace: TraceName, member: Desk = None, as_json: AsJson = False, var: Var = HERE) -> None:
    """Explain why a trace went where it went; for a desk with the evidence that it was shown."""
    if member is None:
        trace_region.explain_trace(trace, as_json, var)
    else:
        explain_trace_of(DeskAsked(var, member, form_of(as_json=as_json, as_csv=False)), trace)
