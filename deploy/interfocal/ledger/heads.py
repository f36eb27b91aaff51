"""What heartbeats and the region's heads say of chains, held against the log. Pure; it changes with what they witness.

A number that is missing in the middle of a chain shows there; one that is missing at its end only a heartbeat names.
"""

from collections.abc import Iterator, Mapping

from consumers.checked import CheckedEvent
from interfocal.ledger.log import OF_CHAINS, Problem, TopicLog, gap_place, seal_of
from schemas.events.head import RegionHead
from schemas.events.heartbeat import Heartbeat
from schemas.topics import HEAD_TOPIC, HEARTBEAT, is_short_lived, member_topic, owner_of
from schemas.trust.gaps import Gap
from schemas.trust.seal import link_hash

Number = tuple[int, int]
"""Life, and number in it."""

FIRST: Number = (1, 1)


def check_heads(topic: str, log: TopicLog, heartbeats: TopicLog) -> Iterator[Problem]:
    """Numbers beyond the end of a topic that is kept for good, and numbers that a heartbeat saw with another hash."""
    named = list(named_heads(topic, heartbeats))
    links = links_of(log) if named else {}
    highest = max(links, default=(1, 0))
    beyond: dict[int, int] = {}
    for number, link, place in named:
        if number in links:
            if links[number] != link:
                yield Problem("head_differs", f"{topic} life {number[0]}: {number[1]}, named at {place}")
        elif number > highest:
            beyond[number[0]] = max(beyond.get(number[0], 0), number[1])
    for life, last in sorted(beyond.items()):
        first = highest[1] + 1 if life == highest[0] else 1
        yield Problem(OF_CHAINS, gap_place(Gap(topic, owner_of(topic), life, first, last)))


def check_all_heads(logs: Mapping[str, TopicLog]) -> Iterator[Problem]:
    """The same of every member's topics; and the lines of the last head against the heartbeats themselves."""
    for topic, log in logs.items():
        beats = logs.get(member_topic(owner_of(topic), HEARTBEAT))
        if beats is not None and not is_short_lived(topic):
            yield from check_heads(topic, log, beats)
    if HEAD_TOPIC in logs and logs[HEAD_TOPIC].events:
        yield from check_lines_of(logs[HEAD_TOPIC].events[-1], logs)


def check_lines_of(head: CheckedEvent, logs: Mapping[str, TopicLog]) -> Iterator[Problem]:
    """Lines that name none of their member's heartbeats; what the topic no longer keeps is not held against it."""
    if not isinstance(head.event, RegionHead):
        raise TypeError(f"{HEAD_TOPIC} holds heads, not {type(head.event).__name__}")
    for line in head.event.lines:
        beats = logs.get(member_topic(line.member, HEARTBEAT))
        if beats is None or not reaches_back(beats, head.record.appended_ms):
            continue
        if line.sha256 not in {beat.sha256 for beat in beats.events}:
            yield Problem("head_line_unknown", f"{line.member} in {head.event.event_id}")


def reaches_back(beats: TopicLog, appended_ms: int) -> bool:
    """Whether what a head of this time names must still be among the heartbeats."""
    if not beats.events:
        return False
    first = beats.events[0]
    return (first.claims.life, first.claims.seq) == FIRST or first.record.appended_ms < appended_ms


def links_of(log: TopicLog) -> Mapping[Number, str]:
    """The hash of each number on a topic, of sealed records whole or not."""
    links: dict[Number, str] = {}
    for record in (*(event.record for event in log.events), *(fault.record for fault in log.unusable)):
        if seal := seal_of(record):
            links.setdefault((seal.claims.life, seal.claims.seq), link_hash(seal.header, record.value or b""))
    return links


def named_heads(topic: str, heartbeats: TopicLog) -> Iterator[tuple[Number, str | None, str]]:
    """Every head of a topic that heartbeats name: number, hash, and where the heartbeat stands."""
    for beat in heartbeats.events:
        if isinstance(beat.event, Heartbeat):
            for head in beat.event.heads:
                if head.topic == topic and head.seq:
                    yield (head.life, head.seq), head.hash, f"{beat.record.topic} {beat.record.offset}"
