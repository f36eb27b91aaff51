"""The region's outbox brought into agreement with its own topics, after one of the two was lost or restored.

It changes with the outbox's tables, or with what can differ. What stands on a topic under the region's seal was said,
and is never said again; what was accepted and does not stand there waits. Where they differed, sending goes on in a new
life of the chain, which names where the chain stood.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.store.outbox import hold_additions

Number = tuple[int, int]

FOUND = """
create temporary table found (
    event_id text not null, life integer not null, seq bigint not null, link text not null, log_offset bigint not null
) on commit drop
"""
HEAD = "select life, seq, prev from region_chain where topic = %(topic)s"
LOST = """
select count(*) from region_outbox
where topic = %(topic)s and published_offset is not null and event_id not in (select event_id from found)
"""
HIGHEST = """
select life, seq from (
    select life, seq from found
    union all select life, seq from region_outbox
    where topic = %(topic)s and published_offset is not null and seq is not null
) as known order by life desc, seq desc limit 1
"""
WAIT_AGAIN = """
update region_outbox set life = null, seq = null, seal = null, published_offset = null
where topic = %(topic)s and (published_offset is null or %(whole)s) and event_id not in (select event_id from found)
"""
MARK = """
update region_outbox as row set published_offset = said.log_offset
from (select event_id, min(log_offset) as log_offset from found group by event_id) as said
where row.topic = %(topic)s and row.event_id = said.event_id and row.published_offset is null
"""
BEGIN_LIFE = """
insert into region_chain (topic, life, seq, prev, after_life, after_seq)
values (%(topic)s, %(life)s, 0, null, %(after_life)s, %(after_seq)s)
on conflict (topic) do update set life = excluded.life, seq = 0, prev = null, after_life = excluded.after_life,
    after_seq = excluded.after_seq
"""


@dataclass(frozen=True, slots=True)
class Said:
    """An event on a topic of the region: its number, its hash in the chain, and where it stands."""

    event_id: str
    number: Number
    link: str
    offset: int


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What was done for one topic. ``life`` begins after the number ``after``; None where outbox and topic agreed.

    ``marked`` rows waited and stand on the topic; ``lost`` rows that Kafka had acknowledged do not, and wait again.
    """

    topic: str
    events: int
    marked: int = 0
    lost: int = 0
    life: int | None = None
    after: Number | None = None


def take_up(transaction: Connection[Any], topic: str, said: Iterable[Said], *, whole: bool) -> TakenUp:
    """Settle one topic; ``said`` is all that stands on it under the region's seal, which was read before this call.

    Nobody else seals meanwhile. Another instance that took up the log before, and may have gone on since, is left as it
    is. ``whole``: acknowledged rows that the topic lacks are looked for too, and wait again.
    """
    hold_additions(transaction)
    transaction.execute("lock table region_chain in share row exclusive mode")
    transaction.execute(FOUND)
    with transaction.cursor().copy("copy found (event_id, life, seq, link, log_offset) from stdin") as copy:
        events = 0
        for one in said:
            copy.write_row((one.event_id, *one.number, one.link, one.offset))
            events += 1
    names = {"topic": topic, "whole": whole}
    lost = _figure(transaction, LOST, names) if whole else 0
    differs = lost > 0 or _is_ahead(transaction, names)
    life, after = _begin_life(transaction, names) if differs else (None, None)
    if differs:
        transaction.execute(WAIT_AGAIN, names)
    marked = transaction.execute(MARK, names).rowcount
    transaction.execute("drop table found")
    return TakenUp(topic, events, marked, lost, life, after)


def _is_ahead(transaction: Connection[Any], names: dict[str, Any]) -> bool:
    """Whether the topic has a number that the outbox never gave, or another event under its last number."""
    life, seq, prev = transaction.execute(HEAD, names).fetchone() or (1, 0, None)
    row = transaction.execute(
        "select 1 from found where (life, seq) > (%s, %s)"
        " or ((life, seq) = (%s, %s) and link is distinct from %s) limit 1",
        [life, seq, life, seq, prev],
    ).fetchone()
    return row is not None


def _begin_life(transaction: Connection[Any], names: dict[str, Any]) -> tuple[int, Number]:
    """A life after every life there was, and the highest number that others can know of."""
    after_life, after_seq = transaction.execute(HIGHEST, names).fetchone() or (1, 0)
    known = transaction.execute(HEAD, names).fetchone()
    life = max(after_life, known[0] if known else 0) + 1
    parameters = {**names, "life": life, "after_life": after_life, "after_seq": after_seq}
    transaction.execute(BEGIN_LIFE, parameters)
    return life, (after_life, after_seq)


def _figure(transaction: Connection[Any], query: str, names: dict[str, Any]) -> int:
    row = transaction.execute(query, names).fetchone()
    return int(row[0]) if row else 0
