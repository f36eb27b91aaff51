"""The region's outbox in PostgreSQL: decisions and deliveries wait here until Kafka has acknowledged them.

It changes when the region's relay or workers need more of it. A row with ``after_row`` waits, and all that follows it
on its topic, until that row is acknowledged: a delivery is never sent before its decision.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.store.connection import Connect, Meaning, meaning_of, store_away
from schemas.errors import StoreAway
from schemas.record import Backlog, Draft, Entry, Link, Sealer
from schemas.steps import Reached, Step, not_watched
from schemas.topics import DECISION_TOPIC
from schemas.trust.seal import link_hash

FIRST_LIFE = Link(life=1, seq=0, prev=None)
RELAY_LOCK = 0x72656C61  # advisory lock, one session: the lease
ADD_LOCK = 0x61646473  # advisory lock, one transaction: rows become visible in the order of their numbers
ROW = "row_id, topic, event_id, key, value, headers, life, seq, seal"
WAITING = """
    with blocked as (
        select waiting.topic, min(waiting.row_id) as first_row
        from region_outbox as waiting join region_outbox as before on before.row_id = waiting.after_row
        where waiting.seal is null and waiting.published_offset is null and before.published_offset is null
        group by waiting.topic
    )
    select row_id, topic, event_id, key, value, headers, life, seq, seal
    from region_outbox left join blocked using (topic)
    where seal is null and published_offset is null and (first_row is null or row_id < first_row)
        and topic <> all(%s)
    order by row_id limit %s
"""

Group = tuple[Draft, Sequence[Draft]]
"""An event, and those that are sent only when it is acknowledged."""


def add(transaction: Connection[Any], draft: Draft, following: Sequence[Draft] = ()) -> None:
    """Add an event in the caller's transaction, and events that are sent only when it is acknowledged.

    Raises psycopg's UniqueViolation for an event id that is there already.
    """
    hold_additions(transaction)
    _add_all(transaction, [(draft, following)])


def add_new(transaction: Connection[Any], groups: Sequence[Group]) -> int:
    """Add each group whose first event was never added; how many. Call it last: nobody else adds until the end."""
    if not groups:
        return 0
    hold_additions(transaction)
    known = _known(transaction, [first.event_id for first, _ in groups])
    new = [group for group in groups if group[0].event_id not in known]
    _add_all(transaction, new)
    return len(new)


class RegionOutbox:
    """``schemas.record.Outbox`` over one PostgreSQL session; threads may share it.

    The lease is a lock of that session, and numbers are given in it too: who lost the session cannot seal. Every
    method raises StoreAway when the database does not answer.
    """

    def __init__(self, connect: Connect, now: Callable[[], datetime], reached: Reached = not_watched) -> None:
        self._connect = connect
        self._now = now
        self._reached = reached
        self._lock = threading.RLock()
        self._connection: Connection[Any] | None = None
        self._leased = False

    def lease(self) -> bool:
        """Take or renew the right to relay; False when another session holds it."""
        with self._held("leasing") as connection:
            if not self._leased:
                row = connection.execute("select pg_try_advisory_lock(%s)", [RELAY_LOCK]).fetchone()
                self._leased = bool(row and row[0])
            else:
                connection.execute("select 1")
            return self._leased

    def sealed(self, limit: int, without: Collection[str] = ()) -> Sequence[Entry]:
        """Numbered and unacknowledged rows, in the order in which they were accepted; none of topics ``without``."""
        with self._held("reading sealed rows") as connection:
            rows = connection.execute(
                f"select {ROW} from region_outbox where published_offset is null and seal is not null"
                " and topic <> all(%s) order by row_id limit %s",
                [list(without), limit],
            ).fetchall()
        return [Entry(row[0], _draft(row), row[6], row[7], row[8]) for row in rows]

    def seal_waiting(self, limit: int, sealer: Sealer, without: Collection[str] = ()) -> int:
        """Number and seal up to ``limit`` waiting rows whose turn it is, in one transaction; likewise."""
        with self._held("sealing") as connection, connection.transaction():
            if not self.lease():  # a session that was lost took the lease along, and another relay may have it now
                raise StoreAway("another relay empties this outbox; waiting for its lease")
            waiting = connection.execute(WAITING, [list(without), limit]).fetchall()
            heads = _heads(connection)
            sealed = [(row[0], *_sealed(_draft(row), heads, sealer)) for row in waiting]
            if sealed:
                _write_seals(connection, sealed)
                _write_heads(connection, {row[1]: heads[row[1]] for row in waiting})
        return len(sealed)

    def heads(self) -> Mapping[str, Link]:
        """The last number given, for each topic that has one."""
        with self._held("reading heads") as connection:
            return _heads(connection)

    def mark_published(self, offsets: Mapping[int, int]) -> None:
        """Record the acknowledged offset of each row, all or none; a row keeps its first offset."""
        with self._held("marking rows published") as connection:
            rows = connection.execute(
                # A grant is on its topic for as long as it may be, and nowhere else.
                "update region_outbox as row set published_offset = told.log_offset,"
                " value = case when row.topic like 'region.grant.%%' then ''::bytea else row.value end"
                " from unnest(%s::bigint[], %s::bigint[]) as told (row_id, log_offset)"
                " where row.row_id = told.row_id and row.published_offset is null returning row.topic",
                [list(offsets.keys()), list(offsets.values())],
            ).fetchall()
        topics = {topic for (topic,) in rows}
        if DECISION_TOPIC in topics:
            self._reached(Step.DECISION_PUBLISHED)
        if topics - {DECISION_TOPIC}:
            self._reached(Step.DELIVERY_PUBLISHED)

    def backlog(self) -> Backlog:
        """Rows not acknowledged, and how old the oldest is."""
        with self._held("counting rows") as connection:
            row = connection.execute(
                "select count(*), min(added_at) from region_outbox where published_offset is null"
            ).fetchone()
        rows, oldest = row or (0, None)
        age_s = (self._now() - oldest).total_seconds() if oldest else 0.0
        return Backlog(rows, max(age_s, 0.0))

    def close(self) -> None:
        """Give lease and connection up."""
        with self._lock:
            connection, self._connection = self._connection, None
            leased, self._leased = self._leased, False
            if connection is None:
                return
            if leased:  # the server notices a closed connection only a little later, and a successor would wait
                with suppress(psycopg.Error):
                    connection.execute("select pg_advisory_unlock(%s)", [RELAY_LOCK])
            connection.close()

    @contextmanager
    def _held(self, doing: str) -> Iterator[Connection[Any]]:
        """The session for one thread at a time; a session that fails is given up, and the lease with it."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                yield self._connection
            except psycopg.Error as error:
                if meaning_of(error) is Meaning.OF_THE_DATA:
                    raise
                self.close()
                raise store_away(error, doing) from error


