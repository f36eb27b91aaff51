"""What the read-only schema registry answers, over HTTP and in the form of the API that it follows."""

import json
from collections.abc import Iterator
from typing import Any

import avro.schema
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from asgi import client_of
from consumers.web.registry_routes import MAX_BODY_BYTES, MEDIA_TYPE, registry_router
from schemas.topics import planned_topics
from schemas.wire.catalogue import SchemaVersion, catalogue, latest
from schemas.wire.subjects import subjects_of

SEIZURE = latest("seizure")
TOPICS = [topic.name for topic in planned_topics(["aa", "bb"])]
SUBJECTS = subjects_of(TOPICS, "test.")


def a_version(number: int) -> SchemaVersion:
    """An invented version of the seizure's schema."""
    schema = {"type": "record", "name": "Seizure", "namespace": "interfocal", "doc": f"As of {number}", "fields": []}
    return SchemaVersion("seizure", number, json.dumps(schema), schema)


HISTORY = {"aa.seizure-value": (a_version(1), a_version(2)), "interfocal.Seizure": (a_version(1), a_version(2))}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    app = FastAPI()
    app.include_router(registry_router(SUBJECTS))
    app.include_router(registry_router(HISTORY, "/history"))
    with client_of(app) as client:
        yield client


def told(answer: httpx.Response) -> tuple[int, Any]:
    """Status and body; whatever is answered is of the registry's media type."""
    assert answer.headers["content-type"] == MEDIA_TYPE
    return answer.status_code, answer.json()


def code(answer: httpx.Response) -> tuple[int, int]:
    """Status and error code; an error says nothing else but a sentence."""
    status, body = told(answer)
    assert set(body) == {"error_code", "message"}
    assert body["message"]
    return status, body["error_code"]


def test_a_deserialiser_gets_the_schema_of_every_id_as_the_file_has_it(http: httpx.Client) -> None:
    for schema_id, version in catalogue().items():
        assert told(http.get(f"/registry/schemas/ids/{schema_id}")) == (200, {"schema": version.text})
        assert http.get(f"/registry/schemas/ids/{schema_id}/schema").text == version.text


def test_a_java_client_gets_the_highest_id_where_it_asks_for_it(http: httpx.Client) -> None:
    asked = "/registry/schemas/ids/101?fetchMaxId=true&subject=test.aa.seizure-value"
    assert told(http.get(asked)) == (200, {"schema": SEIZURE.text, "maxId": max(catalogue())})


def test_every_topic_has_its_subject_under_the_clusters_prefix_and_every_event_its_own(http: httpx.Client) -> None:
    status, subjects = told(http.get("/registry/subjects"))
    assert status == 200
    assert set(subjects) >= {f"test.{topic}-value" for topic in TOPICS}
    assert set(subjects) - {f"test.{topic}-value" for topic in TOPICS} == {
        f"interfocal.{version.schema['name']}" for version in catalogue().values()
    }
    assert subjects == sorted(subjects)


@pytest.mark.parametrize(
    ("topic", "stream"),
    [("aa.seizure", "seizure"), ("bb.receipt", "receipt"), ("region.inbox.bb", "delivery")],
)
def test_a_topics_subject_has_the_schema_of_what_lies_there(http: httpx.Client, topic: str, stream: str) -> None:
    subject, version = f"test.{topic}-value", latest(stream)
    shown = {"subject": subject, "version": version.version, "id": version.schema_id, "schema": version.text}
    assert told(http.get(f"/registry/subjects/{subject}/versions/latest")) == (200, shown)
    assert told(http.get(f"/registry/subjects/{subject}/versions/1")) == (200, shown)
    assert http.get(f"/registry/subjects/{subject}/versions/1/schema").text == version.text
    assert told(http.get(f"/registry/subjects/{subject}/versions/1/referencedby")) == (200, [])


