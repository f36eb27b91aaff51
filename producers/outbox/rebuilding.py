"""An outbox file brought into agreement with what its topics hold. It changes with the tables, or with what differs.

All of it is one transaction. What the topics hold is first noted in a table of its own beside the others, so that a
topic may be larger than memory; the table is gone when the transaction ends.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from producers.outbox.acceptance import insert_event, insert_revision
from producers.outbox.file import OutboxFile
from producers.outbox.rows import (
    OUTBOX_COLUMNS,
    REVISION_COLUMNS,
    RejectedRecord,
    Revision,
    headers_text,
    outbox_row,
    problems_text,
    record_text,
    revision,
)
from schemas.record import Draft
from schemas.topics import is_compacted

Number = tuple[int, int]

FOUND = """
create table found (
    event_id text primary key, topic text not null, key text not null, value blob not null, headers text not null,
    accepted_at text not null, life integer not null, seq integer not null, seal blob not null,
    published_offset integer not null, forked integer not null default 0,
    stream text, record_id text, revision integer, content text, national_version text
)
"""
FOUND_NUMBER = "create table found_number (topic text, life integer, seq integer, primary key (topic, life, seq))"
ROW = "topic, event_id, key, value, headers, accepted_at, life, seq, seal, published_offset"
UNKNOWN = """
select count(*) from found f left join outbox o using (event_id)
where f.topic = ? and not f.forked and (o.seal is null or o.seal <> f.seal or o.value <> f.value)
"""
LOST = """
select o.life, o.seq from outbox o left join found f using (event_id)
where o.topic = ? and o.published_offset is not null and f.event_id is null order by o.life, o.seq
"""
GAPS = """
select life, before + 1, seq - 1 from (
    select life, seq, lag(seq, 1, 0) over (partition by life order by seq) as before from found_number where topic = ?
) where seq > before + 1 order by life, seq
"""
TAKEN_RECORDS = """
select distinct r.stream, r.record_id
from outbox o join found f using (event_id) join revision r using (event_id)
where o.topic = ? and o.value <> f.value
"""
NOT_SAID = f"""
select {", ".join("o." + name for name in OUTBOX_COLUMNS.split(", "))},
       {", ".join("r." + name for name in REVISION_COLUMNS.split(", "))}
from revision r join outbox o using (event_id) left join found f using (event_id)
where r.stream = ? and r.record_id = ? and (f.event_id is null or f.value <> o.value) order by o.id
"""
TAKE_OVER = f"""
insert into outbox ({ROW}) select {ROW} from found where topic = ? and not forked order by published_offset
on conflict (event_id) do update set topic = excluded.topic, key = excluded.key, value = excluded.value,
    headers = excluded.headers, life = excluded.life, seq = excluded.seq, seal = excluded.seal,
    published_offset = excluded.published_offset
"""
INDEX = f"""
insert or replace into revision ({REVISION_COLUMNS})
select {REVISION_COLUMNS} from found where topic = ? and record_id is not null order by published_offset
"""
MARK = """
update outbox set published_offset = (select published_offset from found f where f.event_id = outbox.event_id)
where topic = ? and published_offset is null and seal is not null and event_id in (select event_id from found)
"""


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event as it stands on its topic. ``number`` is (life, number); no ``revision``: it cannot be read."""

    draft: Draft
    number: Number
    seal: bytes
    offset: int
    sealed_at: datetime
    revision: Revision | None


@dataclass(frozen=True, slots=True)
class Moved:
    """An accepted event that was taken out of the outbox, because a topic has given its number to another."""

    draft: Draft
    revision: Revision


@dataclass(frozen=True, slots=True)
class TopicRebuilt:
    """What was done for one topic.

    ``events`` stand on it, and ``restored`` of them the outbox did not know. ``life`` is the new life, which begins
    after the number ``after``; both None when outbox and topic agreed. ``lost`` are numbers that Kafka had
    acknowledged and the topic lacks; ``missing`` spans (life, first, last) that it lacks besides; ``forked`` events
    under a number that another event has as well.
    """

    topic: str
    events: int
    restored: int = 0
    life: int | None = None
    after: Number | None = None
    lost: tuple[Number, ...] = ()
    missing: tuple[tuple[int, int, int], ...] = ()
    forked: tuple[str, ...] = ()


