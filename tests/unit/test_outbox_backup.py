"""An outbox is copied as it was at one moment, while its intake goes on."""

import sqlite3
import threading
from pathlib import Path

import pytest

from outboxes import accept, opened
from producers.outbox import back_up, open_read_only
from schemas.errors import Stop, StoreAway


def test_a_copy_made_while_others_write_is_whole(tmp_path: Path) -> None:
    path, copy = tmp_path / "rs" / "outbox.sqlite", tmp_path / "copy.sqlite"
    outbox = opened(path, bound_rows=100_000)
    stop = threading.Event()

    def accept_on() -> None:
        number = 0
        while not stop.is_set():
            accept(outbox, [f"early {number}", f"late {number}"])
            number += 1

    writer = threading.Thread(target=accept_on)
    writer.start()
    try:
        while outbox.backlog().rows < 20:
            stop.wait(0.01)
        back_up(path, copy)
    finally:
        stop.set()
        writer.join()
        outbox.close()
    copied = open_read_only(copy)
    rows = list(copied.all_rows())
    assert len(rows) >= 20
    assert len(rows) % 2 == 0, "half of a transaction was copied"
    assert [row.draft.event_id for row in rows] == [one.event_id for one in copied.all_revisions()]
    copied.close()


def test_a_copy_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path, folder = tmp_path / "rs" / "outbox.sqlite", tmp_path / "backup"
    folder.mkdir()
    outbox = opened(path, bound_rows=100_000)
    accept(outbox, ["one"])
    back_up(path, folder / "outbox.sqlite")
    outbox.close()
    copied = open_read_only(folder / "outbox.sqlite")
    assert len(list(copied.all_rows())) == 1
    copied.close()
    assert [file.name for file in folder.iterdir()] == ["outbox.sqlite"]
    assert (folder / "outbox.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_damaged_outbox_is_not_taken_for_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(Stop, match="damaged"):
        back_up(path, tmp_path / "copy.sqlite")


def test_an_outbox_that_is_not_there_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(StoreAway):
        back_up(tmp_path / "none.sqlite", tmp_path / "copy.sqlite")


def test_a_page_that_was_overwritten_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rs" / "outbox.sqlite"
    outbox = opened(path, bound_rows=100_000)
    accept(outbox, (f"name {number}" for number in range(200)))
    outbox.close()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        (size,) = connection.execute("pragma page_size").fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[size * 5 : size * 6] = b"\xa5" * size
    path.write_bytes(content)
    with pytest.raises(Stop):
        back_up(path, tmp_path / "copy.sqlite")
