"""What an accepted erasure calls for at its member: a tombstone for each grant. It changes with what is erased."""

from collections.abc import Callable, Iterator

from schemas.events.envelope import MemberEvent
from schemas.events.trace import TraceAct
from schemas.record import Draft
from schemas.tombstone import tombstone
from schemas.topics import GRANT, member_topic


def erased_by(event: MemberEvent | None) -> tuple[str, ...]:
    """The grants that an event erases, by record id."""
    return event.erasure.grants if isinstance(event, TraceAct) and event.erasure else ()


def foreign_grants(event: MemberEvent | None, is_own: Callable[[str], bool]) -> Iterator[str]:
    """Grants that an erasure names and this member never made."""
    return (grant for grant in erased_by(event) if not is_own(grant))


def tombstones_of(event: MemberEvent) -> Iterator[Draft]:
    """What clears the member's own topic of the grants that an event erases."""
    topic = member_topic(event.member, GRANT)
    return (tombstone(topic, grant) for grant in dict.fromkeys(erased_by(event)))
