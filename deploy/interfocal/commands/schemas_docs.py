"""``interfocal schemas docs``: the data set as static pages. It changes with what it prints."""

from pathlib import Path
from typing import Annotated

import typer

from interfocal.contract.pages.region import shown_region
from interfocal.contract.pages.site import Contract, site
from interfocal.contract.pages.written import write_site
from interfocal.installation.region_folder import open_region
from schemas.codes.lists import load_code_lists
from schemas.wire.catalogue import avro_folder, read_versions
from schemas.wire.release import read_released

PAGES = Path("data-set")

Target = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the pages are written.")]
Region = Annotated[
    Path | None, typer.Option("--region", help="The region whose members and places are told; else the default one.")
]


def write_docs(folder: Target = PAGES, region: Region = None) -> None:
    """Write the data set as static pages: events, fields, code lists in every language, examples, a search.

    They need no server: open index.html. What an earlier run wrote into the folder is replaced.
    """
    avro = avro_folder()
    contract = Contract(read_versions(avro), read_released(avro), avro, load_code_lists())
    files = site(contract, shown_region(open_region(region)))
    write_site(folder, files)
    pages = sum(path.endswith(".html") for path in files)
    typer.echo(f"{pages} pages are written; open {folder / 'index.html'}.")