def hold_additions(transaction: Connection[Any]) -> None:
    """Let nobody else add events until this transaction ends: what is not here then is not added twice."""
    transaction.execute("select pg_advisory_xact_lock(%s)", [ADD_LOCK])


def contains(transaction: Connection[Any], event_id: str) -> bool:
    """Whether the outbox has had this event."""
    return bool(_known(transaction, [event_id]))


def _known(transaction: Connection[Any], events: Sequence[str]) -> set[str]:
    rows = transaction.execute("select event_id from region_outbox where event_id = any(%s)", [list(events)])
    return {event for (event,) in rows}


def _add_all(transaction: Connection[Any], groups: Sequence[Group]) -> None:
    rows = _insert(transaction, [(first, None) for first, _ in groups])
    _insert(transaction, [(draft, rows[first.event_id]) for first, following in groups for draft in following])


def _insert(transaction: Connection[Any], added: Sequence[tuple[Draft, int | None]]) -> Mapping[str, int]:
    """Rows in this order, each after the row that has to be acknowledged first; event id -> row."""
    if not added:
        return {}
    drafts = [draft for draft, _ in added]
    rows = transaction.execute(
        "insert into region_outbox (after_row, topic, event_id, key, value, headers)"
        " select after_row, topic, event_id, key, value, headers from unnest(%s::bigint[], %s::text[], %s::text[],"
        " %s::text[], %s::bytea[], %s::jsonb[]) with ordinality"
        " as new (after_row, topic, event_id, key, value, headers, place) order by place returning event_id, row_id",
        [
            *([after for _, after in added], [draft.topic for draft in drafts], [draft.event_id for draft in drafts]),
            *([draft.key for draft in drafts], [draft.value for draft in drafts]),
            [_headers_json(draft.headers) for draft in drafts],
        ],
    )
    return dict(rows.fetchall())


def _sealed(draft: Draft, heads: dict[str, Link], sealer: Sealer) -> tuple[int, int, bytes]:
    """Life, number and seal of a waiting row; moves its topic's head."""
    head = heads.get(draft.topic, FIRST_LIFE)
    seal = sealer(draft, head, head.seq + 1)
    heads[draft.topic] = Link(head.life, head.seq + 1, link_hash(seal, draft.value))
    return head.life, head.seq + 1, seal


def _write_seals(transaction: Connection[Any], sealed: Sequence[tuple[int, int, int, bytes]]) -> None:
    rows, lives, numbers, seals = zip(*sealed, strict=True)
    transaction.execute(
        "update region_outbox as row set life = given.life, seq = given.seq, seal = given.seal"
        " from unnest(%s::bigint[], %s::int[], %s::bigint[], %s::bytea[]) as given (row_id, life, seq, seal)"
        " where row.row_id = given.row_id",
        [list(rows), list(lives), list(numbers), list(seals)],
    )


def _heads(connection: Connection[Any]) -> dict[str, Link]:
    rows = connection.execute("select topic, life, seq, prev, after_life, after_seq from region_chain")
    return {
        topic: Link(life, seq, prev, None if after_life is None else (after_life, after_seq))
        for topic, life, seq, prev, after_life, after_seq in rows
    }


def _write_heads(transaction: Connection[Any], heads: Mapping[str, Link]) -> None:
    with transaction.cursor() as cursor:
        cursor.executemany(
            "insert into region_chain (topic, life, seq, prev, after_life, after_seq) values (%s, %s, %s, %s, %s, %s)"
            " on conflict (topic) do update set life = excluded.life, seq = excluded.seq, prev = excluded.prev,"
            " after_life = excluded.after_life, after_seq = excluded.after_seq",
            [(t, head.life, head.seq, head.prev, *(head.after or (None, None))) for t, head in heads.items()],
        )


def _headers_json(headers: Sequence[tuple[str, bytes]]) -> Jsonb:
    return Jsonb([[name, value.hex()] for name, value in headers])


def _draft(row: Sequence[Any]) -> Draft:
    headers = tuple((name, bytes.fromhex(text)) for name, text in row[5])
    return Draft(row[1], row[2], row[3], row[4], headers)
