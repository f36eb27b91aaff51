import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxes import accept, add, draft, opened, revision, sign
from producers.outbox import (
    OutboxFile,
    RejectedRecord,
)
from producers.outbox.place import translate
from schemas.errors import ExchangeError, Misconfigured, NotOurs, OutboxFull, Stop, StoreAway
from schemas.record import Draft
from schemas.steps import Step
from sealing import SEALED_AT, an_id
from twins import TwinOutbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rs" / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[OutboxFile]:
    opening = opened(path)
    yield opening
    opening.close()


def test_nobody_else_can_read_the_folder_or_the_file(outbox: OutboxFile, path: Path) -> None:
    accept(outbox, "1")
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_a_commit_waits_for_the_disk(outbox: OutboxFile) -> None:
    with outbox.writer.held() as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert connection.execute("pragma synchronous").fetchone() == (2,)


def test_a_second_writer_is_told_which_file_is_taken(outbox: OutboxFile, path: Path) -> None:
    with pytest.raises(NotOurs, match=str(path)) as caught:
        opened(path)
    assert caught.value.code == "outbox_in_use"
    assert outbox.backlog().rows == 0


def test_an_acceptance_that_raises_keeps_nothing(outbox: OutboxFile) -> None:
    def fail() -> None:
        with outbox.accept() as acceptance:
            add(acceptance, "1")
            acceptance.reject(RejectedRecord("file", "a.csv", 1, "seizure", "key", ()))
            raise Misconfigured("no")

    with pytest.raises(Misconfigured):
        fail()
    assert not list(outbox.reading.all_rows())
    assert not list(outbox.reading.all_revisions())
    assert not outbox.reading.rejected()


def test_a_dry_run_sees_what_it_would_keep_and_keeps_nothing(outbox: OutboxFile) -> None:
    with outbox.accept() as acceptance:
        acceptance.discard()
        acceptance.add(revision("1"), draft("1"))
        assert acceptance.revisions("seizure", an_id("record")) == [revision("1")]
        assert [row.draft for row in acceptance.events("rs.seizure", an_id("key"))] == [draft("1")]
    assert not list(outbox.reading.all_rows())
    assert not list(outbox.reading.all_revisions())


def test_revisions_come_back_lowest_first(outbox: OutboxFile) -> None:
    with outbox.accept() as acceptance:
        acceptance.add(revision("2", 2), draft("2"))
        acceptance.add(revision("1", 1), draft("1"))
        assert acceptance.revisions("seizure", an_id("record")) == [revision("1", 1), revision("2", 2)]
        assert acceptance.revisions("missing", an_id("record")) == []
    assert list(outbox.reading.all_revisions()) == [revision("2", 2), revision("1", 1)]


def test_an_event_id_is_taken_once_and_the_rest_of_the_transaction_stands(outbox: OutboxFile) -> None:
    with outbox.accept() as acceptance:
        add(acceptance, "1")
        with pytest.raises(Stop) as caught:
            acceptance.add(revision("1", 2), draft("1"))
        add(acceptance, "2")
    assert caught.value.code == "event_taken"
    assert [row.draft for row in outbox.reading.all_rows()] == [draft("1"), draft("2")]
    assert [kept.event_id for kept in outbox.reading.all_revisions()] == [an_id("1"), an_id("2")]


def test_a_full_outbox_refuses_before_anything_is_kept(path: Path) -> None:
    outbox = opened(path, bound_rows=2)
    with pytest.raises(OutboxFull) as caught:
        accept(outbox, "123")
    assert caught.value.parameters == {"rows": "2", "bound_rows": "2"}
    assert outbox.backlog().rows == 0
    accept(outbox, "12")
    with pytest.raises(OutboxFull), outbox.accept():
        pytest.fail("a full outbox began an acceptance")
    outbox.seal_waiting(10, sign)
    outbox.mark_published({outbox.sealed(1)[0].row: 0})
    accept(outbox, "3")
    assert outbox.backlog().rows == 2
    outbox.close()


def test_whoever_swallows_a_full_outbox_is_not_told_that_anything_is_kept(path: Path) -> None:
    outbox = opened(path, bound_rows=1)

    def swallow() -> None:
        with outbox.accept() as acceptance:
            for name in "12":
                try:
                    add(acceptance, name)
                except OutboxFull:
                    continue

    with pytest.raises(OutboxFull):
        swallow()
    assert outbox.backlog().rows == 0
    outbox.close()


def test_a_low_disk_refuses(path: Path) -> None:
    outbox = OutboxFile.open(path, now=lambda: SEALED_AT, min_free_bytes=2**62)
    with pytest.raises(OutboxFull) as caught, outbox.accept():
        pytest.fail("an acceptance began on a low disk")
    assert caught.value.code == "disk_low"
    assert caught.value.parameters["min_free_bytes"] == str(2**62)
    outbox.close()


