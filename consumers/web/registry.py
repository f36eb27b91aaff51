"""What a read-only schema registry answers, in the form of Confluent's API. Pure.

It changes when deserialisers or Kafka UIs ask something new. Bodies, statuses and error codes are those of that API, so
that whoever speaks it can read our topics; nothing can be written, because ids are given in the repository.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import Malformed
from schemas.wire.catalogue import SchemaVersion
from schemas.wire.spelling import meaning_of_schema, same_schema
from schemas.wire.subjects import Subjects

AVRO = "AVRO"
COMPATIBILITY = "FULL_TRANSITIVE"
MODE = "READONLY"
LATEST = ("latest", "-1")
MAX_VERSION = 2**31 - 1
VERSION = re.compile("[0-9]{1,10}")

BAD_REQUEST = 400
NOT_FOUND = 404
SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
NO_CONFIG_OF_SUBJECT = 40408
NO_MODE_OF_SUBJECT = 40409
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
NOT_PERMITTED = 42205
STATUS_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the parts of its path that have names, its query, and its body as JSON."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, and a body that becomes JSON; ``text`` is JSON already."""

    status: int
    body: Any
    text: str | None = None


def refusal(error_code: int, message: str) -> Answer:
    """An error in the API's form; the status is its code's first digits."""
    status = int(str(error_code)[:STATUS_DIGITS])
    return Answer(status, {"error_code": error_code, "message": message})


def read_only(_subjects: Subjects, _asked: Asked) -> Answer:
    """What every writing call is told."""
    return refusal(
        NOT_PERMITTED,
        "This registry is in READONLY mode: its schemas and ids are given in the repository of the program that "
        "serves it, and change with its releases only.",
    )


def unknown(_subjects: Subjects, _asked: Asked) -> Answer:
    """What is told of any other address."""
    return refusal(NOT_FOUND, "HTTP 404 Not Found: this read-only registry has nothing under that address.")


def root(_subjects: Subjects, _asked: Asked) -> Answer:
    """The empty object by which clients see that a registry is there."""
    return Answer(200, {})


def schema_types(_subjects: Subjects, _asked: Asked) -> Answer:
    """The kinds of schema there are."""
    return Answer(200, [AVRO])


def contexts(_subjects: Subjects, _asked: Asked) -> Answer:
    """The only context."""
    return Answer(200, ["."])


def config(_subjects: Subjects, _asked: Asked) -> Answer:
    """What holds between any two versions."""
    return Answer(200, {"compatibilityLevel": COMPATIBILITY})


def mode(_subjects: Subjects, _asked: Asked) -> Answer:
    """Read only, always."""
    return Answer(200, {"mode": MODE})


def config_of_subject(subjects: Subjects, asked: Asked) -> Answer:
    """The same for each subject, where the client takes the common level; no subject has a level of its own."""
    if asked.query.get("defaultToGlobal") == "true":
        return config(subjects, asked)
    subject = asked.path["subject"]
    message = f"Subject '{subject}' does not have subject-level compatibility configured"
    return refusal(NO_CONFIG_OF_SUBJECT, message)


def mode_of_subject(subjects: Subjects, asked: Asked) -> Answer:
    """Likewise."""
    if asked.query.get("defaultToGlobal") == "true":
        return mode(subjects, asked)
    return refusal(NO_MODE_OF_SUBJECT, f"Subject '{asked.path['subject']}' does not have subject-level mode configured")


def list_subjects(subjects: Subjects, asked: Asked) -> Answer:
    """Names of subjects, all or those with a prefix."""
    return _page(_names(subjects, asked), asked)


def list_schemas(subjects: Subjects, asked: Asked) -> Answer:
    """Every version of every subject, or the latest of each."""
    versions = slice(-1, None) if asked.query.get("latestOnly") == "true" else slice(None)
    found = [_shown(subject, one) for subject in _names(subjects, asked) for one in subjects[subject][versions]]
    return _page(found, asked)


def schema_by_id(subjects: Subjects, asked: Asked) -> Answer:
    """The schema under an id: what a deserialiser asks for each id that it meets."""
    found = _with_id(subjects, asked.path["id"])
    if found is None:
        return _no_schema(asked)
    body: dict[str, Any] = {"schema": found.text}
    if asked.query.get("fetchMaxId") == "true":
        body["maxId"] = max(one.schema_id for versions in subjects.values() for one in versions)
    return Answer(200, body)


def schema_text_by_id(subjects: Subjects, asked: Asked) -> Answer:
    """The same, bare."""
    found = _with_id(subjects, asked.path["id"])
    return Answer(200, None, found.text) if found else _no_schema(asked)


def subjects_of_id(subjects: Subjects, asked: Asked) -> Answer:
    """The subjects that have the schema under an id."""
    places = _places(subjects, asked.path["id"])
    return _page([subject for subject, _ in places], asked) if places else _no_schema(asked)


