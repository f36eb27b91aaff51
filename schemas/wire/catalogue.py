"""Which schemas there are and under which ids. It changes when a stream or a version is added.

Ids are given here (type number x 100 + version) and are the same everywhere; nothing looks a schema up by network.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from schemas.errors import Misconfigured, UnknownSchema
from schemas.events.decision import Decision
from schemas.events.delivery import Delivery
from schemas.events.envelope import Event
from schemas.events.grant import Grant
from schemas.events.head import RegionHead
from schemas.events.heartbeat import Heartbeat
from schemas.events.issued_directory import IssuedDirectory
from schemas.events.missing import Missing
from schemas.events.quarantined import Quarantined
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.topics import REGION, owner_of, stream_of

VERSIONS_PER_TYPE = 100
SCHEMA_FILE = "schema.avsc"


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: its stream, its number, and the model of its latest version."""

    stream: str
    number: int
    model: type[Event]


EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        kind.stream: kind
        for kind in (
            EventType("seizure", 1, Seizure),
            EventType("missing", 2, Missing),
            EventType("trace", 3, TraceAct),
            EventType("receipt", 6, Receipt),
            EventType("grant", 7, Grant),
            EventType("heartbeat", 8, Heartbeat),
            EventType("decision", 9, Decision),
            EventType("delivery", 10, Delivery),
            EventType("quarantined", 12, Quarantined),
            EventType("head", 13, RegionHead),
            EventType("directory", 14, IssuedDirectory),
        )
    }
)
STREAM_OF_MODEL: Mapping[type[Event], str] = MappingProxyType(
    {kind.model: kind.stream for kind in EVENT_TYPES.values()}
)


CARRIED: Mapping[str, str] = MappingProxyType({"inbox": "delivery", "grant": "delivery", "quarantine": "quarantined"})
"""What the region's topics for one member carry."""


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a stream's schema. ``text`` is the file as it is; ``schema`` the same, parsed as JSON."""

    stream: str
    version: int
    text: str
    schema: Mapping[str, Any]

    @property
    def schema_id(self) -> int:
        """The id in the wire format."""
        return EVENT_TYPES[self.stream].number * VERSIONS_PER_TYPE + self.version

    @property
    def name(self) -> str:
        """``seizure/1``, as the folder is called."""
        return f"{self.stream}/{self.version}"


def avro_folder() -> Traversable:
    """The folder of schemas that is part of this package."""
    return files("schemas") / "avro"


def read_versions(folder: Traversable, *, begun: bool = False) -> tuple[SchemaVersion, ...]:
    """Every ``<stream>/<version>/schema.avsc`` of a folder; raises Misconfigured for one that has no id or no JSON.

    ``begun``: versions may be there whose schema is still to be written, and are left out.
    """
    return tuple(sorted(_versions(folder, begun=begun), key=lambda found: found.schema_id))


def _versions(folder: Traversable, *, begun: bool) -> Iterator[SchemaVersion]:
    for stream in _folders(folder):
        for version in _folders(stream):
            if not begun or (version / SCHEMA_FILE).is_file():
                yield _version(stream.name, version)


def _folders(folder: Traversable) -> Iterator[Traversable]:
    return (entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "_")))


def _version(stream: str, folder: Traversable) -> SchemaVersion:
    where = f"schemas/avro/{stream}/{folder.name}"
    if stream not in EVENT_TYPES:
        raise Misconfigured(f"{where}: no event type is called {stream!r}; add it to schemas/wire/catalogue.py")
    if not folder.name.isdecimal() or not 0 < int(folder.name) < VERSIONS_PER_TYPE:
        raise Misconfigured(f"{where}: a version is a number from 1 to {VERSIONS_PER_TYPE - 1}")
    try:
        text = (folder / SCHEMA_FILE).read_text(encoding="utf-8")
        return SchemaVersion(stream, int(folder.name), text, json.loads(text))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{where}/{SCHEMA_FILE} cannot be read: {error}; restore the file") from error


@cache
def catalogue() -> Mapping[int, SchemaVersion]:
    """All schemas of this package by id; read once, because package data does not change while we run."""
    return MappingProxyType({found.schema_id: found for found in read_versions(avro_folder())})


def version_of(schema_id: int) -> SchemaVersion:
    """The schema under an id; raises UnknownSchema."""
    try:
        return catalogue()[schema_id]
    except KeyError:
        raise UnknownSchema(
            f"schema id {schema_id} is not in the catalogue; a newer version of this program may know it",
            parameters={"schema_id": str(schema_id)},
        ) from None


def stream_of_schema(schema_id: int) -> str:
    """``101`` -> ``seizure``; raises UnknownSchema."""
    return version_of(schema_id).stream


def model_of(schema_id: int) -> type[Event]:
    """The model that events of this schema become, whatever its version; raises UnknownSchema."""
    return model_of_stream(stream_of_schema(schema_id))


def model_of_stream(stream: str) -> type[Event]:
    """The model of a stream's events; raises Misconfigured for a stream that is no event type."""
    try:
        return EVENT_TYPES[stream].model
    except KeyError:
        known = ", ".join(EVENT_TYPES)
        raise Misconfigured(f"no event type is called {stream!r}; there are {known}") from None


@cache
def latest(stream: str) -> SchemaVersion:
    """The version that is written today; raises Misconfigured for a stream without one."""
    found = [version for version in catalogue().values() if version.stream == stream]
    if not found:
        raise Misconfigured(f"there is no schema of {stream!r} in schemas/avro")
    return max(found, key=lambda version: version.version)


def stream_of_event(event: Event) -> str:
    """The stream whose schema an event has; raises Misconfigured for a model that is not in the catalogue."""
    try:
        return STREAM_OF_MODEL[type(event)]
    except KeyError:
        raise Misconfigured(f"{type(event).__name__} is no event type of schemas/wire/catalogue.py") from None


def stream_carried_by(topic: str) -> str:
    """The stream whose schema a topic's events have: ``rs.seizure`` -> ``seizure``, an inbox -> ``delivery``."""
    stream = stream_of(topic)
    return CARRIED.get(stream, stream) if owner_of(topic) == REGION else stream
