"""What a desk shows of its inbox and traces, as plain values, before they are printed. Pure.

It changes with what people at a desk need to see. Codes stay codes here; labels are said beside them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import BaseModel

from consumers.desk.inbox import Confirmed, InboxEntry
from consumers.desk.known import KnownAct, KnownHop, KnownTrace
from consumers.tracing.explain import Wording, fact
from consumers.tracing.trace import TraceKey
from schemas.directory import Directory
from schemas.events.delivery import Delivery
from schemas.events.firearm import Marks
from schemas.events.trace import ACT_PARTS
from schemas.events.types import Part, coded_values
from schemas.marks.keys import match_keys

Row = dict[str, Any]
MARKS = "marks"
KEYED_MARKS = ("make", "model", "calibre", "type_as_read")


def inbox_row(entry: InboxEntry, references: Mapping[TraceKey, str]) -> Row:
    """One delivery. ``receipt`` is the event id of the receipt that this member's intake has accepted, or null."""
    return {
        "received_at": instant_text(entry.received_at),
        "from": entry.from_member,
        "act": entry.act,
        "trace_id": entry.trace_id,
        "requester": entry.requester,
        "hop": entry.hop,
        "purpose": entry.purpose,
        "rule": entry.rule,
        "accountable": entry.accountable,
        "asker_reference": references.get(entry.trace) if entry.trace else None,
        "receipt": entry.receipt_event,
        "of_event": entry.of_event,
        "delivery": entry.event_id,
    }


def trace_row(trace: KnownTrace) -> Row:
    """One trace in a list; ``state`` is as far as this desk knows."""
    last = trace.hops[-1] if trace.hops else None
    return {
        "asker_reference": trace.reference,
        "trace_id": trace.key.trace_id,
        "requester": trace.key.requester,
        "role": role_of(trace),
        "state": trace.state.value,
        "outcome": trace.outcome,
        "hop": trace.last_hop,
        "accountable": last.accountable if last else None,
        "rule": last.rule if last else None,
    }


def instant_text(at: datetime) -> str:
    """``2026-03-01T12:00:00.000Z``: UTC, whatever the database's own time zone."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_shown(at: datetime) -> str:
    """``2026-03-01 12:00:00``, UTC, for people."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def role_of(trace: KnownTrace) -> str:
    """``asker``, ``accountable``, both, or ``told`` for who is neither."""
    roles = (("asker", trace.asks), ("accountable", trace.own_hop is not None))
    return " and ".join(name for name, holds in roles if holds) or "told"


def trace_document(trace: KnownTrace, confirmed: Mapping[str, Sequence[Confirmed]]) -> Row:
    """All that this desk knows of one trace: acts in causal order, marks verbatim with their match keys beside.

    ``confirmed``: other desks' receipts for own acts, by the act's event id.
    """
    acts = [{**_act(act), "confirmed": _confirmed(confirmed.get(act.event_id, ()))} for act in trace.acts]
    return {**trace_row(trace), "hops": [_hop(hop) for hop in trace.hops], "acts": acts}


def explanation(trace: KnownTrace, deliveries: Mapping[str, Delivery], wording: Wording) -> list[str]:
    """Why the trace came here, as sentences: for each hop who has to answer, by which rule, on what evidence."""
    asker = wording.member(trace.key.requester)
    title = f"Trace {trace.key.trace_id} of {asker}: {trace.state.value}, as far as this desk knows"
    told = [(hop, deliveries[id_]) for hop in trace.hops for id_ in hop.deliveries if id_ in deliveries]
    lines = [line for hop, delivery in told for line in _routed(hop, delivery, wording)]
    return [title, *(lines or ["No routing of it has reached this desk yet."])]


def part_lines(act: str, part: Mapping[str, Any], wording: Wording) -> Iterator[str]:
    """What an act says, a line a field, codes with their labels; its marks are shown apart."""
    model = cast("type[Part] | None", ACT_PARTS.get(act))
    labels = _labels(model, part, wording) if model else {}
    order = list(model.model_fields) if model else []
    names = sorted(part, key=lambda name: order.index(name) if name in order else -1)
    for path, value in _leaves({name: part[name] for name in names if name != MARKS}, ""):
        yield f"{path}: {labels.get(path, value)}"


