"""Beyond what every outbox promises: no delivery is numbered before its decision is on the log."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from consumers.store.connection import connector
from consumers.store.migrate import migrate
from consumers.store.outbox import RegionOutbox, add
from running import until
from schemas.errors import StoreAway
from schemas.record import Draft, Link
from schemas.steps import Step
from sealing import SEALED_AT, an_id

DECISIONS, INBOX, OTHER = "region.decision", "region.inbox.rs", "region.inbox.al"


@pytest.fixture
def url(database: str) -> str:
    migrate(database, "region")
    return database


@pytest.fixture
def steps() -> list[Step]:
    return []


@pytest.fixture
def outbox(url: str, steps: list[Step]) -> Iterator[RegionOutbox]:
    opened = RegionOutbox(connector(url, "relay"), lambda: SEALED_AT, steps.append)
    assert opened.lease()
    yield opened
    opened.close()


def draft(name: str, topic: str) -> Draft:
    return Draft(topic, an_id(name), an_id("key"), name.encode())


def put(url: str, *rows: tuple[str, str, int | None]) -> list[int]:
    """Add (name, topic, index of the row it comes after) in one transaction; their numbers."""
    with psycopg.connect(url) as transaction:
        for place, (name, topic, after) in enumerate(rows):
            if after is None:
                add(transaction, draft(name, topic), [draft(n, t) for n, t, first in rows if first == place])
        found: dict[str, int] = dict(transaction.execute("select event_id, row_id from region_outbox").fetchall())
    return [found[an_id(name)] for name, _, _ in rows]


def sign(sealed: Draft, link: Link, seq: int) -> bytes:
    return f"{sealed.event_id}.{link.life}.{seq}".encode()


def sealed_names(outbox: RegionOutbox) -> list[str]:
    return [entry.draft.value.decode() for entry in outbox.sealed(10)]


def test_a_delivery_waits_until_its_decision_is_acknowledged(url: str, outbox: RegionOutbox, steps: list[Step]) -> None:
    decision, delivery = put(url, ("decision", DECISIONS, None), ("delivery", INBOX, 0))
    assert outbox.seal_waiting(10, sign) == 1
    assert sealed_names(outbox) == ["decision"]
    outbox.mark_published({decision: 4})
    assert outbox.seal_waiting(10, sign) == 1
    assert sealed_names(outbox) == ["delivery"]
    outbox.mark_published({delivery: 0})
    assert steps == [Step.DECISION_PUBLISHED, Step.DELIVERY_PUBLISHED]


def test_nothing_on_a_topic_overtakes_a_delivery_that_waits(url: str, outbox: RegionOutbox) -> None:
    first, *_ = put(url, ("one", DECISIONS, None), ("two", INBOX, 0), ("three", INBOX, None), ("four", OTHER, None))
    assert outbox.seal_waiting(10, sign) == 2
    assert sealed_names(outbox) == ["one", "four"]
    outbox.mark_published({first: 0})
    assert outbox.seal_waiting(10, sign) == 2
    assert [entry.seq for entry in outbox.sealed(10) if entry.draft.topic == INBOX] == [1, 2]


def test_rows_that_wait_do_not_use_up_the_limit(url: str, outbox: RegionOutbox) -> None:
    put(url, ("one", DECISIONS, None), *((f"waits-{n}", INBOX, 0) for n in range(5)), ("last", OTHER, None))
    assert outbox.seal_waiting(2, sign) == 2
    assert sealed_names(outbox) == ["one", "last"]


def test_a_row_that_is_rolled_back_leaves_nothing(url: str, outbox: RegionOutbox) -> None:
    with psycopg.connect(url) as transaction:
        add(transaction, draft("one", DECISIONS))
        transaction.rollback()
    assert outbox.seal_waiting(10, sign) == 0
    assert outbox.backlog().rows == 0


def test_an_event_is_added_once(url: str) -> None:
    put(url, ("one", DECISIONS, None))
    with pytest.raises(psycopg.errors.UniqueViolation):
        put(url, ("one", DECISIONS, None))


def test_a_relay_that_lost_its_session_seals_nothing_more(url: str, outbox: RegionOutbox) -> None:
    put(url, ("one", DECISIONS, None))
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay'")
    with pytest.raises(StoreAway):
        outbox.seal_waiting(10, sign)
    rival = RegionOutbox(connector(url, "rival"), lambda: SEALED_AT)
    until(rival.lease, "the lease of a session that was ended")  # it is told so before its locks are free
    with pytest.raises(StoreAway, match="lease"):
        outbox.seal_waiting(10, sign)
    assert rival.seal_waiting(10, sign) == 1
    rival.close()


def test_a_relay_that_says_nothing_any_more_loses_its_lease_to_another(url: str) -> None:
    """As one whose process is frozen, or whose machine is gone: its session is not closed by anybody."""
    put(url, ("one", DECISIONS, None))
    frozen = RegionOutbox(connector(url, "relay", 1), lambda: SEALED_AT)
    rival = RegionOutbox(connector(url, "rival"), lambda: SEALED_AT)
    assert frozen.lease()
    until(rival.lease, "the lease of a silent relay")
    with pytest.raises(StoreAway):
        frozen.seal_waiting(10, sign)
    assert not frozen.lease()
    assert rival.seal_waiting(10, sign) == 1
    frozen.close()
    rival.close()


def test_a_server_that_became_read_only_is_away_and_nothing_else(url: str) -> None:
    put(url, ("decision", DECISIONS, None))
    open_session = connector(url, "relay")

    def connect() -> psycopg.Connection[Any]:
        connection = open_session()
        connection.execute("set default_transaction_read_only = on")  # as after a failover to a standby
        return connection

    standby = RegionOutbox(connect, lambda: SEALED_AT)
    assert standby.lease()
    with pytest.raises(StoreAway):
        standby.seal_waiting(10, sign)
    standby.close()
