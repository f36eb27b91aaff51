"""Copying the schemas to somebody's registry: each under its own id, or nothing at all and a sentence why."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from asgi import client_of
from import_registry import ImportRegistry
from interfocal.contract.push import push
from interfocal.contract.registry_client import MEDIA_TYPE, RegistryClient
from schemas.errors import Misconfigured, Stop, Temporary
from schemas.wire.catalogue import catalogue, latest
from schemas.wire.subjects import subjects_of

SUBJECTS = subjects_of(["aa.seizure", "bb.seizure", "region.inbox.aa"], "test.")
PLACES = {(subject, one.version, one.schema_id) for subject, versions in SUBJECTS.items() for one in versions}
OTHER = {"type": "record", "name": "Gossip", "fields": [{"name": "said", "type": "string"}]}


def client(registry: ImportRegistry) -> RegistryClient:
    headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
    return RegistryClient("http://registry", client_of(registry.app(), **headers))


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> RegistryClient:
    """A client of a server that answers everything by one function."""
    http = httpx.Client(transport=httpx.MockTransport(handler), base_url="http://registry")
    return RegistryClient("http://registry", http)


def held(registry: ImportRegistry) -> set[tuple[str, int, int]]:
    return {
        (subject, version, schema_id)
        for subject, versions in registry.subjects.items()
        for version, (schema_id, _) in versions.items()
    }


def test_every_schema_is_registered_under_its_own_id_for_each_subject() -> None:
    registry = ImportRegistry(mode="IMPORT")
    pushed = push(client(registry), SUBJECTS)
    assert held(registry) == PLACES
    assert {schema_id for _, _, schema_id in PLACES} == set(catalogue())
    assert (len(pushed.registered), len(pushed.there)) == (len(PLACES), 0)


def test_pushing_again_writes_nothing_in_whatever_mode_the_registry_is_then() -> None:
    registry = ImportRegistry(mode="IMPORT")
    push(client(registry), SUBJECTS)
    registry.mode = "READWRITE"
    pushed = push(client(registry), SUBJECTS)
    assert (len(pushed.registered), len(pushed.there)) == (0, len(PLACES))
    assert registry.writes == len(PLACES)


def test_a_push_that_was_cut_off_is_completed_by_the_next() -> None:
    registry = ImportRegistry(mode="IMPORT")
    push(client(registry), subjects_of(["aa.seizure"], "test."))
    before = len(held(registry))
    pushed = push(client(registry), SUBJECTS)
    assert held(registry) == PLACES
    assert len(pushed.there) == before


@pytest.mark.parametrize("mode", ["READWRITE", "READONLY"])
def test_a_registry_in_another_mode_is_named_with_what_to_do_and_not_written(mode: str) -> None:
    registry = ImportRegistry(mode=mode)
    with pytest.raises(Misconfigured, match=rf"in {mode} mode .*set IMPORT mode first \(PUT http://registry/mode"):
        push(client(registry), SUBJECTS)
    assert registry.writes == 0


def test_a_subject_may_be_in_import_mode_by_itself() -> None:
    registry = ImportRegistry(modes=dict.fromkeys(SUBJECTS, "IMPORT"))
    push(client(registry), SUBJECTS)
    assert held(registry) == PLACES
    registry = ImportRegistry(mode="IMPORT", modes={"test.aa.seizure-value": "READONLY"})
    with pytest.raises(Misconfigured, match=r"in READONLY mode for test\.aa\.seizure-value"):
        push(client(registry), SUBJECTS)
    assert registry.writes == 0


@pytest.mark.parametrize(
    ("subject", "version", "schema_id", "schema", "sentence"),
    [
        ("gossip-value", 1, 101, OTHER, r"id 101 \(seizure/1\) is taken by another schema there"),
        ("test.aa.seizure-value", 1, 101, OTHER, r"test\.aa\.seizure-value version 1 is another schema there"),
        ("test.aa.seizure-value", 1, 7, OTHER, r"test\.aa\.seizure-value version 1 has id 7 there, and 101 here"),
        ("test.aa.seizure-value", 1, 7, latest("seizure").schema, "has id 7 there, and 101 here"),
        ("gossip-value", 1, 101, {**latest("seizure").schema, "doc": "Otherwise"}, "id 101 .* is taken"),
    ],
)
def test_what_is_taken_there_is_named_and_nothing_is_written(
    subject: str, version: int, schema_id: int, schema: Any, sentence: str
) -> None:
    registry = ImportRegistry(mode="IMPORT")
    registry.put(subject, version, schema_id, schema)
    before = held(registry)
    with pytest.raises(Misconfigured, match=sentence):
        push(client(registry), SUBJECTS)
    assert (held(registry), registry.writes) == (before, 0)


def test_our_schema_under_our_id_is_ours_whoever_registered_it_under_which_subject() -> None:
    registry = ImportRegistry(mode="IMPORT")
    registry.put("gossip-value", 3, 101, latest("seizure").schema)
    push(client(registry), SUBJECTS)
    assert held(registry) == {*PLACES, ("gossip-value", 3, 101)}


def test_a_registry_that_gives_ids_of_its_own_is_found_out_at_the_first() -> None:
    registry = ImportRegistry(mode="IMPORT", keeps_ids=False)
    with pytest.raises(Stop, match="under id 1 instead of 901: it does not keep ids") as stopped:
        push(client(registry), SUBJECTS)
    assert stopped.value.code == "id_not_kept"
    assert registry.writes == 1


def test_a_server_that_does_not_answer_may_be_asked_again_later() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("late", request=request)

    with pytest.raises(Temporary, match=r"http://registry does not answer \(ConnectTimeout\)"):
        push(answering(away), SUBJECTS)


@pytest.mark.parametrize(
    ("status", "content", "kind", "sentence"),
    [
        (
            500,
            '{"error_code": 50001, "message": "Error in the backend"}',
            Temporary,
            "cannot now: Error in the backend",
        ),
        (503, "away", Temporary, "cannot now: HTTP 503"),
        (401, '{"error_code": 401, "message": "Unauthorized"}', Misconfigured, r"wants another user: Unauthorized"),
        (403, "", Misconfigured, "wants another user: HTTP 403"),
        (404, "<html>", Misconfigured, r"is no schema registry \(HTTP 404\)"),
        (200, "<html>", Misconfigured, r"is no schema registry \(it answers no JSON\)"),
        (200, "[" * 100_000, Misconfigured, r"is no schema registry \(it answers no JSON\)"),
        (200, '{"schema": "{}", "id": "101"}', Misconfigured, "it says no id"),
        (302, "", Misconfigured, "refuses GET /subjects/interfocal.Decision/versions/1: HTTP 302"),
        (422, '{"error_code": 42202, "message": "no"}', Misconfigured, r"refuses GET .*: no \(42202\)"),
    ],
)
def test_an_answer_that_is_none_of_the_api_is_told(
    status: int, content: str, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        push(answering(lambda _: httpx.Response(status, text=content)), SUBJECTS)


def test_a_refused_registration_is_told_in_the_registrys_words() -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/mode"):
            return httpx.Response(200, json={"mode": "IMPORT"})
        code = 42205 if request.method == "POST" else 40403
        return httpx.Response(int(str(code)[:3]), json={"error_code": code, "message": "Not today"})

    with pytest.raises(Misconfigured, match=r"refuses POST .*: Not today \(42205\)"):
        push(answering(refusing), SUBJECTS)


def test_an_older_registry_that_knows_no_mode_of_subjects_is_asked_for_its_own() -> None:
    registry = ImportRegistry(mode="IMPORT")
    inner = client(registry).http

    def older(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/mode/"):
            return httpx.Response(404, json={"error_code": 404, "message": "HTTP 404 Not Found"})
        path = request.url.raw_path.decode()
        return inner.request(request.method, path, content=request.content, headers={"content-type": MEDIA_TYPE})

    push(answering(older), SUBJECTS)
    assert held(registry) == PLACES


@pytest.mark.parametrize("url", ["localhost:8081", "ftp://registry", "http://[", "user:secret@registry", ""])
def test_what_is_no_address_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(Misconfigured, match="no address of a registry") as told:
        RegistryClient.to(url)
    assert "secret" not in str(told.value)


def test_the_password_of_an_address_is_used_and_never_shown() -> None:
    opened = RegistryClient.to("http://user:secret@127.0.0.1:9/")
    assert opened.url == "http://127.0.0.1:9"
    with pytest.raises(Temporary) as told:
        opened.mode("aa.seizure-value")
    assert "secret" not in str(told.value)
    opened.http.close()


def test_a_name_is_one_part_of_the_address_whatever_is_in_it() -> None:
    asked: list[str] = []

    def noting(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"schema": json.dumps(OTHER), "id": 1})

    answering(noting).version(":.ours:a/b-value", 1)
    assert asked == ["/subjects/%3A.ours%3Aa%2Fb-value/versions/1"]