def mark_rows(part: Mapping[str, Any]) -> list[Row]:
    """Every mark of an act as it was read, beside it the keys by which marks are compared."""
    stated = part.get(MARKS)
    if not isinstance(stated, Mapping):
        return []
    marks = Marks.model_validate(stated)
    read = [(name, getattr(marks, name), "") for name in KEYED_MARKS]
    read += [(f"number, {number.place}", number.as_read, number.state) for number in marks.numbers]
    read += [("proof mark", mark, "") for mark in marks.proof_marks]
    rows = [_mark(name, text, state) for name, text, state in read if text or state]
    imports = [f"{mark.place} {mark.year or ''}".strip() for mark in marks.import_marks]
    return rows + [{"mark": "import mark", "as_read": text, "state": ""} for text in imports]


def footnotes_for(shown: Any, directory: Directory) -> dict[str, str]:
    """Footnotes of the members whose code or name stands anywhere in what is shown, as within a reference."""
    text = "\n".join(_texts(shown))
    noted = [member for member in directory.members if member.footnote]
    return directory.footnotes(m.code for m in noted if any(_names(text, name) for name in (m.code, m.name)))


def _hop(hop: KnownHop) -> Row:
    return {"hop": hop.number, "state": hop.state.value, "accountable": hop.accountable, "rule": hop.rule}


def _act(act: KnownAct) -> Row:
    return {
        "at": instant_text(act.at),
        "act": act.act,
        "from": act.member,
        "sent": act.sent,
        "hop": act.hop,
        "event_id": act.event_id,
        "cause": act.cause,
        "own_reference": act.own_reference,
        "in_turn": act.in_turn,
        "says": dict(act.part),
        "match_keys": mark_rows(act.part),
    }


def _confirmed(receipts: Iterable[Confirmed]) -> list[Row]:
    return [
        {
            "from": one.by,
            "received_at": instant_text(one.received_at),
            "receipt": one.receipt,
            "grants_erased": list(one.erased),
        }
        for one in receipts
    ]


def _mark(name: str, text: str | None, state: str) -> Row:
    row: Row = {"mark": name, "as_read": text, "state": state}
    if text is not None:
        keys = match_keys(text)
        row |= {"visual": keys.visual, "spoken": keys.spoken, "digits": keys.digits}
    return row


def _routed(hop: KnownHop, delivery: Delivery, wording: Wording) -> Iterator[str]:
    yield f"Hop {hop.number}: {_verdict(delivery, wording)}"
    if delivery.rule:
        rule = wording.label("route-rule", delivery.rule)
        yield f"  Rule {rule}: {wording.definition('route-rule', delivery.rule)}"
    yield from (f"  Evidence: {fact(evidence, wording)}" for evidence in delivery.evidence_shown)
    purpose, decided = wording.label("delivery-purpose", delivery.purpose), instant_shown(delivery.recorded_at)
    yield f"  Reached this desk as {purpose}, by decision {delivery.decision_id} of {decided} UTC."


def _verdict(delivery: Delivery, wording: Wording) -> str:
    if delivery.accountable is not None:
        return f"{wording.member(delivery.accountable)} has to answer."
    if delivery.rule == "handed_over":
        return "it points outside the region; the asker's own bureau takes it to another system."
    return "the duty officer has it."


def _labels(model: type[Part], part: Mapping[str, Any], wording: Wording) -> dict[str, str]:
    """Labels of coded values by path. A record as submitted may also name its seizure as a request never does."""
    known = model.model_validate({name: value for name, value in part.items() if name in model.model_fields})
    return {path: wording.label(listed, code) for path, listed, code in coded_values(known)}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    elif value is not None:
        yield path, value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence | Iterable) and not isinstance(value, bytes):
        for inner in value:
            yield from _texts(inner)


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None