def versions_of_id(subjects: Subjects, asked: Asked) -> Answer:
    """The subjects that have it, each with its version."""
    places = [{"subject": subject, "version": version} for subject, version in _places(subjects, asked.path["id"])]
    return _page(places, asked) if places else _no_schema(asked)


def list_versions(subjects: Subjects, asked: Asked) -> Answer:
    """The versions of a subject."""
    found = subjects.get(asked.path["subject"])
    return _page([one.version for one in found], asked) if found else _no_subject(asked)


def one_version(subjects: Subjects, asked: Asked) -> Answer:
    """One version of a subject, or the latest."""
    found = _version(subjects, asked)
    return found if isinstance(found, Answer) else Answer(200, _shown(asked.path["subject"], found))


def schema_text_of_version(subjects: Subjects, asked: Asked) -> Answer:
    """Its schema, bare."""
    found = _version(subjects, asked)
    return found if isinstance(found, Answer) else Answer(200, None, found.text)


def referenced_by(subjects: Subjects, asked: Asked) -> Answer:
    """Which schemas refer to a version: none, each of ours is whole."""
    found = _version(subjects, asked)
    return found if isinstance(found, Answer) else Answer(200, [])


def look_up(subjects: Subjects, asked: Asked) -> Answer:
    """Which version of a subject a given schema is, however it is spelled."""
    found = subjects.get(asked.path["subject"])
    if found is None:
        return _no_subject(asked)
    text = asked.body.get("schema") if isinstance(asked.body, Mapping) else None
    if not isinstance(text, str):
        return refusal(BAD_REQUEST, 'HTTP 400 Bad Request: the body has to be {"schema": "the schema as text"}')
    if asked.body.get("schemaType") not in (None, AVRO):
        return refusal(INVALID_SCHEMA, f"Invalid schema type: every schema here is {AVRO}")
    try:
        meaning_of_schema(text)
    except Malformed as error:
        return refusal(INVALID_SCHEMA, f"Invalid schema: {error}")
    same = next((one for one in found if same_schema(one.text, text)), None)
    return Answer(200, _shown(asked.path["subject"], same)) if same else refusal(SCHEMA_NOT_FOUND, "Schema not found")


def _names(subjects: Subjects, asked: Asked) -> list[str]:
    """Subjects that a client asks for; ``:*:`` is how it asks for every context."""
    prefix = asked.query.get("subjectPrefix", "").removeprefix(":*:").removeprefix(":.:")
    return [subject for subject in subjects if subject.startswith(prefix)]


def _page(found: Sequence[Any], asked: Asked) -> Answer:
    """The part of a list that a client asks for; one that pages ends at the empty part."""
    try:
        offset, limit = int(asked.query.get("offset", "0")), int(asked.query.get("limit", "-1"))
    except ValueError:
        return refusal(BAD_REQUEST, "HTTP 400 Bad Request: offset and limit are numbers")
    rest = found[max(offset, 0) :]
    return Answer(200, list(rest if limit < 0 else rest[:limit]))


def _shown(subject: str, version: SchemaVersion) -> dict[str, Any]:
    return {"subject": subject, "version": version.version, "id": version.schema_id, "schema": version.text}


def _with_id(subjects: Subjects, wanted: str) -> SchemaVersion | None:
    return next((one for versions in subjects.values() for one in versions if str(one.schema_id) == wanted), None)


def _places(subjects: Subjects, wanted: str) -> list[tuple[str, int]]:
    """Subject and version of each place that has the id."""
    return [
        (subject, one.version)
        for subject, versions in subjects.items()
        for one in versions
        if str(one.schema_id) == wanted
    ]


def _version(subjects: Subjects, asked: Asked) -> SchemaVersion | Answer:
    wanted, found = asked.path["version"], subjects.get(asked.path["subject"])
    if wanted not in LATEST and not (VERSION.fullmatch(wanted) and 0 < int(wanted) <= MAX_VERSION):
        return refusal(
            INVALID_VERSION,
            f"The specified version '{wanted}' is not a valid version id. Allowed values are between [1, 2^31-1] and "
            'the string "latest"',
        )
    if found is None:
        return _no_subject(asked)
    if wanted in LATEST:
        return found[-1]
    same = next((one for one in found if one.version == int(wanted)), None)
    return same or refusal(VERSION_NOT_FOUND, f"Version {wanted} not found.")


def _no_subject(asked: Asked) -> Answer:
    return refusal(SUBJECT_NOT_FOUND, f"Subject '{asked.path['subject']}' not found.")


def _no_schema(asked: Asked) -> Answer:
    return refusal(SCHEMA_NOT_FOUND, f"Schema {asked.path['id']} not found")
