"""One event as a file that anybody can check with JOSE tools. It changes with what such a file says.

The seal is verified before anything is handed on. The directory is that in force here: a version forgets no key, so
it has the one that sealed the event, also where that was replaced since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent
from consumers.checking import Terms, check_record
from consumers.desk.original import original_record
from consumers.store.events import beginning_with
from interfocal.desk.views import footnotes_for
from interfocal.installation.installation import Installation
from interfocal.limits import limits_of
from interfocal.quarantine.described import meaning_of
from schemas.directory import Directory
from schemas.errors import Misconfigured, Unusable
from schemas.events.delivery import Delivery
from schemas.record import SEAL_HEADER, Record
from schemas.trust import base64url
from schemas.wire.catalogue import version_of
from schemas.wire.codec import decode, event_json

FORMAT = "interfocal-event/1"
DELIVERED = """
    select event.value from event join inbox using (event_id)
    where inbox.of_event like %s || '%%' order by event.topic, event.log_offset limit 50
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed version of the directory: its number, and the document with a line for each signature."""

    version: int
    document: bytes


def applied(connection: Connection[Any], event: str, terms: Terms) -> CheckedEvent:
    """The event of the region whose id begins so. Raises Misconfigured where it is not one, Unusable if it is bad."""
    return _only(event, beginning_with(connection, event), terms)


def applied_at_desk(connection: Connection[Any], event: str, terms: Terms) -> CheckedEvent:
    """Likewise of a desk: also what was delivered to it, as its sender sealed it."""
    rows = connection.execute(DELIVERED.encode(), [event]).fetchall()
    delivered = [opened for (value,) in rows if isinstance(opened := decode(value)[1], Delivery)]
    return _only(event, [*beginning_with(connection, event), *map(original_record, delivered)], terms)


def directory_here(installation: Installation) -> Signed:
    """The signed directory in force."""
    version = installation.directory.version
    return Signed(version, installation.places.trust.document(version).read_bytes())


def exported(checked: CheckedEvent, directory: Directory, signed: Signed) -> Mapping[str, Any]:
    """What the file says; bytes are base64url without padding."""
    record, schema = checked.record, version_of(checked.schema_id)
    event = event_json(checked.event)
    return {
        "limits": limits_of(directory),
        "footnotes": footnotes_for(event, directory),
        "format": FORMAT,
        "region": directory.region,
        "topic": record.topic,
        "offset": record.offset,
        "key": checked.claims.key,
        "value": base64url.encode(record.value or b"").decode(),
        "seal": record.header_values(SEAL_HEADER)[0].decode(),
        "schema": {"id": schema.schema_id, "name": schema.name, "avro": schema.schema},
        "directory": {"version": signed.version, "document": signed.document.decode()},
        "event": event,
    }


def _only(asked: str, records: Sequence[Record], terms: Terms) -> CheckedEvent:
    """The one event of these records, of which several may be copies, with its seal verified."""
    found = {(record.topic, record.value, record.headers): record for record in records}
    if not found:
        raise Misconfigured(
            f"no event {asked} was folded here; `interfocal view --json` and `interfocal tail` show ids"
        )
    checked = [_checked(record, terms) for record in found.values()]
    if len(checked) > 1:
        names = ", ".join(f"{one.event.event_id} on {one.record.topic}" for one in checked)
        raise Misconfigured(f"{asked} is not one event, say more of its id: {names}")
    return checked[0]


def _checked(record: Record, terms: Terms) -> CheckedEvent:
    checked = check_record(record, terms)
    if isinstance(checked, CheckedEvent):
        return checked
    place = f"offset {record.offset} of {record.topic}"
    raise Unusable(f"the event at {place} is not exported ({checked.reason}): {meaning_of(checked.reason)}")
