"""``interfocal doctor``: what is wrong, and the next command to type. It changes with how findings are shown."""

import json
from dataclasses import asdict
from pathlib import Path

import typer

from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.doctor.examination import Examination, examine
from interfocal.doctor.finding import Finding
from interfocal.installation.settings import environment
from interfocal.limits import limits_of
from interfocal.listing import print_footnotes

OURS = "interfocal "


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("doctor")(doctor)


def doctor(as_json: AsJson = False, var: Var = HERE) -> None:
    """Look at everything, and say for each thing that is wrong what to type next; exit 1 when something is."""
    examination = examine(var.resolve())
    if as_json:
        typer.echo(json.dumps(document(examination, var), indent=2, ensure_ascii=False))
    else:
        show(examination, var)
    if examination.findings:
        raise typer.Exit(1)


def show(examination: Examination, var: Path) -> None:
    """One line a finding, then what was not looked at, and the footnotes of members that were named."""
    for finding in examination.findings:
        typer.echo(f"{printable(finding.sentence).plain}  ->  {command_of(finding, var)}")
    if examination.left_out:
        typer.echo(f"Not looked at, because of that: {', '.join(examination.left_out)}.")
    typer.echo(verdict(examination))
    print_footnotes(footnotes(examination))


def verdict(examination: Examination) -> str:
    """How many things are wrong."""
    count = len(examination.findings)
    if not count:
        return f"Nothing is wrong: {examination.made} checks were made."
    return "One thing is wrong." if count == 1 else f"{count} things are wrong."


def document(examination: Examination, var: Path) -> dict[str, object]:
    """The same for programs."""
    found = [asdict(finding) | {"command": command_of(finding, var)} for finding in examination.findings]
    installation = examination.subject.installation
    return {
        "findings": found,
        "left_out": list(examination.left_out),
        "limits": limits_of(installation.directory if installation else None),
        "footnotes": footnotes(examination),
    }


def command_of(finding: Finding, var: Path) -> str:
    """The command as it has to be typed here: for another folder than ``var`` with its name."""
    named = var.resolve() != HERE.resolve() and not environment("INTERFOCAL_VAR")
    return f"{finding.command} --var {var}" if named and finding.command.startswith(OURS) else finding.command


def footnotes(examination: Examination) -> dict[str, str]:
    """Of the members that findings name."""
    installation = examination.subject.installation
    named = {code for finding in examination.findings for code in finding.members}
    return installation.directory.footnotes(named) if installation else {}
