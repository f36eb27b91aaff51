"""Recovers a member's outbox from its topics, with an installation's keys and broker. It changes with what that needs.

Its producer must not run: the outbox's lock says so.
"""

from typing import Any

from consumers.source import Broker, KafkaTopicReader
from interfocal.clock import now
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from producers.intake.assemble import check_id_key
from producers.outbox import OutboxFile
from producers.recover import Recovered, recover
from schemas.rights import producer_of
from schemas.topics import MEMBER_STREAMS, member_topic


def recover_member(installation: Installation, code: str) -> Recovered:
    """Bring a member's outbox into agreement with its topics; makes the file where there is none.

    Raises Misconfigured for another id key than the directory's, NotOurs while its producer runs, BrokerAway, and what
    ``recover`` raises; nothing is changed then.
    """
    member = installation.directory.member(code)
    check_id_key(member, installation.id_key(member.owner))
    topics = tuple(member_topic(member.owner, stream) for stream in MEMBER_STREAMS)
    outbox = OutboxFile.open(installation.places.outbox(member.owner), now=now)
    try:
        access = access_of(installation, producer_of(member.owner))
        reader = KafkaTopicReader(Broker(access, f"{member.owner}.recovery", installation.prefix))
        try:
            return recover(outbox, reader, topics, installation.seals, now)
        finally:
            reader.close()
    finally:
        outbox.close()


def recovered_json(told: Recovered) -> dict[str, Any]:
    """What a recovery did, for other programs."""
    return {
        "topics": [
            {
                "topic": one.topic,
                "events": one.events,
                "restored": one.restored,
                "new_life": one.life,
                "after": _number(one.after) if one.after else None,
                "lost": [_number(number) for number in one.lost],
                "missing": [{"life": life, "first": first, "last": last} for life, first, last in one.missing],
                "forked": list(one.forked),
            }
            for one in told.topics
        ],
        "renumbered": dict(told.settled.renumbered),
        "said_already": list(told.settled.again),
        "rejected": dict(told.settled.rejected),
        "two_values": list(told.conflicts),
        "unreadable": list(told.unreadable),
        "waiting": told.waiting,
    }


def _number(number: tuple[int, int]) -> dict[str, int]:
    return {"life": number[0], "number": number[1]}
