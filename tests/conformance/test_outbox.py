"""What every outbox promises. A new outbox is one entry in ``PLACES``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from consumers.store.connection import connector
from consumers.store.migrate import migrate
from consumers.store.outbox import RegionOutbox, add
from producers.outbox import OutboxFile, Revision
from schemas.errors import NotOurs
from schemas.record import Draft, Entry, Link, Outbox
from schemas.trust.seal import link_hash
from sealing import SEALED_AT, an_id
from twins import TwinOutbox, TwinRows


@dataclass(frozen=True, slots=True)
class OutboxPlace:
    """A place where an outbox is kept, empty at first, and what intake or workers do with it.

    ``open`` may be called again, as a restarted process does; ``published`` maps event ids to offsets.
    """

    topics: tuple[str, str]
    open: Callable[[], Outbox]
    close: Callable[[Outbox], None]
    accept: Callable[[Outbox, Sequence[Draft]], None]
    published: Callable[[Outbox], Mapping[str, int]]


def twin_place(request: pytest.FixtureRequest) -> OutboxPlace:
    del request
    rows = TwinRows()
    return OutboxPlace(
        topics=("rs.seizure", "rs.trace"),
        open=lambda: TwinOutbox(rows),
        close=lambda outbox: cast("TwinOutbox", outbox).close(),
        accept=lambda outbox, drafts: cast("TwinOutbox", outbox).rows.accept(drafts),
        published=lambda _: {rows.sealed[row].draft.event_id: offset for row, offset in rows.published.items()},
    )


def sqlite_place(request: pytest.FixtureRequest) -> OutboxPlace:
    path: Path = request.getfixturevalue("tmp_path") / "rs" / "outbox.sqlite"

    def accept(outbox: Outbox, drafts: Sequence[Draft]) -> None:
        with cast("OutboxFile", outbox).accept() as acceptance:
            for draft in drafts:
                revision = Revision("seizure", draft.event_id, 1, "", None, draft.event_id, SEALED_AT)
                acceptance.add(revision, draft)

    def published(outbox: Outbox) -> Mapping[str, int]:
        rows = cast("OutboxFile", outbox).reading.all_rows()
        return {row.draft.event_id: row.published_offset for row in rows if row.published_offset is not None}

    return OutboxPlace(
        topics=("rs.seizure", "rs.trace"),
        open=lambda: OutboxFile.open(path, now=lambda: SEALED_AT + timedelta(seconds=5), min_free_bytes=0),
        close=lambda outbox: cast("OutboxFile", outbox).close(),
        accept=accept,
        published=published,
    )


def postgres_place(request: pytest.FixtureRequest) -> OutboxPlace:
    url: str = request.getfixturevalue("database")
    migrate(url, "region")

    def accept(_: Outbox, drafts: Sequence[Draft]) -> None:
        with psycopg.connect(url) as transaction:
            for draft in drafts:
                add(transaction, draft)

    def published(_: Outbox) -> Mapping[str, int]:
        with psycopg.connect(url) as connection:
            query = "select event_id, published_offset from region_outbox where published_offset is not null"
            return dict(connection.execute(query).fetchall())

    return OutboxPlace(
        topics=("region.decision", "region.inbox.rs"),
        open=lambda: RegionOutbox(connector(url, "test"), lambda: datetime.now(UTC) + timedelta(seconds=5)),
        close=lambda outbox: cast("RegionOutbox", outbox).close(),
        accept=accept,
        published=published,
    )


PLACES: Mapping[str, Callable[[pytest.FixtureRequest], OutboxPlace]] = {
    "twin": twin_place,
    "sqlite": sqlite_place,
    "postgres": postgres_place,
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> OutboxPlace:
    return PLACES[request.param](request)


@pytest.fixture
def outbox(place: OutboxPlace) -> Iterator[Outbox]:
    opened = place.open()
    assert opened.lease()
    yield opened
    place.close(opened)


def draft(place: OutboxPlace, number: int, **changes: Any) -> Draft:
    """Every third draft goes to the second topic."""
    topic = place.topics[number % 3 == 0]
    fields = {"topic": topic, "event_id": an_id(f"{number}"), "key": an_id("key"), "value": b"\x00%d" % number}
    return Draft(**{**fields, **changes})


def drafts(place: OutboxPlace, count: int, first: int = 1) -> list[Draft]:
    return [draft(place, number) for number in range(first, first + count)]


def sign(sealed: Draft, link: Link, seq: int) -> bytes:
    """A seal that says what it was made from."""
    return f"{sealed.event_id}/{link.life}.{link.seq}/{link.prev}/{seq}".encode()


def test_a_draft_comes_back_byte_for_byte(place: OutboxPlace, outbox: Outbox) -> None:
    given = [
        draft(place, 1, headers=(("ce_id", b"1"), ("any", bytes(range(256))), ("any", b""), ("žćđ", b"x"))),
        draft(place, 2, key=""),
        draft(place, 3, value=bytes(range(256)) * 300),
    ]
    place.accept(outbox, given)
    outbox.seal_waiting(10, sign)
    assert [entry.draft for entry in outbox.sealed(10)] == given


def test_a_waiting_row_is_not_sent(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 3))
    assert not outbox.sealed(10)
    assert not outbox.heads()


def test_each_topic_is_one_chain_that_begins_at_number_1(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 7))
    assert outbox.seal_waiting(4, sign) == 4
    assert outbox.seal_waiting(4, sign) == 3
    assert outbox.seal_waiting(4, sign) == 0
    entries = outbox.sealed(10)
    for topic in place.topics:
        link = Link(1, 0, None)
        for entry in (entry for entry in entries if entry.draft.topic == topic):
            assert (entry.life, entry.seq) == (1, link.seq + 1)
            assert entry.seal == sign(entry.draft, link, link.seq + 1)
            link = Link(1, entry.seq, link_hash(entry.seal, entry.draft.value))
        assert link == outbox.heads()[topic]


def test_rows_come_in_the_order_in_which_they_were_accepted(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 4))
    outbox.seal_waiting(10, sign)
    place.accept(outbox, drafts(place, 3, first=5))
    outbox.seal_waiting(10, sign)
    given = [drawn.event_id for drawn in drafts(place, 7)]
    assert [entry.draft.event_id for entry in outbox.sealed(10)] == given
    assert [entry.draft.event_id for entry in outbox.sealed(3)] == given[:3]


def test_a_sealer_that_fails_leaves_no_number_given(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 4))

    def failing(sealed: Draft, link: Link, seq: int) -> bytes:
        if sealed.event_id == an_id("3"):
            raise NotOurs("no key")
        return sign(sealed, link, seq)

    with pytest.raises(NotOurs):
        outbox.seal_waiting(10, failing)
    assert not outbox.sealed(10)
    assert not outbox.heads()
    assert outbox.seal_waiting(10, sign) == 4


def test_numbers_and_seals_outlive_the_process(place: OutboxPlace) -> None:
    first = place.open()
    place.accept(first, drafts(place, 5))
    first.seal_waiting(3, sign)
    entries, heads = first.sealed(10), first.heads()
    place.close(first)
    second = place.open()
    assert second.lease()
    assert second.sealed(10) == entries
    assert second.heads() == heads
    assert second.seal_waiting(10, sign) == 2
    assert second.sealed(10)[:3] == entries
    assert [entry.seq for entry in second.sealed(10)] == [1, 2, 1, 3, 4]
    place.close(second)


def test_only_acknowledged_rows_are_published(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 4))
    outbox.seal_waiting(10, sign)
    entries = outbox.sealed(10)
    outbox.mark_published({entries[0].row: 40, entries[2].row: 41})
    assert outbox.sealed(10) == [entries[1], entries[3]]
    assert place.published(outbox) == {an_id("1"): 40, an_id("3"): 41}


def test_a_row_keeps_the_offset_it_was_first_found_at(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 1))
    outbox.seal_waiting(10, sign)
    (entry,) = outbox.sealed(10)
    outbox.mark_published({entry.row: 5})
    outbox.mark_published({entry.row: 9})
    assert place.published(outbox) == {an_id("1"): 5}


def test_the_chain_goes_on_after_what_is_published(place: OutboxPlace, outbox: Outbox) -> None:
    place.accept(outbox, drafts(place, 2))
    outbox.seal_waiting(10, sign)
    outbox.mark_published({entry.row: 0 for entry in outbox.sealed(10)})
    heads = outbox.heads()
    place.accept(outbox, [draft(place, 4)])
    outbox.seal_waiting(10, sign)
    (entry,) = outbox.sealed(10)
    assert entry.seal == sign(entry.draft, heads[place.topics[0]], 3)


def test_the_backlog_counts_what_is_not_acknowledged(place: OutboxPlace, outbox: Outbox) -> None:
    assert outbox.backlog().rows == 0
    assert outbox.backlog().oldest_s == 0.0
    place.accept(outbox, drafts(place, 3))
    outbox.seal_waiting(2, sign)
    assert outbox.backlog().rows == 3
    assert outbox.backlog().oldest_s > 0.0
    marked: Entry = outbox.sealed(1)[0]
    outbox.mark_published({marked.row: 0})
    assert outbox.backlog().rows == 2


def test_rows_of_topics_that_are_left_out_wait_without_a_number_and_take_no_room(
    place: OutboxPlace, outbox: Outbox
) -> None:
    first, second = place.topics
    place.accept(outbox, drafts(place, 7))
    assert outbox.seal_waiting(2, sign, {first}) == 2
    assert [entry.draft.event_id for entry in outbox.sealed(10)] == [an_id("3"), an_id("6")]
    assert outbox.seal_waiting(10, sign) == 5
    assert [entry.draft.topic for entry in outbox.sealed(2, [first])] == [second] * 2
    assert [entry.seq for entry in outbox.sealed(10, [second])] == [1, 2, 3, 4, 5]
    assert outbox.sealed(10, place.topics) == []


def test_no_two_relays_hold_an_outbox_at_once(place: OutboxPlace) -> None:
    first = place.open()
    assert first.lease()
    try:
        second: Outbox | None = place.open()
    except NotOurs:
        second = None
    assert second is None or not second.lease()
    assert first.lease()
    place.close(first)
    second = second or place.open()
    assert second.lease()
    place.close(second)
