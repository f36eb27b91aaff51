"""Gaps that the ledger itself finds on a log, acknowledged by a person. It changes with what may be acknowledged.

A region that had folded a record before Kafka lost it never meets the hole, so its database knows of none.
"""

from collections.abc import Sequence
from contextlib import closing

from consumers.source import Broker, KafkaTopicReader
from consumers.store import chains, missing_offsets
from consumers.store.connection import connector
from consumers.store.missing_offsets import MissingOffsets
from consumers.store.session import Session
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.ledger.heads import check_all_heads
from interfocal.ledger.log import OF_CHAINS, gap_place, offsets_place, read_log
from interfocal.wiring.desks import desk_topics
from interfocal.wiring.loops import terms_of
from interfocal.wiring.region import region_topics, sending_topics
from schemas.errors import Misconfigured
from schemas.rights import OPERATOR
from schemas.topics import HEARTBEAT, member_topic, owner_of
from schemas.trust.gaps import Gap

OF_OFFSETS = "offset_not_on_log"


def acknowledge_numbers(installation: Installation, gap: Gap, by: str, because: str) -> None:
    """Acknowledge numbers that a chain lacks, as its readers or the ledger found them; raises Misconfigured."""
    with closing(Session(connector(installation.region_url, "ledger"))) as session:
        if session.transact(lambda transaction: chains.acknowledge(transaction, gap, by, because)):
            return
        if gap in session.transact(lambda transaction: chains.gaps(transaction, acknowledged=True)):
            raise Misconfigured(f"{gap_place(gap)} was acknowledged before")
        check_named(installation, OF_CHAINS, gap.topic, gap_place(gap))
        session.transact(lambda transaction: chains.note(transaction, [gap]))
        session.transact(lambda transaction: chains.acknowledge(transaction, gap, by, because))


def acknowledge_offsets(installation: Installation, missing: MissingOffsets, by: str, because: str) -> None:
    """Acknowledge offsets that are not on a topic that is kept for good; raises Misconfigured.

    Every database that folds the topic is told, for its consumer goes on after these offsets then.
    """
    check_named(installation, OF_OFFSETS, missing.topic, offsets_place(missing))
    told = []
    for url in (installation.region_url, *desks_of(installation, missing.topic)):
        with closing(Session(connector(url, "ledger"))) as session:
            told.append(session.transact(lambda t: missing_offsets.acknowledge(t, missing, by, because)))
    if not any(told):
        raise Misconfigured(f"{offsets_place(missing)} was acknowledged before")


def desks_of(installation: Installation, topic: str) -> Sequence[str]:
    """The databases of the desks that fold a topic."""
    return [url for code, url in installation.desk_urls.items() if topic in desk_topics(code)]


def check_named(installation: Installation, code: str, topic: str, place: str) -> None:
    """Raise Misconfigured unless the ledger names this gap of the topic now."""
    named = named_now(installation, code, topic)
    if place not in named:
        others = (
            f"of that topic the ledger names: {'; '.join(named)}" if named else "the ledger names none of that topic"
        )
        raise Misconfigured(f"no gap {place} waits to be acknowledged; {others}")


def named_now(installation: Installation, code: str, topic: str) -> Sequence[str]:
    """Where the ledger finds gaps of this kind on one topic; raises Misconfigured for a topic of nobody here."""
    if topic not in {*region_topics(installation), *sending_topics(installation)}:
        raise Misconfigured(f"{topic} is no topic of this region: name the gap as `interfocal ledger verify` does")
    with closing(KafkaTopicReader(Broker(access_of(installation, OPERATOR), "ledger", installation.prefix))) as reader:
        logs = read_log(reader, [topic, *heartbeats_of(installation, topic)], terms_of(installation))
    found = (*logs[topic].problems, *check_all_heads(logs))
    return [problem.where for problem in found if problem.code == code]


def heartbeats_of(installation: Installation, topic: str) -> Sequence[str]:
    """The topic of heartbeats that name this topic's head; none of what the region writes."""
    beats = member_topic(owner_of(topic), HEARTBEAT)
    return [beats] if beats in region_topics(installation) and beats != topic else []
