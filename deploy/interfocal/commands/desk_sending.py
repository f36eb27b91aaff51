"""Sends what was said on the command line, and prints what became of it. It changes with what is printed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from interfocal.commands.desk_printing import print_json, print_notes
from interfocal.desk.acts import DeskActs, How
from interfocal.installation.installation import open_installation
from interfocal.limits import say_exercise
from producers.intake.result import Result
from producers.mapping.shape import SEALED_PART
from schemas.errors import Rejected

SealedFile = Annotated[
    Path | None,
    typer.Option("--sealed", help="JSON of what only the addressee may read: case_details, persons, contacts ..."),
]
OUT_OF_TURN = (
    "As far as this desk knows, {act} is out of turn: hop {hop} is {state}."
    " It is kept in the trace and changes nothing."
)


@dataclass(frozen=True, slots=True)
class Sending:
    """Who says it, under which own reference and handling, what is to be sealed, and how the answer is printed."""

    var: Path
    member: str
    reference: str | None = None
    handling: Sequence[str] = ()
    as_json: bool = False
    sealed: Path | None = None

    def desk(self) -> DeskActs:
        """The desk; raises Misconfigured, BrokerAway or StoreAway naming what is missing."""
        return DeskActs(open_installation(self.var), self.member)

    def request(self, record: Mapping[str, Any]) -> None:
        """Open a trace with a harmonised request; exit 1 where it is rejected."""
        desk = self.desk()
        reference = {"national_id": self.reference, "own_reference": self.reference} if self.reference else {}
        handling = {"handling": {"codes": list(self.handling)}} if self.handling else {}
        sealed = {SEALED_PART: part} if (part := sealed_part(self.sealed)) else {}
        self._tell(desk, "request", desk.open({**record, **reference, **handling, **sealed}))

    def act(self, trace: str, act: str, part: Mapping[str, Any]) -> None:
        """Say an act of a trace; exit 1 where it is rejected."""
        desk = self.desk()
        known = desk.find(trace)
        hop = (known.last_hop if known.asks else known.own_hop) or known.last_hop
        if not known.is_in_turn(act, hop):
            typer.echo(OUT_OF_TURN.format(act=act, hop=hop, state=known.state.value), err=True)
        handling = {"codes": list(self.handling)} if self.handling else None
        name = f"{known.key.requester}/{known.key.trace_id}"
        how = How(self.reference, handling, sealed_part(self.sealed))
        self._tell(desk, act, desk.say(name, act, part, how))

    def _tell(self, desk: DeskActs, act: str, answer: Result) -> None:
        directory = desk.installation.directory
        if self.as_json:
            print_json(answer.model_dump(mode="json"), directory)
        elif answer.event_id:
            again = " (said before: nothing happened)" if answer.outcome == "unchanged" else ""
            typer.echo(f"{desk.code}: {act} accepted{again}")
            typer.echo(f"event {answer.event_id}")
            typer.echo(f"trace {answer.trace_id}")
            typer.echo(f"reference {answer.national_id}")
            print_notes([desk.code, answer.national_id], directory)
        else:
            say_exercise(directory)
            for sentence in sentences(answer):
                typer.echo(f"rejected: {sentence}", err=True)
        if not answer.event_id:
            raise typer.Exit(1)


def sealed_part(file: Path | None) -> dict[str, Any] | None:
    """What a file holds that is to be sealed; raises Rejected for what is no JSON object, and quotes nothing of it."""
    if file is None:
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Rejected(f"{file} cannot be read: {error.strerror}") from error
    except ValueError:
        raise Rejected(f"{file.name} is not JSON in UTF-8", code="malformed_file") from None
    if not isinstance(found, dict):
        raise Rejected(f"{file.name} has to hold one JSON object: a sealed part", code="malformed_record")
    return found


def sentences(answer: Result) -> list[str]:
    """Why intake rejected a record, a sentence a problem, each beginning with its field."""
    found = [(problem.parameters.get("field", ""), problem.message) for problem in answer.problems]
    return [message if not field or field in message else f"{field}: {message}" for field, message in found]
