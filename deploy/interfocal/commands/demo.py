"""``interfocal demo``: the main job, all of it. It changes with what the demo can be told."""

from pathlib import Path
from typing import Annotated

import typer

from interfocal.demo.run import Demo
from interfocal.demo.screen import Screen
from interfocal.installation.region_folder import open_region

Once = Annotated[bool, typer.Option("--once", help="End after the scenario; exit 0 only if every promise held")]
Region = Annotated[Path | None, typer.Option(help="A region's folder: directory, mappings, samples")]
Records = Annotated[Path | None, typer.Option(help="A file of records to run on, instead of the region's samples")]
Brokers = Annotated[int, typer.Option("--brokers", help="Of Kafka: 1 or 3")]
Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder for everything that the demo makes")]


def register(app: typer.Typer) -> None:
    """Add the command ``demo``."""
    app.command("demo")(demo)


def demo(
    once: Once = False, region: Region = None, records: Records = None, brokers: Brokers = 1, var: Var = Path("var")
) -> None:
    """Run the whole exchange on this machine: real Kafka, real PostgreSQL, every member, the region."""
    held = Demo(var.resolve(), open_region(region), records, Screen(), brokers).run(once=once)
    if not held:
        raise typer.Exit(1)