def test_a_full_disk_refuses_and_keeps_nothing(path: Path) -> None:
    outbox = opened(path)
    with outbox.writer.held() as connection:
        (pages,) = connection.execute("pragma page_count").fetchone()
        connection.execute(f"pragma max_page_count = {pages + 1}")
    big = Draft("rs.seizure", an_id("big"), "", bytes(1_000_000))
    with pytest.raises(OutboxFull) as caught, outbox.accept() as acceptance:
        acceptance.add(revision("big"), big)
    assert caught.value.code == "disk_full"
    assert not list(outbox.reading.all_rows())
    with outbox.accept() as acceptance:
        add(acceptance, "small")
    assert outbox.backlog().rows == 1
    outbox.close()


def test_a_file_that_is_no_outbox_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(Stop) as caught:
        opened(path)
    assert caught.value.code == "outbox_damaged"
    assert path.read_bytes() == b"not a database" * 1000


def test_another_layout_is_left_alone(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(Misconfigured, match="layout 99"):
        opened(path)


def test_a_closed_outbox_is_away(outbox: OutboxFile, path: Path) -> None:
    closed = opened(path.with_name("other.sqlite"))
    closed.close()
    with pytest.raises(StoreAway):
        closed.backlog()
    with pytest.raises(StoreAway), closed.accept():
        pytest.fail("a closed outbox began an acceptance")
    assert outbox.backlog().rows == 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, OutboxFull),
        (sqlite3.SQLITE_CORRUPT, Stop),
        (sqlite3.SQLITE_BUSY, StoreAway),
        (sqlite3.SQLITE_IOERR_WRITE, StoreAway),
        (sqlite3.SQLITE_READONLY, StoreAway),
    ],
)
def test_an_error_of_sqlite_says_what_to_do(code: int, expected: type[ExchangeError]) -> None:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    assert type(translate(error, Path("outbox.sqlite"))) is expected


def test_threads_accept_while_a_relay_seals_and_marks(path: Path) -> None:
    outbox = opened(path, bound_rows=1_000)
    done = threading.Event()

    def submit(worker: int) -> None:
        for number in range(20):
            with outbox.accept() as acceptance:
                add(acceptance, f"{worker}.{number}")

    def relay() -> None:
        while not (done.is_set() and outbox.backlog().rows == 0):
            outbox.seal_waiting(7, sign)
            outbox.mark_published({entry.row: entry.seq for entry in outbox.sealed(5)})

    with ThreadPoolExecutor(5) as pool:
        relaying = pool.submit(relay)
        accepting = [pool.submit(submit, worker) for worker in range(4)]
        for future in accepting:
            future.result()
        done.set()
        relaying.result()
    rows = list(outbox.reading.all_rows())
    assert [row.seq for row in rows] == list(range(1, 81))
    assert [row.published_offset for row in rows] == list(range(1, 81))
    outbox.close()


def test_a_step_is_told_after_the_commit_and_not_for_a_dry_run(path: Path) -> None:
    seen: list[tuple[Step, int]] = []

    def reached(step: Step) -> None:
        seen.append((step, watched.backlog().rows))

    watched = OutboxFile.open(path, now=lambda: SEALED_AT, min_free_bytes=0, reached=reached)
    accept(watched, "1")
    with watched.accept() as acceptance:
        add(acceptance, "2")
        acceptance.discard()
    assert seen == [(Step.ACCEPTED, 1)]
    watched.close()


def test_the_age_of_the_backlog_is_that_of_its_oldest_row(path: Path) -> None:
    outbox = OutboxFile.open(path, now=lambda: SEALED_AT + timedelta(seconds=90), min_free_bytes=0)
    accept(outbox, "1")
    assert outbox.backlog().oldest_s == 90.0
    outbox.close()


@given(st.lists(st.tuples(st.sampled_from(["accept", "seal", "mark", "restart"]), st.integers(1, 4)), max_size=12))
def test_the_file_behaves_as_its_twin_through_any_history(history: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.sqlite"
        outbox, twin, names = opened(path), TwinOutbox(), iter(range(1_000))
        for what, count in history:
            if what == "accept":
                drawn = [str(next(names)) for _ in range(count)]
                with outbox.accept() as acceptance:
                    for name in drawn:
                        add(acceptance, name)
                twin.rows.accept(draft(name) for name in drawn)
            elif what == "seal":
                assert outbox.seal_waiting(count, sign) == twin.seal_waiting(count, sign)
            elif what == "mark":
                offsets = {entry.row: entry.seq for entry in outbox.sealed(count)}
                outbox.mark_published(offsets)
                twin.mark_published(offsets)
            else:
                outbox.close()
                outbox = opened(path)
            assert outbox.sealed(50) == twin.sealed(50)
            assert outbox.heads() == twin.heads()
            assert outbox.backlog().rows == twin.backlog().rows
        outbox.close()
