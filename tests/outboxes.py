"""Outbox files for tests, with events whose ids follow from a name."""

from collections.abc import Iterable
from pathlib import Path

from producers.outbox import Acceptance, OutboxFile, Revision
from schemas.record import Draft, Link
from schemas.steps import Reached, not_watched
from sealing import SEALED_AT, an_id


def sign(draft: Draft, link: Link, seq: int) -> bytes:
    return f"{draft.event_id} {link.prev} {seq}".encode()


def draft(name: str, topic: str = "rs.seizure") -> Draft:
    return Draft(topic, an_id(name), an_id("key"), name.encode())


def revision(name: str, number: int = 1) -> Revision:
    return Revision("seizure", an_id("record"), number, "digest", "v1", an_id(name), SEALED_AT)


def add(acceptance: Acceptance, name: str) -> None:
    acceptance.add(Revision("seizure", an_id(f"r{name}"), 1, "d", None, an_id(name), SEALED_AT), draft(name))


def accept(outbox: OutboxFile, names: Iterable[str]) -> None:
    with outbox.accept() as acceptance:
        for name in names:
            add(acceptance, name)


def opened(path: Path, bound_rows: int = 100, reached: Reached = not_watched) -> OutboxFile:
    return OutboxFile.open(path, now=lambda: SEALED_AT, bound_rows=bound_rows, min_free_bytes=0, reached=reached)
