"""``interfocal trace acknowledge|question|…``: what a focal point says in a trace. It changes with the acts.

Codes are judged by the member's intake: a wrong one is rejected with the nearest that there are.
"""

from typing import Annotated

import typer

from interfocal.commands.desk_marks import (
    Calibre,
    Imports,
    Make,
    Model,
    Serial,
    SerialPlace,
    SerialState,
)
from interfocal.commands.desk_open import open_trace
from interfocal.commands.desk_sending import SealedFile, Sending
from interfocal.commands.submit import HERE, As, AsJson, Var
from interfocal.desk.parts import MarksSaid, NumberSaid, instant, stated

TRACE = typer.Argument(help="The trace's id, its beginning, or the asker's own reference.")
Reference = Annotated[
    str | None, typer.Option("--reference", help="Own reference of this act; the same one again is a repeat.")
]
HandlingCodes = Annotated[list[str] | None, typer.Option("--handling", help="Handling code, H0 to H3; repeatable.")]
FileNumber = Annotated[str | None, typer.Option("--file-number", help="Own file number of the request, pseudonymous.")]
Ask = Annotated[list[str], typer.Option("--ask", help="What is asked, a code of question-field; repeatable.")]
Supplied = Annotated[
    list[str] | None, typer.Option("--field", help="What is supplied, a code of question-field; repeatable.")
]
Result = Annotated[str, typer.Option("--result", help="What the register says, a code of answer-result.")]
Scope = Annotated[str, typer.Option("--scope", help="A code of answer-scope: full or restricted.")]
Evidence = Annotated[str, typer.Option("--evidence", help="What it rests on, a code of evidence-kind.")]
Role = Annotated[str | None, typer.Option("--role", help="Role of the last holder known, a code of holder-role.")]
On = Annotated[str | None, typer.Option("--on", help="When the holder had it last: a date, or an instant with zone.")]
To = Annotated[str | None, typer.Option("--to", help="The member to ask next.")]
External = Annotated[str | None, typer.Option("--external", help="The place outside the region that it points to.")]
Refused = Annotated[str, typer.Option("--because", help="Why, a code of refusal-reason.")]
Delayed = Annotated[str, typer.Option("--because", help="Why, a code of delay-reason.")]
Reopened = Annotated[str, typer.Option("--because", help="Why, a code of reopening-reason.")]
Until = Annotated[str | None, typer.Option("--until", help="Until when: a date, or an instant with its zone.")]
Outcome = Annotated[str, typer.Option("--outcome", help="How it ended, a code of closure-outcome.")]


def add_acts(group: typer.Typer) -> None:
    """Add what a desk can say to the group ``trace``."""
    group.command("open")(open_trace)
    group.command("acknowledge")(acknowledge)
    group.command("question")(question)
    group.command("inform")(inform)
    group.command("answer")(answer)
    group.command("refer")(refer)
    group.command("refuse")(refuse)
    group.command("delay")(delay)
    group.command("clarify")(clarify)
    group.command("close")(close)
    group.command("reopen")(reopen)


def acknowledge(
    trace: Annotated[str, TRACE],
    member: As,
    file_number: FileNumber = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Say that the request is here (the accountable member)."""
    part = stated({"reference": file_number})
    Sending(var, member, reference, handling or (), as_json).act(trace, "acknowledgement", part)


def question(
    trace: Annotated[str, TRACE],
    member: As,
    ask: Ask,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Ask for what the request lacks (the accountable member)."""
    Sending(var, member, reference, handling or (), as_json).act(trace, "question", {"asked": ask})


def inform(
    trace: Annotated[str, TRACE],
    member: As,
    supplied: Supplied = None,
    make: Make = None,
    model: Model = None,
    calibre: Calibre = None,
    serial: Serial = None,
    serial_place: SerialPlace = None,
    state: SerialState = None,
    imports: Imports = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    sealed: SealedFile = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Supply what a question asked for (the asker); marks as now known replace those of the request."""
    said = MarksSaid(make, model, calibre, None, NumberSaid(serial, serial_place, state), imports or ())
    part = stated({"fields": supplied, "marks": said.part() or None})
    Sending(var, member, reference, handling or (), as_json, sealed).act(trace, "information", part)


def answer(
    trace: Annotated[str, TRACE],
    member: As,
    result: Result,
    scope: Scope,
    evidence: Evidence,
    role: Role = None,
    on: On = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    sealed: SealedFile = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Give the result (the accountable member)."""
    part = {"result": result, "scope": scope, "evidence": evidence, "holder_role": role, "on": instant(on)}
    Sending(var, member, reference, handling or (), as_json, sealed).act(trace, "answer", stated(part))


def refer(
    trace: Annotated[str, TRACE],
    member: As,
    evidence: Evidence,
    to: To = None,
    external: External = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Name the next to ask: a member, a place outside, or neither where the rules shall find it."""
    part = stated({"next_member": to.upper() if to else None, "external": external, "evidence": evidence})
    Sending(var, member, reference, handling or (), as_json).act(trace, "referral", part)


def refuse(
    trace: Annotated[str, TRACE],
    member: As,
    because: Refused,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Refuse, with the reason (the accountable member)."""
    Sending(var, member, reference, handling or (), as_json).act(trace, "refusal", {"reason": because})


def delay(
    trace: Annotated[str, TRACE],
    member: As,
    because: Delayed,
    until: Until = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Say that the answer comes later, with the reason (the accountable member)."""
    part = stated({"reason": because, "until": instant(until)})
    Sending(var, member, reference, handling or (), as_json).act(trace, "delay", part)


def clarify(
    trace: Annotated[str, TRACE],
    member: As,
    ask: Ask,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Ask what a refusal, delay or answer means (the asker)."""
    Sending(var, member, reference, handling or (), as_json).act(trace, "clarification", {"asked": ask})


def close(
    trace: Annotated[str, TRACE],
    member: As,
    outcome: Outcome,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """End the trace (the asker)."""
    Sending(var, member, reference, handling or (), as_json).act(trace, "closure", {"outcome": outcome})


def reopen(
    trace: Annotated[str, TRACE],
    member: As,
    because: Reopened,
    make: Make = None,
    model: Model = None,
    calibre: Calibre = None,
    serial: Serial = None,
    serial_place: SerialPlace = None,
    state: SerialState = None,
    imports: Imports = None,
    reference: Reference = None,
    handling: HandlingCodes = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Take a closed trace up again, as when a number was restored (the asker)."""
    said = MarksSaid(make, model, calibre, None, NumberSaid(serial, serial_place, state), imports or ())
    part = stated({"reason": because, "marks": said.part() or None})
    Sending(var, member, reference, handling or (), as_json).act(trace, "reopening", part)