def test_an_id_names_its_subjects_and_versions(http: httpx.Client) -> None:
    subjects = ["aa.seizure-value", "interfocal.Seizure"]
    assert told(http.get("/history/schemas/ids/102/subjects")) == (200, subjects)
    versions = [{"subject": subject, "version": 2} for subject in subjects]
    assert told(http.get("/history/schemas/ids/102/versions")) == (200, versions)


def test_a_subject_has_all_its_versions_and_the_latest_is_the_highest(http: httpx.Client) -> None:
    assert told(http.get("/history/subjects/aa.seizure-value/versions")) == (200, [1, 2])
    for latest_name in ("latest", "-1"):
        assert http.get(f"/history/subjects/aa.seizure-value/versions/{latest_name}").json()["id"] == 102
    assert [one["id"] for one in http.get("/history/schemas").json()] == [101, 102, 101, 102]
    assert [one["id"] for one in http.get("/history/schemas?latestOnly=true").json()] == [102, 102]


def test_a_client_that_pages_gets_every_part_once_and_comes_to_an_end(http: httpx.Client) -> None:
    whole = http.get("/registry/subjects").json()
    parts: list[str] = []
    while part := http.get(f"/registry/subjects?offset={len(parts)}&limit=4").json():
        assert len(part) <= 4
        parts += part
    assert parts == whole
    assert code(http.get("/registry/subjects?limit=few")) == (400, 400)


def test_subjects_are_narrowed_by_their_beginning_in_any_context(http: httpx.Client) -> None:
    for prefix in ("test.aa.", ":*:test.aa.", ":.:test.aa."):
        assert told(http.get("/registry/subjects", params={"subjectPrefix": prefix})) == (
            200,
            [subject for subject in SUBJECTS if subject.startswith("test.aa.")],
        )


def test_what_a_kafka_ui_asks_first_is_answered(http: httpx.Client) -> None:
    assert told(http.get("/registry")) == (200, {})
    assert told(http.get("/registry/")) == (200, {})
    assert told(http.get("/registry/schemas/types")) == (200, ["AVRO"])
    assert told(http.get("/registry/contexts")) == (200, ["."])
    assert told(http.get("/registry/config")) == (200, {"compatibilityLevel": "FULL_TRANSITIVE"})
    assert told(http.get("/registry/mode")) == (200, {"mode": "READONLY"})


def test_no_subject_has_a_mode_or_level_of_its_own(http: httpx.Client) -> None:
    for what, error in (("mode", 40409), ("config", 40408)):
        assert code(http.get(f"/registry/{what}/test.aa.trace-value")) == (404, error)
        common = http.get(f"/registry/{what}").json()
        assert told(http.get(f"/registry/{what}/test.aa.trace-value?defaultToGlobal=true")) == (200, common)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("subjects/aa.gossip-value/versions", 40401),
        ("subjects/aa.gossip-value/versions/latest", 40401),
        ("subjects/test.aa.seizure-key/versions/1", 40401),
        ("subjects/test.aa.seizure-value/versions/7", 40402),
        ("subjects/test.aa.seizure-value/versions/7/schema", 40402),
        ("schemas/ids/999", 40403),
        ("schemas/ids/seizure", 40403),
        ("schemas/ids/0101", 40403),
        ("schemas/ids/999/schema", 40403),
        ("schemas/ids/999/subjects", 40403),
        ("schemas/ids/999/versions", 40403),
        ("subjects/test.aa.seizure-value/versions/first", 42202),
        ("subjects/test.aa.seizure-value/versions/0", 42202),
        ("subjects/test.aa.seizure-value/versions/²", 42202),
        ("subjects/test.aa.seizure-value/versions/2147483648", 42202),
        (f"subjects/test.aa.seizure-value/versions/{'1'.zfill(5000)}", 42202),
        ("exporters", 404),
        ("subjects/", 404),
    ],
)
def test_what_is_not_there_is_said_in_the_registrys_own_form(http: httpx.Client, path: str, error: int) -> None:
    assert code(http.get(f"/registry/{path}")) == (int(str(error)[:3]), error)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/subjects/test.aa.seizure-value/versions"),
        ("POST", "/subjects/new-value/versions"),
        ("DELETE", "/subjects/test.aa.seizure-value"),
        ("DELETE", "/subjects/test.aa.seizure-value/versions/1"),
        ("PUT", "/config"),
        ("PUT", "/config/test.aa.seizure-value"),
        ("DELETE", "/config/test.aa.seizure-value"),
        ("PUT", "/mode"),
        ("DELETE", "/mode"),
        ("PATCH", "/schemas/ids/101"),
        ("POST", "/compatibility/subjects/test.aa.seizure-value/versions/latest"),
        ("POST", ""),
    ],
)
def test_every_writing_call_is_refused_and_changes_nothing(http: httpx.Client, method: str, path: str) -> None:
    before = http.get("/registry/schemas").json()
    body = {"schema": SEIZURE.text, "mode": "READWRITE", "compatibility": "NONE"}
    refused = http.request(method, f"/registry{path}", json=body)
    assert code(refused) == (422, 42205)
    assert "READONLY" in refused.json()["message"]
    assert http.get("/registry/schemas").json() == before
    assert http.get("/registry/mode").json() == {"mode": "READONLY"}