@dataclass(slots=True)
class Rebuilding:
    """One rebuild in progress: first every event of every topic is noted, then each topic is settled."""

    connection: sqlite3.Connection
    conflicts: list[str] = field(default_factory=list)

    def note(self, found: FoundEvent, *, lowest_wins: bool) -> bool:
        """Take note of an event on a topic; False for one that was noted before.

        Of two values under one id that counts which readers take: the lowest number or the highest.
        """
        topic, event_id = found.draft.topic, found.draft.event_id
        self.connection.execute("insert or ignore into found_number values (?, ?, ?)", (topic, *found.number))
        known = self.connection.execute("select value, life, seq from found where event_id = ?", (event_id,)).fetchone()
        if known is None:
            self._write(found)
            return True
        differs, number = known[0] != found.draft.value, (known[1], known[2])
        if differs:
            self.conflicts.append(event_id)
        wins = found.number < number if differs and lowest_wins else found.number > number
        if wins:
            self._write(found)
        return False

    def settle(self, topic: str, counts: Callable[[bytes], bool]) -> tuple[TopicRebuilt, Sequence[Moved]]:
        """Bring the outbox's rows of a topic into agreement with it; what had to be taken out is to be judged anew.

        ``counts`` says of a seal that was sent whether others can still know of its number.
        """
        run = self.connection.execute
        forked = self._forked(topic)
        lost = tuple((life, seq) for life, seq in run(LOST, (topic,)))
        (events,) = run("select count(*) from found where topic = ?", (topic,)).fetchone()
        missing = tuple((life, first, last) for life, first, last in run(GAPS, (topic,)))
        (unknown,) = run(UNKNOWN, (topic,)).fetchone()
        if not (unknown or lost or forked):
            run(MARK, (topic,))
            return TopicRebuilt(topic, events, missing=missing), ()
        (restored,) = run(
            "select count(*) from found where topic = ? and event_id not in (select event_id from outbox)", (topic,)
        ).fetchone()
        life, after = self._new_life(topic, counts)
        moved = self._take_out(topic)
        self._take_over(topic)
        run("insert or replace into chain values (?, ?, 0, null, ?, ?)", (topic, life, *after))
        return TopicRebuilt(topic, events, restored, life, after, lost, missing, forked), moved

    def revisions(self, stream: str, record_id: str) -> Sequence[Revision]:
        """Every revision of a record, lowest first."""
        query = f"select {REVISION_COLUMNS} from revision where stream = ? and record_id = ? order by revision"
        return [revision(row) for row in self.connection.execute(query, (stream, record_id))]

    def add(self, one: Revision, draft: Draft) -> None:
        """Put an event among the waiting rows."""
        insert_revision(self.connection, one)
        insert_event(self.connection, draft, one.accepted_at)

    def reject(self, one: RejectedRecord, at: datetime) -> None:
        """Keep an event that cannot be sent any more among the rejected records."""
        self.connection.execute(
            "insert into rejected (way, source, row, stream, record_key, problems, record, rejected_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(one.way, one.source, one.row, one.stream, one.record_key),
                *(problems_text(one.problems), record_text(one.record), at.isoformat()),
            ),
        )

    def _write(self, found: FoundEvent) -> None:
        draft, one = found.draft, found.revision
        index = (one.stream, one.record_id, one.revision, one.content, one.national_version) if one else (None,) * 5
        self.connection.execute(
            f"insert or replace into found ({ROW}, stream, record_id, revision, content, national_version)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(draft.topic, draft.event_id, draft.key, draft.value, headers_text(draft.headers)),
                *(
                    (one.accepted_at if one else found.sealed_at).isoformat(),
                    *found.number,
                    found.seal,
                    found.offset,
                    *index,
                ),
            ),
        )

    def _forked(self, topic: str) -> tuple[str, ...]:
        """Mark what shares its number with an event that stands before it on the topic."""
        rows = self.connection.execute(
            "update found set forked = 1 where topic = ? and exists (select 1 from found f where f.topic = found.topic"
            " and f.life = found.life and f.seq = found.seq and f.published_offset < found.published_offset)"
            " returning event_id",
            (topic,),
        )
        return tuple(event_id for (event_id,) in rows.fetchall())

    def _new_life(self, topic: str, counts: Callable[[bytes], bool]) -> tuple[int, Number]:
        """The life after every life there was, and the highest number that others can know of."""
        run = self.connection.execute
        known = run("select life, seq from found_number where topic = ?", (topic,)).fetchall()
        sent = run("select life, seq, seal from outbox where topic = ? and published_offset is not null", (topic,))
        known += [(life, seq) for life, seq, seal in sent if counts(seal)]
        heads = run("select life from chain where topic = ?", (topic,)).fetchall()
        after: Number = max(known, default=(1, 0))
        return max(after[0], *(life for (life,) in heads), 0) + 1, after

    def _take_out(self, topic: str) -> Sequence[Moved]:
        """Of records for which the topic says another thing under an id of ours: what it does not say."""
        found = []
        for record in self.connection.execute(TAKEN_RECORDS, (topic,)).fetchall():
            rows = self.connection.execute(NOT_SAID, record).fetchall()
            width = len(OUTBOX_COLUMNS.split(", "))
            found += [Moved(outbox_row(row[:width]).draft, revision(row[width:])) for row in rows]
        for one in found:
            self.connection.execute("delete from outbox where event_id = ?", (one.draft.event_id,))
            self.connection.execute("delete from revision where event_id = ?", (one.draft.event_id,))
        return found

    def _take_over(self, topic: str) -> None:
        run = self.connection.execute
        run("update outbox set life = null, seq = null, seal = null, published_offset = null where topic = ?", (topic,))
        run("delete from outbox where event_id in (select event_id from found where forked and topic = ?)", (topic,))
        run(TAKE_OVER, (topic,))
        run(INDEX, (topic,))


def begin_anew(rebuild: Rebuilding, topic: str, after: Number) -> TopicRebuilt:
    """Begin a new life of a topic that is not kept for good, which stands at ``after``: nothing of it is owed."""
    run = rebuild.connection.execute
    lives = run("select life from chain where topic = ?", (topic,)).fetchall()
    life = max(after[0], *(life for (life,) in lives), 0) + 1
    if is_compacted(topic):  # grants and tombstones that were never sent are owed
        run("delete from outbox where topic = ? and published_offset is not null", (topic,))
        run("update outbox set life = null, seq = null, seal = null where topic = ?", (topic,))
    else:
        run("delete from outbox where topic = ?", (topic,))
    run("insert or replace into chain values (?, ?, 0, null, ?, ?)", (topic, life, *after))
    return TopicRebuilt(topic, 0, life=life, after=after)


@contextmanager
def rebuilding(outbox: OutboxFile) -> Iterator[Rebuilding]:
    """A rebuild of this outbox: kept as a whole when the block ends, undone when it raises. No relay may run."""
    with outbox.writer.writing() as transaction:
        transaction.connection.execute(FOUND)
        transaction.connection.execute(FOUND_NUMBER)
        yield Rebuilding(transaction.connection)
        transaction.connection.execute("drop table found")
        transaction.connection.execute("drop table found_number")
