"""Field by field: what an event that the region sends may tell its addressee of records that it may not see.

A field that is new to one of these events fails here until somebody has said what it may tell.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.tracing.decide import Matter, Ruling, Stamp, decision_of, delivery_of, to_accountable
from consumers.tracing.trace import TraceKey
from consumers.tracing.wants import ROUTING, Want
from event_strategies import parts
from histories import ASKER, FIRST, REGION, START, STRANGER, marks, missing_event, named_id, request_event
from schemas.events.decision import Alternative, Decision, Evidence, Routing, SourceHandling
from schemas.events.delivery import Delivery, Original
from schemas.events.envelope import Event, Handling, MemberEvent
from schemas.events.grant import Grant
from schemas.events.head import RegionHead
from schemas.events.heartbeat import Heartbeat
from schemas.events.ids import value_sha256
from schemas.events.issued_directory import IssuedDirectory
from schemas.events.missing import Missing
from schemas.events.quarantined import Quarantined
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.handling.combined import Stated
from schemas.handling.rules import RELATED_RECORD, leaves, shows, terms_at
from schemas.topics import planned_topics
from schemas.wire.codec import encode, event_json

ENVELOPE = {
    "event_id": "of the decision and the addressee",
    "record_id": "the same",
    "revision": "always 1",
    "member": "always the region",
    "recorded_at": "when it was decided",
    "status": "always active",
    "exercise": "of the directory",
}
DISCLOSED: Mapping[type[Event], Mapping[str, str]] = {
    Delivery: {
        **ENVELOPE,
        "handling": "of the original and of the evidence that is shown, and of no hidden record",
        "requester": "of the trace",
        "trace_id": "of the trace",
        "hop": "of the trace",
        "inbox": "the addressee",
        "purpose": "why the addressee gets it",
        "decision_id": "a UUID of want and kind",
        "decision_sha256": "a hash over more than can be guessed: the decision holds positions of every topic",
        "rule": "related_record where the rule rests on a hidden record",
        "accountable": "who has to answer: at most in which jurisdiction a record is",
        "evidence_shown": "related_record and a jurisdiction in place of a hidden record",
        "original": "the bytes of an act that the handling of its sender lets the addressee see",
    },
    Quarantined: {
        **ENVELOPE,
        "handling": "the default: all of it is about the addressee's own record",
        "topic": "the addressee's own",
        "offset": "on the addressee's own topic",
        "appended_at": "of the addressee's own record",
        "of_event": "the addressee's own",
        "sha256": "of the addressee's own record",
        "verdict": "a code",
        "reason": "a code",
        "parameters": "codes, figures and ids of the addressee's own record",
    },
    RegionHead: {
        **ENVELOPE,
        "handling": "the default: it holds no record",
        "lines": "one hash a member over a heartbeat, whose seal nobody can guess; that the member was heard",
    },
    IssuedDirectory: {
        **ENVELOPE,
        "handling": "the default: every member has it",
        "version": "of the directory",
        "document": "the directory, which holds no record",
        "sha256": "of the directory",
    },
}
NEVER_SENT = {Decision, Seizure, Missing, TraceAct, Receipt, Heartbeat, Grant}
"""What only the region reads of these, but for what is delivered as it is: acts, grants, and receipts for own acts."""

READ = marks(make="Zastava", serial="C 416377")
ASKED = request_event(marks=READ)
HANDLINGS = parts(
    Handling,
    releasable_to=st.none() | st.lists(st.sampled_from([ASKER, FIRST]), max_size=2, unique=True).map(tuple),
    embargo_until=st.none() | st.just(START + timedelta(1)),
    expires_at=st.none() | st.sampled_from([START, START + timedelta(1)]),
)


def concrete(kind: type[Event]) -> set[type[Event]]:
    below = kind.__subclasses__()
    return {kind} if not below else {found for one in below for found in concrete(one)}


def test_every_event_is_either_sent_to_members_or_read_by_the_region_alone() -> None:
    assert concrete(Event) == NEVER_SENT | set(DISCLOSED)


@pytest.mark.parametrize("kind", DISCLOSED, ids=lambda kind: kind.__name__)
def test_of_every_field_that_is_sent_somebody_has_said_what_it_tells(kind: type[Event]) -> None:
    assert set(kind.model_fields) == set(DISCLOSED[kind])


def test_a_member_may_read_its_own_topics_and_what_is_for_all_only() -> None:
    for topic in planned_topics(["aa", "bb"]):
        readers = set(topic.readers) - {"region"}
        assert len(readers) <= 1 or topic.name in {"region.directory", "region.head"}, topic
        if topic.owner == "region" and len(readers) == 1:
            assert topic.name.rpartition(".")[2] in readers


def decided(hidden: Missing, referral: Missing) -> Decision:
    """A routing that rests on two records of strangers, both looked at on the way."""
    event = hidden.event_id
    evidence = (
        Evidence(kind="missing_record", event_id=event, field="marks.numbers", transform="visual"),
        Evidence(kind="missing_record", event_id=referral.event_id, field="marks.numbers", transform="spoken"),
        Evidence(kind="manufacture", event_id=ASKED.event_id, field="marks.make", place="XS"),
    )
    routing = Routing(
        rule="missing_owner",
        accountable=STRANGER,
        channel="direct",
        evidence=evidence,
        alternatives=(Alternative(rule="own_register", member=FIRST, why_not="not_named"),),
    )
    sources = tuple(
        SourceHandling(event_id=one.event_id, member=one.member, handling=one.handling) for one in (hidden, referral)
    )
    want = Want(ROUTING, ASKED.event_id, 1, ASKED.event_id)
    ruling = Ruling("routing", routing, to_accountable(STRANGER, ASKER), sources=sources)
    matter = Matter(want, TraceKey(ASKER, named_id("trace")), Stated(ASKER, ASKED.handling))
    return decision_of(matter, ruling, Stamp(REGION, 7, exercise=True, at=START))


def delivered(decision: Decision) -> dict[str, Delivery]:
    value = encode(ASKED)
    original = Original(topic="mk.trace", offset=3, appended_at=START, key=b"k", value=value, seal=b"seal..seal")
    sha256 = value_sha256(encode(decision))
    return {one.inbox: delivery_of(decision, sha256, one, original) for one in decision.deliveries}


@given(HANDLINGS, HANDLINGS)
def test_a_delivery_tells_of_a_hidden_record_nothing_but_that_there_is_one_and_where(
    one: Handling, other: Handling
) -> None:
    records = (missing_event(STRANGER, READ, handling=one), missing_event(FIRST, READ, handling=other))
    for reader, delivery in delivered(decided(*records)).items():
        told = {path: value for path, value in leaves(event_json(delivery)) if not path.startswith("original.")}
        for record in records:
            seen = shows(Stated(record.member, record.handling), reader, terms_at(record.handling, START))
            assert any(record.event_id == value for value in told.values()) == seen
            assert record.record_id not in told.values()
            if not seen:
                assert delivery.rule == RELATED_RECORD
                places = [e.place for e in delivery.evidence_shown if e.kind == RELATED_RECORD]
                assert record.member in places
        assert all(
            set(shown.model_dump(exclude_none=True)) == {"kind", "place"}
            for shown in delivery.evidence_shown
            if shown.kind == RELATED_RECORD
        )


@given(HANDLINGS)
def test_a_delivery_differs_by_a_hidden_record_only_in_its_jurisdiction(hidden: Handling) -> None:
    """Whatever the hidden record says of itself, and however its owner wants it handled, the asker reads the same."""
    record = missing_event(STRANGER, READ, handling=hidden)
    if shows(Stated(STRANGER, hidden), ASKER, terms_at(hidden, START)):
        return
    plain = missing_event(STRANGER, READ, revision=2, handling=Handling(codes=("H2",), releasable_to=()))
    shown = missing_event(FIRST, READ)
    one, other = (delivered(decided(each, shown))[ASKER] for each in (record, plain))
    assert without_hash(one) == without_hash(other)


def without_hash(delivery: Delivery) -> dict[str, Any]:
    return delivery.model_dump(exclude={"decision_sha256"})


def test_of_alternatives_and_positions_a_delivery_tells_nothing() -> None:
    told = delivered(decided(missing_event(STRANGER, READ), missing_event(FIRST, READ)))[ASKER]
    assert "not_named" not in told.model_dump_json(exclude={"original"})
    assert not {"alternatives", "seen", "sources"} & set(Delivery.model_fields)
    assert issubclass(TraceAct, MemberEvent)
