from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outboxes import accept, draft, opened, revision, sign
from producers.outbox import (
    OutboxFile,
    RejectedRecord,
    open_read_only,
)
from schemas.errors import StoreAway
from schemas.rejection import problem
from sealing import SEALED_AT, an_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rs" / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[OutboxFile]:
    opening = opened(path)
    yield opening
    opening.close()


def test_others_read_while_the_producer_writes_and_cannot_write(outbox: OutboxFile, path: Path) -> None:
    reading = open_read_only(path)
    with outbox.accept() as acceptance:
        acceptance.add(revision("1"), draft("1"))
        assert reading.find_event(an_id("1")) is None
    found = reading.find_event(an_id("1"))
    assert found is not None
    assert (found.draft, found.seal, found.published_offset, found.accepted_at) == (draft("1"), None, None, SEALED_AT)
    with pytest.raises(StoreAway), reading.shared.held() as connection:
        connection.execute("delete from outbox")
    reading.close()


def test_an_outbox_without_its_producer_can_be_read(path: Path) -> None:
    outbox = opened(path)
    accept(outbox, "1")
    outbox.close()
    reading = open_read_only(path)
    assert [row.draft for row in reading.all_rows()] == [draft("1")]
    reading.close()


def test_there_is_nothing_to_read_where_no_outbox_is(path: Path) -> None:
    with pytest.raises(StoreAway, match="no outbox"):
        open_read_only(path)
    assert not path.exists()


def test_every_row_is_read_over_all_pages(outbox: OutboxFile) -> None:
    with outbox.writer.writing() as transaction:
        transaction.connection.executemany(
            "insert into outbox (topic, event_id, key, value, headers, accepted_at)"
            " values ('rs.seizure', ?, '', x'', '[]', ?)",
            [(str(number), SEALED_AT.isoformat()) for number in range(2_001)],
        )
    assert [row.draft.event_id for row in outbox.reading.all_rows()] == [str(number) for number in range(2_001)]


def rejected(detail: str, row: int = 4) -> RejectedRecord:
    found = (problem("malformed_record", detail=detail),)
    return RejectedRecord("file", "a.csv", row, "seizure", "key", found, {"no": "7", "odd": "\x00\ud800"})


def test_a_rejected_record_is_kept_with_its_problems(outbox: OutboxFile) -> None:
    with outbox.accept() as acceptance:
        number = acceptance.reject(rejected("no item"))
    kept = outbox.reading.find_rejected(number)
    assert kept is not None
    assert (kept.rejected, kept.rejected_at, kept.closed_at) == (rejected("no item"), SEALED_AT, None)
    assert outbox.reading.find_rejected(number + 1) is None


def test_the_same_rejection_is_kept_once(outbox: OutboxFile) -> None:
    with outbox.accept() as acceptance:
        first = acceptance.reject(rejected("no item"))
        assert acceptance.reject(rejected("no item", row=9)) == first
        assert acceptance.reject(rejected("no date")) != first
    assert len(outbox.reading.rejected()) == 2


def test_an_accepted_record_closes_what_was_rejected_of_it(outbox: OutboxFile) -> None:
    with outbox.accept() as acceptance:
        first = acceptance.reject(rejected("no item"))
        acceptance.close_rejected("missing", "key")
        acceptance.close_rejected("seizure", "")
        assert len(acceptance.revisions("seizure", "x")) == 0
    assert [kept.id for kept in outbox.reading.rejected()] == [first]
    with outbox.accept() as acceptance:
        acceptance.close_rejected("seizure", "key", an_id("1"))
    assert not outbox.reading.rejected()
    (closed,) = outbox.reading.rejected(closed=True)
    assert (closed.id, closed.closed_at, closed.closed_by) == (first, SEALED_AT, an_id("1"))


def test_whoever_waits_for_an_event_is_told_its_offset(outbox: OutboxFile) -> None:
    accept(outbox, "1")
    outbox.seal_waiting(1, sign)
    assert outbox.wait_published(an_id("1"), 0.0) is None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outbox.wait_published, an_id("1"), 60.0)
        outbox.mark_published({1: 17})
        assert waiting.result() == 17
    assert outbox.wait_published(an_id("unknown"), 0.0) is None
