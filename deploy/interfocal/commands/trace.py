"""``interfocal trace``: traces as the region sees them, and what its duty officer decides. It changes with the group.

Without ``--as`` the region's database is asked.
"""

import typer

from interfocal.commands.trace_region import explain_trace, list_traces, route_trace, show_trace

HELP = "List, show and explain traces; route what no rule decides."


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_traces)
    app.command("show")(show_trace)
    app.command("explain")(explain_trace)
    app.command("route")(route_trace)
    program.add_typer(app, name="trace")