def spelled_otherwise() -> str:
    """The seizure's schema as Apache Avro writes it: no white space, attributes in another order."""
    return str(avro.schema.parse(SEIZURE.text))


@pytest.mark.parametrize("text", [SEIZURE.text, spelled_otherwise()], ids=["as the file", "as Apache Avro"])
def test_a_schema_is_found_under_its_subject_however_it_is_spelled(http: httpx.Client, text: str) -> None:
    answer = http.post("/registry/subjects/test.aa.seizure-value", json={"schema": text, "schemaType": "AVRO"})
    assert told(answer) == (200, http.get("/registry/subjects/test.aa.seizure-value/versions/1").json())


def test_a_schema_that_differs_in_a_doc_only_is_another_one(http: httpx.Client) -> None:
    changed = json.dumps({**SEIZURE.schema, "doc": "Otherwise"})
    assert code(http.post("/registry/subjects/test.aa.seizure-value", json={"schema": changed})) == (404, 40403)


@pytest.mark.parametrize(
    ("subject", "content", "error"),
    [
        ("test.gossip-value", json.dumps({"schema": SEIZURE.text}), 40401),
        ("test.aa.trace-value", json.dumps({"schema": SEIZURE.text}), 40403),
        ("test.aa.trace-value", json.dumps({"schema": SEIZURE.text, "schemaType": "PROTOBUF"}), 42201),
        ("test.aa.trace-value", json.dumps({"schema": '{"type": "gossip"}'}), 42201),
        ("test.aa.trace-value", json.dumps({"schema": '"string"'}), 40403),
        ("test.aa.trace-value", json.dumps({"schema": '["null", "string"]'}), 40403),
        ("test.aa.trace-value", json.dumps({"schema": "[" * 100_000}), 42201),
        ("test.aa.trace-value", json.dumps({"schema": SEIZURE.schema}), 400),
        ("test.aa.trace-value", json.dumps([]), 400),
        ("test.aa.trace-value", "{", 400),
        ("test.aa.trace-value", "[" * 100_000, 400),
        ("test.aa.trace-value", b"\xff", 400),
        ("test.aa.trace-value", b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_what_cannot_be_looked_up_is_said(http: httpx.Client, subject: str, content: str | bytes, error: int) -> None:
    status = int(str(error)[:3])
    assert code(http.post(f"/registry/subjects/{subject}", content=content)) == (status, error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["record", "array", "string", "null"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["type", "name", "fields", "items", "default", "symbols", "x"]), inner)
    ),
)


@given(schema=JSON)
def test_any_json_that_is_looked_up_is_answered_in_form(schema: object) -> None:
    app = FastAPI()
    app.include_router(registry_router(SUBJECTS))
    with client_of(app) as client:
        answer = client.post("/registry/subjects/test.aa.trace-value", json={"schema": json.dumps(schema)})
        assert code(answer) in {(404, 40403), (422, 42201)}
