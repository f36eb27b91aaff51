"""What decisions read of the region's database. It changes when a rule reads another table."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from consumers.blocking import number_keys
from consumers.store import positions
from consumers.tracing.question import OpenMissing
from schemas.events.decision import Seen
from schemas.events.delivery import Original
from schemas.events.firearm import Marks
from schemas.topics import member_topic


def open_missing(connection: Connection[Any], marks: Marks) -> tuple[OpenMissing, ...]:
    """Records of firearms that are missing now, with a number whose visual or spoken key equals one of these marks."""
    wanted = sorted(number_keys(marks), reverse=True)  # visual before spoken: the stronger evidence is told
    rows = connection.execute(
        "select distinct on (missing.member, missing.record_id)"
        " missing.member, missing.event_id, missing.weapon_class, missing.body -> 'marks', key.kind"
        " from missing_key_current as key join missing_current as missing using (member, record_id, revision, sha256)"
        " where (key.kind, key.value) in (select * from unnest(%s::text[], %s::text[]))"
        " and missing.state = 'open' and missing.status = 'active'"
        " order by missing.member, missing.record_id, key.kind desc",
        [[kind for kind, _ in wanted], [key for _, key in wanted]],
    )
    found = [
        OpenMissing(m, event_id, weapon, Marks.model_validate(read), kind) for m, event_id, weapon, read, kind in rows
    ]
    own = number_keys(marks)
    return tuple(record for record in found if number_keys(record.marks) & own)


def seen(connection: Connection[Any], topics: Iterable[str]) -> tuple[Seen, ...]:
    """How far these topics are folded."""
    stored = positions.read(connection, sorted(set(topics)))
    return tuple(Seen(topic=topic, next_offset=stored[topic].next_offset) for topic in sorted(stored))


def original_of(connection: Connection[Any], member: str, event_id: str, sha256: str) -> Original | None:
    """The record of an act as it was read, or None when it was taken back to quarantine."""
    row = connection.execute(
        "select topic, log_offset, appended_ms, key, value, seal from event"
        " where topic = %s and event_id = %s and sha256 = %s",
        [member_topic(member, "trace"), event_id, sha256],
    ).fetchone()
    if row is None:
        return None
    topic, offset, appended_ms, key, value, seal = row
    appended_at = datetime.fromtimestamp(appended_ms // 1000, UTC).replace(microsecond=appended_ms % 1000 * 1000)
    return Original(topic=topic, offset=offset, appended_at=appended_at, key=key, value=bytes(value), seal=seal)
