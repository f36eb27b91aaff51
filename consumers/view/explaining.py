"""Which rule shows or hides each field of a member's event to another member. It changes with what is explained.

The rules are those of ``schemas/handling/rules.py``, held against what the region has decided of the event's terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from schemas.errors import Misconfigured
from schemas.events.envelope import MemberEvent
from schemas.handling.combined import Stated
from schemas.handling.rules import FieldShown, Rule, Terms, leaves, rule_for, shown_fields, terms_decided
from schemas.topics import RECORD_STREAMS, stream_of
from schemas.wire.codec import decode, event_json

FOUND = """
    select topic, member, event_id, revision, value, not exists (
        select from event as later where (later.topic, later.member, later.record_id)
            = (event.topic, event.member, event.record_id)
        and (later.revision, later.life, later.seq, later.sha256)
            > (event.revision, event.life, event.seq, event.sha256)) as newest
    from event where {name} like %s || '%%' order by revision desc, life desc, seq desc, sha256 desc limit 50
"""
IDS = ("event_id", "record_id")
ENDED = "select cause from decision where subject = %s and kind in ('embargo_end', 'expiry') and cause is not null"


@dataclass(frozen=True, slots=True)
class Explained:
    """An event held against a reader: the rule about the whole, the rule of each field, and the fields' values.

    ``newest`` is false for an event whose record has a later revision: lists show only that one.
    """

    stream: str
    event: MemberEvent
    reader: str
    terms: Terms
    rule: Rule
    fields: tuple[FieldShown, ...]
    values: Mapping[str, Any]
    newest: bool


def explain_event(connection: Connection[Any], event: str, reader: str, at: datetime) -> Explained:
    """The explanation for the id of an event, or of a record, whose newest is meant; or the beginning of an id.

    Raises Misconfigured when that is not one event of a member.
    """
    found = next(filter(None, (connection.execute(_finding(name), [event]).fetchall() for name in IDS)), [])
    records = [row for row in found if stream_of(row[0]) in RECORD_STREAMS]
    ids = sorted({row[2] for row in records if row[2].startswith(event) or row[5]})
    if len(ids) > 1:
        raise Misconfigured(f"{event} is the beginning of several events: {', '.join(ids)}")
    if not records:
        raise Misconfigured(_nothing(event, {stream_of(row[0]) for row in found}))
    topic, _, event_id, _, value, newest = records[0]
    _, opened = decode(bytes(value))
    if not isinstance(opened, MemberEvent):
        raise Misconfigured(f"{event_id} is not an event of a member")
    ended = frozenset(cause for (cause,) in connection.execute(ENDED, [event_id]))
    terms = terms_decided(opened, ended, at)
    return Explained(
        stream=stream_of(topic),
        event=opened,
        reader=reader,
        terms=terms,
        rule=rule_for(Stated(opened.member, opened.handling), reader, terms),
        fields=shown_fields(opened, reader, terms),
        values=dict(leaves(event_json(opened))),
        newest=newest,
    )


def _finding(name: str) -> bytes:
    return FOUND.format(name=name).encode()


def _nothing(event: str, streams: set[str]) -> str:
    if streams:
        return (
            f"{event} is of {', '.join(sorted(streams))}, which only the region reads: explained are events of "
            f"{', '.join(RECORD_STREAMS)}"
        )
    return f"the region has folded no event {event}; `interfocal view --json` and `interfocal tail` show ids"
