"""``interfocal trace open``: a focal point asks for a trace. It changes with what a request may say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from interfocal.commands.desk_marks import (
    Calibre,
    Imports,
    Make,
    Model,
    Serial,
    SerialPlace,
    SerialState,
    TypeAsRead,
)
from interfocal.commands.desk_sending import SealedFile, Sending
from interfocal.commands.submit import HERE, As, AsJson, Var
from interfocal.desk.parts import MarksSaid, NumberSaid, request_record, stated
from schemas.errors import Rejected

FILE = typer.Option("--file", help="A harmonised request as JSON, in place of the options.")
Reference = Annotated[
    str | None, typer.Option("--reference", help="Own reference of the request; the same one again is a repeat.")
]
HandlingCodes = Annotated[list[str] | None, typer.Option("--handling", help="Handling code, H0 to H3; repeatable.")]
SeizureId = Annotated[str | None, typer.Option("--seizure", help="National id of the seizure that it is about.")]
ItemKey = Annotated[str | None, typer.Option("--item", help="Key of the item in that seizure; the first without.")]
WeaponClass = Annotated[str | None, typer.Option("--class", help="Kind of weapon, a code of weapon-class.")]
Priority = Annotated[str | None, typer.Option("--priority", help="urgent, or routine (when nothing is said).")]
UrgentReason = Annotated[str | None, typer.Option("--urgent-reason", help="Why it is urgent, a code of urgent-reason.")]
IllicitGround = Annotated[
    str | None, typer.Option("--illicit-ground", help="Why it is illicit, a code of illicit-ground.")
]
IntendedUse = Annotated[str | None, typer.Option("--use", help="What the answer is for, a code of intended-use.")]
DomesticTrace = Annotated[
    str | None, typer.Option("--domestic", help="What the own register said, a code of domestic-trace.")
]
MadeIn = Annotated[str | None, typer.Option("--made-in", help="Place code of manufacture, where it is stamped.")]
Name = Annotated[str | None, typer.Option("--name", help="The member that should be asked; needs --evidence.")]
Evidence = Annotated[str | None, typer.Option("--evidence", help="What points to it, a code of evidence-kind.")]


def open_trace(
    member: As,
    file: Annotated[Path | None, FILE] = None,
    seizure: SeizureId = None,
    item: ItemKey = None,
    weapon_class: WeaponClass = None,
    make: Make = None,
    model: Model = None,
    calibre: Calibre = None,
    type_as_read: TypeAsRead = None,
    serial: Serial = None,
    serial_place: SerialPlace = None,
    state: SerialState = None,
    imports: Imports = None,
    priority: Priority = None,
    urgent_reason: UrgentReason = None,
    illicit_ground: IllicitGround = None,
    intended_use: IntendedUse = None,
    domestic_trace: DomesticTrace = None,
    made_in: MadeIn = None,
    name: Name = None,
    evidence: Evidence = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    sealed: SealedFile = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Ask for a trace, with a file or with options."""
    marks = MarksSaid(make, model, calibre, type_as_read, NumberSaid(serial, serial_place, state), imports or ())
    about = stated({"seizure_national_id": seizure, "item_key": item, "weapon_class": weapon_class})
    why = stated({"priority": priority, "urgent_reason": urgent_reason, "illicit_ground": illicit_ground})
    use = stated({"intended_use": intended_use, "domestic_trace": domestic_trace, "country_of_manufacture": made_in})
    named = stated({"member": name.upper() if name else None, "evidence": evidence})
    said = stated({**about, **why, **use, "named": named or None, "marks": marks.part() or None})
    record = request_record(said) if file is None else read_request(file, said)
    Sending(var, member, reference, handling or (), as_json, sealed).request(record)


def read_request(file: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """The harmonised request of a file; raises Rejected where it is none, or where options say something beside it."""
    if said:
        raise Rejected(f"{file.name} is the whole request: leave out the options that say {', '.join(sorted(said))}")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Rejected(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Rejected(f"{file.name} is not JSON in UTF-8: {error}", code="malformed_file") from error
    if not isinstance(record, dict):
        raise Rejected(f"{file.name} has to hold one JSON object: a harmonised request", code="malformed_record")
    return record
