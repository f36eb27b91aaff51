"""Options for marks and codes that several commands of a desk share. It changes with the marks that may be said."""

from typing import Annotated

import typer

Make = Annotated[str | None, typer.Option("--make", help="Maker, as read.")]
Model = Annotated[str | None, typer.Option("--model", help="Model, as read.")]
Calibre = Annotated[str | None, typer.Option("--calibre", help="Calibre, as read.")]
TypeAsRead = Annotated[str | None, typer.Option("--type-as-read", help="Kind of weapon, as written down.")]
Serial = Annotated[
    str | None, typer.Option("--serial", help="Number as read, any script; ? one unknown sign, * an unknown run.")
]
SerialPlace = Annotated[
    str | None, typer.Option("--serial-place", help="Where the number is stamped, a code of number-place.")
]
SerialState = Annotated[
    str | None, typer.Option("--state", help="How well the number could be read, a code of serial-state.")
]
Imports = Annotated[
    list[str] | None, typer.Option("--import-mark", help="Import mark, XX or XX:YEAR; repeatable, the order as read.")
]
