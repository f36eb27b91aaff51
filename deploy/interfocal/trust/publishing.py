"""Puts a signed directory into the region's outbox, from where it reaches all. It changes with who hands it out."""

from typing import Any

from psycopg import Connection

from consumers.store import outbox
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.installation.installation import Installation
from interfocal.trust.draft import check_follows
from schemas.directory import Directory
from schemas.errors import Malformed
from schemas.events.envelope import Handling
from schemas.events.ids import directory_record_id, event_id
from schemas.events.issued_directory import IssuedDirectory
from schemas.record import Draft
from schemas.topics import DIRECTORY_TOPIC, MAX_DELIVERY_BYTES, REGION
from schemas.trust.succession import document_sha256
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode

STREAM = "directory"


def publish(installation: Installation, document: bytes) -> Directory:
    """Hand a version out, once; raises Unsealed or NotTaken when it may not follow, Malformed when it is too large."""
    directory = check_follows(document, installation.kept)
    draft = draft_of(directory, document)

    def add(transaction: Connection[Any]) -> None:
        if not outbox.contains(transaction, draft.event_id):
            outbox.add(transaction, draft)

    session = Session(connector(installation.region_url, "directory"))
    try:
        session.transact(add)
    finally:
        session.close()
    return directory


def draft_of(directory: Directory, document: bytes) -> Draft:
    """A version for the outbox: the same bytes whenever it is handed out. Raises Malformed when it is too large."""
    record = directory_record_id(directory.region)
    issued = IssuedDirectory(
        event_id=event_id(record, directory.version),
        record_id=record,
        revision=directory.version,
        member=REGION.upper(),
        recorded_at=directory.issued_at,
        status="active",
        exercise=directory.exercise,
        handling=Handling(),
        version=directory.version,
        sha256=document_sha256(document),
        document=document,
    )
    value = encode(issued)
    if len(value) > MAX_DELIVERY_BYTES:
        message = f"the signed directory has {len(value)} bytes, and {MAX_DELIVERY_BYTES} are handed out"
        raise Malformed(message, code="too_large")
    return Draft(DIRECTORY_TOPIC, issued.event_id, "", value, headers_for(issued, STREAM))
