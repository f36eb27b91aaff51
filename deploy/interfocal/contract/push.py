"""Copies our schemas to somebody's registry, each under its own id. It changes with how a registry is filled.

Everything is looked at before anything is written: a registry in IMPORT mode overwrites a version without a word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interfocal.contract.registry_client import Kept, RegistryClient
from schemas.errors import Misconfigured, Stop
from schemas.wire.catalogue import SchemaVersion
from schemas.wire.spelling import same_schema
from schemas.wire.subjects import Subjects

IMPORT = "IMPORT"


@dataclass(frozen=True, slots=True)
class Place:
    """One version under one subject."""

    subject: str
    version: SchemaVersion

    def __str__(self) -> str:
        return f"{self.subject} version {self.version.version}"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was registered now, and what was there before."""

    registered: Sequence[Place]
    there: Sequence[Place]


def push(registry: RegistryClient, subjects: Subjects) -> Pushed:
    """Register what is missing.

    Raises Misconfigured, before anything is written, when an id or a version is taken by another schema or a subject is
    not in IMPORT mode; Stop when the registry gives an id of its own; Temporary when it does not answer, after which
    the same call goes on where it ended.
    """
    places = [Place(subject, version) for subject, versions in subjects.items() for version in versions]
    looked = [(place, registry.version(place.subject, place.version.version)) for place in places]
    missing = [place for place, kept in looked if kept is None]
    if taken := [*_taken_versions(looked), *_taken_ids(registry, missing)]:
        raise Misconfigured(
            f"the schema registry at {registry.url} holds something else where our schemas belong, so nothing was "
            f"registered: {'; '.join(taken)}. Our ids are fixed: "
            "use a registry, or a context of one, in which they are free"
        )
    _check_mode(registry, missing)
    for place in missing:
        _register(registry, place)
    return Pushed(missing, [place for place, kept in looked if kept is not None])


def _taken_versions(looked: Sequence[tuple[Place, Kept | None]]) -> Iterator[str]:
    for place, kept in looked:
        if kept is None:
            continue
        if kept.schema_id != place.version.schema_id:
            yield f"{place} has id {kept.schema_id} there, and {place.version.schema_id} here"
        elif not same_schema(kept.text, place.version.text):
            yield f"{place} is another schema there"


def _taken_ids(registry: RegistryClient, missing: Sequence[Place]) -> Iterator[str]:
    for schema_id, ours in {place.version.schema_id: place.version for place in missing}.items():
        kept = registry.schema(schema_id)
        if kept is not None and not same_schema(kept.text, ours.text):
            yield f"id {schema_id} ({ours.name}) is taken by another schema there"


def _check_mode(registry: RegistryClient, missing: Sequence[Place]) -> None:
    """Raise Misconfigured naming the first subject that does not take ids."""
    for subject in dict.fromkeys(place.subject for place in missing):
        mode = registry.mode(subject)
        if mode != IMPORT:
            raise Misconfigured(
                f"the schema registry at {registry.url} is in {mode} mode for {subject}, so it would not keep our ids, "
                f"and nothing was registered: set IMPORT mode first (PUT {registry.url}/mode with "
                '{"mode": "IMPORT"}; with ?force=true where it has other subjects), and its own mode again afterwards'
            )


def _register(registry: RegistryClient, place: Place) -> None:
    given = registry.register(place.subject, place.version)
    if given != place.version.schema_id:
        raise Stop(
            f"the schema registry at {registry.url} registered {place} under id {given} instead of "
            f"{place.version.schema_id}: it does not keep ids, so it cannot decode our topics. Delete that version "
            "there, and use another registry",
            code="id_not_kept",
        )
