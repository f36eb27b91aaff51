"""Target: what a member may seal for another's inbox, handed on by the region. It changes with what a desk keeps."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError

from consumers.checked import CheckedEvent
from consumers.checking import check_records
from consumers.desk.handler import inbox_row
from consumers.desk.original import check_original
from desk_bench import INBOX, REQUEST, delivery, routed
from fuzz.target import Octets, Target, edited, outcome
from histories import START
from looping import TERMS
from records import Station
from schemas.events.decision import Decision
from schemas.events.delivery import Original
from schemas.topics import member_topic
from schemas.wire.codec import encode
from sealing import seal_of

OWN_TOPIC = member_topic(REQUEST.member, "trace")
OWN_TOPICS = (OWN_TOPIC, member_topic(REQUEST.member, "seizure"))
TOPICS = (*OWN_TOPICS, "region.decision", INBOX, "x")


@cache
def sent_by() -> Decision:
    return routed()


def run_delivery(data: bytes) -> None:
    """A delivery is set aside for a reason that is known, or its original is what its sender sealed for that topic."""
    octets = Octets(data)
    value = edited(encode(REQUEST), Octets(octets.some(60)))
    sealed = Station(octets.pick(OWN_TOPICS)).record(REQUEST, key=REQUEST.trace_id, value=value)
    token = edited(seal_of(sealed), Octets(octets.some(12))).decode(errors="replace")
    topic, key = octets.pick(TOPICS), edited(REQUEST.trace_id.encode(), octets).decode(errors="replace")
    said = {"topic": topic, "offset": 0, "appended_at": START, "key": key, "value": value, "seal": token}
    original = outcome(lambda: Original.model_validate(said), ValidationError)
    if isinstance(original, ValidationError):
        return
    made = delivery(REQUEST, sent_by(), original)
    (checked,) = check_records(INBOX, [Station(INBOX).record(made)], TERMS)
    assert isinstance(checked, CheckedEvent)
    found = check_original(made, TERMS)
    if isinstance(found, str):
        assert found.replace("_", "").isalpha()
        return
    assert (topic, key, token.encode()) == (OWN_TOPIC, REQUEST.trace_id, seal_of(sealed))
    *_, body = inbox_row(made, found)
    kept: Any = body
    json.dumps(kept.obj, ensure_ascii=False).encode()


def plain() -> Sequence[bytes]:
    """Nothing changed, another topic, and a little of everything."""
    return [b"", *(bytes([0, own, 0, topic]) for own in range(2) for topic in range(len(TOPICS))), bytes(range(64))]


TARGETS = (Target("delivery", run_delivery, plain, (b"\x02", b"\x00", b"\xd0\xa1", REQUEST.trace_id.encode())),)
