"""Topics, their settings and who may do what with them: the one place from which they are provisioned.

It changes when a stream is added, or when a stream's rights or retention change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from schemas.errors import Misconfigured

REGION = "region"
MEMBER_CODE = re.compile(r"[a-z]{2}(-[a-z0-9]{1,6})?")
KNOWN_TOPICS = 4096  # more than any region has; which stream a name is of is asked a dozen times for each event
MAX_MESSAGE_BYTES = 256 * 1024
MAX_EVENT_BYTES = 90 * 1024
MAX_DELIVERY_BYTES = 160 * 1024

KEPT_FOR_GOOD: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
    }
)
DAY_MS = 86_400_000


def kept_for(days: int) -> Mapping[str, str]:
    """Settings of a topic whose records go after so many days."""
    return MappingProxyType(
        {
            "cleanup.policy": "delete",
            "retention.ms": str(days * DAY_MS),
            "retention.bytes": "-1",
            "segment.ms": str(DAY_MS),  # a segment goes as a whole, and the one that is written to never does
        }
    )


EVERY_TOPIC: Mapping[str, str] = MappingProxyType(
    {
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "compression.type": "producer",  # any other value has the broker unpack batches, bombs too, on its own heap
        "unclean.leader.election.enable": "false",  # a replica that lacks records never leads: it would forget them
    }
)
EVERY_BROKER: Mapping[str, str] = MappingProxyType(
    {
        "auto.create.topics.enable": "false",  # a name that somebody misspelled would be a topic, with other settings
    }
)
"""Settings of brokers on which the promises rest."""
MOST_REPLICAS = 3

COMPACTED: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "compact",
        "max.compaction.lag.ms": str(DAY_MS),  # what a tombstone is for has left every segment a day later, or sooner
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": str(7 * DAY_MS),
        "segment.ms": str(DAY_MS),
    }
)
"""Settings of topics of grants: an erased one has to leave the log."""

RECORD_STREAMS = ("seizure", "missing", "trace")
"""Streams whose events are records of a member; the ledger counts them."""
GRANT: Final = "grant"
HEARTBEAT: Final = "heartbeat"
RECEIPT: Final = "receipt"
MEMBER_STREAMS = (*RECORD_STREAMS, RECEIPT, GRANT, HEARTBEAT)
DECISION_TOPIC = f"{REGION}.decision"
DIRECTORY_TOPIC = f"{REGION}.directory"
HEAD_TOPIC = f"{REGION}.head"
SHORT_LIVED: Mapping[str, Mapping[str, str]] = MappingProxyType({HEARTBEAT: kept_for(7), "quarantine": kept_for(90)})
"""Streams whose topics are not kept for good: what they tell is told again, or stands in a table."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of one partition: its only writer, who reads it, its broker settings, and how many replicas it has."""

    name: str
    owner: str
    readers: tuple[str, ...]
    config: Mapping[str, str] = field(default_factory=dict)
    replication: int = 1


def check_member_code(code: str) -> str:
    """Return a member's lower-case code, or raise Misconfigured saying what a code looks like."""
    if code == REGION or not MEMBER_CODE.fullmatch(code):
        raise Misconfigured(
            f"member code {code!r} is not usable: two letters, optionally a hyphen and one to six letters"
            f" or digits, all lower case, and never {REGION!r}"
        )
    return code


def member_topic(member: str, stream: str) -> str:
    """``rs``, ``seizure`` -> ``rs.seizure``; the member's code may be given in upper case."""
    return f"{member.lower()}.{stream}"


def inbox_topic(member: str) -> str:
    """``rs`` -> ``region.inbox.rs``."""
    return f"{REGION}.inbox.{member.lower()}"


def forwarded_topic(member: str) -> str:
    """``rs`` -> ``region.grant.rs``: where others' grants reach a member."""
    return f"{REGION}.{GRANT}.{member.lower()}"


def quarantine_topic(member: str) -> str:
    """``rs`` -> ``region.quarantine.rs``."""
    return f"{REGION}.quarantine.{member.lower()}"


def topics_for(member: str) -> tuple[str, ...]:
    """What the region writes for one member alone."""
    return inbox_topic(member), forwarded_topic(member), quarantine_topic(member)


def owner_of(topic: str) -> str:
    """The topic's only writer: a member's lower-case code, or ``region``."""
    return topic.split(".", 1)[0]


@lru_cache(maxsize=KNOWN_TOPICS)
def stream_of(topic: str) -> str:
    """``rs.seizure`` -> ``seizure``; ``region.inbox.rs`` -> ``inbox``; "" for what is no topic, but said to be one."""
    return topic.partition(".")[2].partition(".")[0]


def record_topics(members: Sequence[str]) -> tuple[str, ...]:
    """The topics whose events the ledger counts."""
    return tuple(member_topic(member, stream) for member in members for stream in RECORD_STREAMS)


def in_sync_replicas(replication: int) -> int:
    """How many replicas have to hold a record before it is acknowledged: all but one, and one at least.

    So one broker may be away, and of three replicas nothing that was acknowledged lies on one disk alone.
    """
    return max(replication - 1, 1)


def planned_topics(members: Sequence[str], replication: int = 1) -> tuple[Topic, ...]:
    """Every topic that a region of these members needs, in a stable order; ``replication`` is that of each."""
    codes = [check_member_code(member.lower()) for member in members]
    topics = [_topic(DECISION_TOPIC, replication, REGION)]
    topics += [_topic(topic, replication, REGION, *codes) for topic in (DIRECTORY_TOPIC, HEAD_TOPIC)]
    for code in codes:
        topics += [_topic(member_topic(code, stream), replication, code, REGION) for stream in MEMBER_STREAMS]
        topics += [_topic(topic, replication, REGION, code) for topic in topics_for(code)]
    return tuple(topics)


def is_short_lived(topic: str) -> bool:
    """Whether a topic's records go: after a time, or because they are erased."""
    return stream_of(topic) in SHORT_LIVED or is_compacted(topic)


def is_compacted(topic: str) -> bool:
    """Whether a topic keeps the last record of each key only: its numbers have gaps, and tombstones are on it."""
    return stream_of(topic) == GRANT


def _topic(name: str, replication: int, owner: str, *readers: str) -> Topic:
    """A topic that its owner writes and may read, as these may."""
    kept = COMPACTED if is_compacted(name) else SHORT_LIVED.get(stream_of(name), KEPT_FOR_GOOD)
    config = {**EVERY_TOPIC, **kept, "min.insync.replicas": str(in_sync_replicas(replication))}
    return Topic(name, owner, (owner, *readers), config, replication)
