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
    STRANGER,
    act_event,
    decision,
    named_id,
    on_log,
    receipt_for,
)
from schemas.events.decision import Decision
from schemas.events.receipt import Receipt
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


PARTIES = st.sampled_from((ASKER, FIRST, SECOND, STRANGER))


@st.composite
def histories(draw: st.DrawFn, most_acts: int = 9) -> History:
    """A trace as parties, strangers and clocks that go wrong may make it, some of it not here (yet)."""
    events = [REQUEST]
    for number in range(draw(st.integers(0, most_acts))):
        cause = draw(st.sampled_from([None, named_id("elsewhere"), *(e.event_id for e in events)]))
        act, name = draw(st.sampled_from(sorted(PARTS))), f"act {draw(st.integers(0, number))}"
        minutes, hop = draw(st.integers(0, 3)), draw(st.integers(1, 3))
        events.append(act_event(act, draw(PARTIES), cause, name, minutes=minutes, hop=hop))
    decided: list[Decision] = []
    for hop in range(1, draw(st.integers(1, 3))):
        cause = draw(st.sampled_from([event.event_id for event in events]))
        if draw(st.booleans()):
            kind = draw(st.sampled_from(("routing", "handed_over", "undeliverable", "none")))
            decided.append(decision(kind, hop, cause, minutes=draw(st.integers(0, 3))))
            cause = decided[-1].event_id
        decided.append(decision("routing", hop, cause, to=draw(PARTIES), minutes=draw(st.integers(0, 3))))
    receipts = [receipt_for(routed, draw(PARTIES)) for routed in decided]
    acts = [on_log(event, draw(st.integers(1, 3))) for event in events if draw(st.integers(0, 9))]
    return History(tuple(acts), tuple(decided), tuple(receipts))
