"""Under which subjects a schema registry knows our schemas. It changes when registries name subjects in another way.

A topic's subject is ``<prefix><topic>-value`` (topic name strategy): what deserialisers and Kafka UIs ask for. The full
name of an event's record is a subject as well (record name strategy): there whatever the topics are called. A version's
number is the same under each of them, and its id is the same everywhere. Keys have no schema: they are ids as text.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from schemas.wire.catalogue import EVENT_TYPES, SchemaVersion, catalogue, stream_carried_by
from schemas.wire.projection import NAMESPACE

Subjects = Mapping[str, tuple[SchemaVersion, ...]]
"""Subject -> its versions, the oldest first."""


def subjects_of(topics: Iterable[str], prefix: str = "") -> Subjects:
    """Every subject for these topics of ours, in alphabetical order; ``prefix`` is the cluster's own."""
    streams = {f"{prefix}{topic}-value": stream_carried_by(topic) for topic in topics}
    streams |= {f"{NAMESPACE}.{kind.model.__name__}": stream for stream, kind in EVENT_TYPES.items()}
    return MappingProxyType({subject: found for subject in sorted(streams) if (found := _versions(streams[subject]))})


def _versions(stream: str) -> tuple[SchemaVersion, ...]:
    return tuple(version for version in catalogue().values() if version.stream == stream)
