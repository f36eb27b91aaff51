"""Hypothesis strategies that several tests share."""

from dataclasses import dataclass

from hypothesis import strategies as st

from consumers.tracing.trace import Act
from histories import (
    ASKER,
    FIRST,
    PARTS,
    REQUEST,
    SECOND,
    START,
    STRANGER,
    act_event,
    decision,
    ended,
    named_id,
    on_log,
    receipt_for,
)
from schemas.events.decision import Decision
from schemas.events.envelope import Handling
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct
from schemas.trust.seal import MAX_LIFE, MAX_SEQ, SealClaims, link_hash

OWNERS = st.from_regex(r"([a-z]{2}(-[a-z0-9]{1,6})?|region)", fullmatch=True)
UUIDS = st.uuids().map(str)


@st.composite
def seal_claims(draw: st.DrawFn) -> SealClaims:
    """Claims that may be sealed, up to the longest."""
    owner = draw(OWNERS)
    stream = draw(st.from_regex(r"[a-z]{1,12}(\.[a-z]{2}(-[a-z0-9]{1,6})?)?", fullmatch=True))
    life = draw(st.integers(1, MAX_LIFE))
    seq = draw(st.integers(1, MAX_SEQ) | st.just(1))
    first = seq == 1
    return SealClaims(
        kid=draw(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,19}", fullmatch=True)),
        aud=draw(st.from_regex(r"[a-z0-9][a-z0-9-]{1,23}", fullmatch=True)),
        topic=f"{owner}.{stream}",
        event_id=draw(UUIDS),
        key=draw(UUIDS | st.just("")),
        chain=owner,
        life=life,
        seq=seq,
        prev=None if first else link_hash(draw(st.binary(max_size=4)), b""),
        iat=draw(st.integers(1, 9_999_999_999)),
        after=(draw(st.integers(1, life - 1)), draw(st.integers(0, MAX_SEQ))) if first and life > 1 else None,
    )


@dataclass(frozen=True, slots=True)
class History:
    """Acts in any order, decisions in the order in which the region took them, receipts."""

    acts: tuple[Act, ...]
    decisions: tuple[Decision, ...]
    receipts: tuple[Receipt, ...]


EMBARGOED = Handling(embargo_until=START)
PARTIES = st.sampled_from((ASKER, FIRST, SECOND, STRANGER))
ONE_IN_SIX = st.sampled_from((True, *[False] * 5))
OWN_ACTS = {
    ASKER: ("information", "clarification", "closure", "reopening", "erasure"),
    FIRST: ("acknowledgement", "question", "answer", "referral", "refusal", "delay"),
}


@st.composite
def histories(draw: st.DrawFn, most_acts: int = 12) -> History:
    """A trace as parties, strangers and clocks that go wrong may make it, some of it not here (yet).

    Most acts are what their member may do in answer to what was there; the others are anything.
    """
    events = [REQUEST]
    for number in range(draw(st.integers(0, most_acts))):
        cause, hop = draw(st.sampled_from(events[-3:])), draw(st.sampled_from((1, 1, 1, 2)))
        member = draw(st.sampled_from((ASKER, FIRST, FIRST)))
        act, name = draw(st.sampled_from(OWN_ACTS[member])), f"act {number}"
        answered: str | None = cause.event_id if cause.hop == hop else REQUEST.event_id
        if hop > 1 and member == FIRST:
            member = SECOND
        if draw(ONE_IN_SIX):
            act, member, name = draw(st.sampled_from(sorted(PARTS))), draw(PARTIES), f"act {draw(st.integers(0, 3))}"
            answered = draw(st.sampled_from((None, named_id("elsewhere"), *(e.event_id for e in events))))
            hop = draw(st.integers(1, 3))
        handling = EMBARGOED if draw(ONE_IN_SIX) else Handling()
        fields = {"minutes": draw(st.integers(0, number)), "hop": hop, "handling": handling}
        events.append(act_event(act, member, answered, name, **fields))
    decided = _decided(draw, events)
    ends = [ended(event) for event in events if event.handling.embargo_until and draw(st.booleans())]
    receipts = [receipt_for(routed, draw(PARTIES)) for routed in decided]
    acts = [on_log(event, draw(st.integers(1, 3))) for event in events if not draw(ONE_IN_SIX)]
    return History(tuple(acts), (*decided, *ends), tuple(receipts))


def _decided(draw: st.DrawFn, events: list[TraceAct]) -> list[Decision]:
    """Decisions as the region takes them: the duty officer's answers the one that left it to him."""
    openers = [REQUEST.event_id, *(event.event_id for event in events if event.act == "referral")]
    decided: list[Decision] = []
    for hop, usual in ((1, FIRST), (2, SECOND))[: draw(st.integers(0, 2))]:
        cause = draw(st.sampled_from(openers[1:] or openers)) if hop > 1 else REQUEST.event_id
        if draw(ONE_IN_SIX):
            kind = draw(st.sampled_from(("routing", "handed_over", "undeliverable", "none")))
            decided.append(decision(kind, hop, cause, minutes=draw(st.integers(0, 3))))
            cause = decided[-1].event_id
        to = draw(PARTIES) if draw(ONE_IN_SIX) else usual
        decided.append(decision("routing", hop, cause, to=to, minutes=draw(st.integers(0, 3))))
    return decided
