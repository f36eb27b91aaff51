"""Traces to play with: acts, decisions and receipts of one invented trace, made with few words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from consumers.tracing.trace import Act, TraceKey
from schemas.events.decision import Decision, EndedTerm, HandedOver, Routing, Settled, Undeliverable
from schemas.events.envelope import Event, Handling, Provenance
from schemas.events.firearm import ImportMark, Marks, Number
from schemas.events.ids import decision_record_id, delivery_event_id, event_id, term_id, value_sha256
from schemas.events.missing import Missing
from schemas.events.receipt import Receipt
from schemas.events.trace import (
    Acknowledgement,
    Answer,
    Clarification,
    Closure,
    Delay,
    Erasure,
    Information,
    ProbeAnswer,
    Question,
    Referral,
    Refusal,
    Reopening,
    Request,
    TraceAct,
)
from schemas.handling.rules import EMBARGO_END
from schemas.wire.codec import encode

REGION = "test-region"
ASKER, FIRST, SECOND, STRANGER = "MK", "RS", "BA", "AL"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SOURCE = Provenance(mapping="test", mapping_version=1, content="A" * 43)
MARKS = Marks(make="Zastava", model="M70", numbers=(Number(place="frame", as_read="C 416377", state="legible"),))
PARTS: dict[str, Any] = {
    "acknowledgement": Acknowledgement(),
    "question": Question(asked=("marks",)),
    "information": Information(fields=("marks",)),
    "answer": Answer(result="found", scope="full", evidence="factory_book"),
    "referral": Referral(next_member=SECOND, evidence="factory_book"),
    "refusal": Refusal(reason="investigation"),
    "delay": Delay(reason="investigation"),
    "clarification": Clarification(asked=("marks",)),
    "closure": Closure(outcome="withdrawn"),
    "reopening": Reopening(reason="serial_restored"),
    "probe_answer": ProbeAnswer(result="none"),
    "erasure": Erasure(grants=(str(uuid5(NAMESPACE_OID, "grant")),)),
}


def named_id(name: str) -> str:
    """A record id that a name stands for."""
    return str(uuid5(NAMESPACE_OID, name))


KEY = TraceKey(ASKER, named_id("trace"))


def marks(**fields: Any) -> Marks:
    """Marks: ``serial`` for one legible number, ``imported`` for (place, year) pairs, other fields as they are."""
    numbers = (Number(place="frame", as_read=fields.pop("serial", "C 416377"), state=fields.pop("state", "legible")),)
    imports = tuple(ImportMark(place=place, year=year) for place, year in fields.pop("imported", ()))
    return Marks(**{"numbers": numbers, "import_marks": imports, **fields})


def request_event(**fields: Any) -> TraceAct:
    """The request of the trace; ``fields`` replace those of its request part, ``handling`` that of the event."""
    envelope = {"handling": fields.pop("handling", Handling())}
    asked = {
        "weapon_class": "assault_rifle",
        "marks": MARKS,
        "priority": "routine",
        "illicit_ground": "possession",
        "intended_use": "criminal_investigation",
        "domestic_trace": "no_record",
        **fields,
    }
    return _act_event("request", ASKER, 1, KEY.trace_id, {"cause": None, "request": Request(**asked), **envelope})


def act_event(act: str, member: str, cause: str | None, name: str = "", **fields: Any) -> TraceAct:
    """An act by a member on a hop (1); ``part`` replaces what the act says, ``minutes`` is its time after START."""
    part = fields.pop("part", PARTS.get(act))
    record = named_id(name or f"{act} {member} {fields.get('hop', 1)}")
    return _act_event(act, member, fields.pop("hop", 1), record, {"cause": cause, act: part, **fields})


def missing_event(
    member: str, read: Marks, state: str = "open", revision: int = 1, handling: Handling | None = None
) -> Missing:
    """A missing assault rifle of a member."""
    record = named_id(f"missing {member}")
    return Missing(
        event_id=event_id(record, revision),
        record_id=record,
        revision=revision,
        member=member,
        recorded_at=START,
        status="active",
        exercise=True,
        handling=handling or Handling(),
        source=SOURCE,
        type="stolen",
        weapon_class="assault_rifle",
        marks=read,
        state=state,
    )


def _act_event(act: str, member: str, hop: int, record: str, fields: dict[str, Any]) -> TraceAct:
    minutes = fields.pop("minutes", 0)
    envelope = {
        "event_id": event_id(record, 1),
        "record_id": record,
        "revision": 1,
        "member": member,
        "recorded_at": START + timedelta(minutes=minutes),
        "status": "active",
        "exercise": True,
        "handling": Handling(),
        "source": SOURCE,
        "trace_id": KEY.trace_id,
        "requester": ASKER,
    }
    return TraceAct.model_validate({**envelope, "hop": hop, "act": act, **fields})


def on_log(event: TraceAct, seq: int = 1, life: int = 1) -> Act:
    """The act as a log brought it."""
    return Act(event, value_sha256(encode(event)), life, seq)


REQUEST = request_event()


def decision(kind: str, hop: int | None, cause: str, *, subject: str = "", **fields: Any) -> Decision:
    """A decision about the trace; ``to`` names the accountable member of a routing, ``rule`` its rule."""
    subject = subject or KEY.request_id
    record = decision_record_id(REGION, kind, subject, hop, cause)
    accountable, rule = fields.pop("to", None), fields.pop("rule", "manufacture")
    part: Any = {
        "routing": Routing(rule=rule if accountable else "duty_officer", accountable=accountable),
        "handed_over": HandedOver(system="interpol", bureau_of=ASKER, place="TR"),
        "undeliverable": Undeliverable(reason="too_large"),
        "none": Settled(reason="no_addressee"),
    }.get(kind)
    return Decision.model_validate(
        {
            "event_id": event_id(record, 1),
            "record_id": record,
            "revision": 1,
            "member": "REGION",
            "recorded_at": START + timedelta(minutes=fields.pop("minutes", 1)),
            "status": "active",
            "exercise": True,
            "handling": Handling(),
            "kind": kind,
            "subject": subject,
            "requester": ASKER,
            "trace_id": KEY.trace_id,
            "hop": hop,
            "cause": cause,
            "directory_version": 1,
            **({} if part is None else {kind: part}),
            **fields,
        }
    )


def ended(event: Event, kind: str = EMBARGO_END, **fields: Any) -> Decision:
    """The decision that a term of an event's handling is over."""
    handling = event.handling
    until = handling.embargo_until if kind == EMBARGO_END else handling.expires_at
    assert until is not None
    part = EndedTerm(of_member=event.member, of_record=event.record_id, until=until)
    about = {"requester": None, "trace_id": None} if not isinstance(event, TraceAct) else {}
    cause = term_id(event.event_id, kind, until)
    return decision(kind, None, cause, subject=event.event_id, **{**about, kind: part, **fields})


def receipt_for(routed: Decision, member: str, of: TraceAct = REQUEST) -> Receipt:
    """The member's receipt for what that decision delivered to it."""
    record = named_id(f"receipt {member} {routed.event_id}")
    return Receipt(
        event_id=event_id(record, 1),
        record_id=record,
        revision=1,
        member=member,
        recorded_at=START,
        status="active",
        exercise=True,
        handling=Handling(),
        source=SOURCE,
        of_event=of.event_id,
        sha256=on_log(of).sha256,
        delivery_id=delivery_event_id(routed.event_id, member),
        received_at=START,
    )
