"""The region's API for members, and the desk that reads by it: tokens, reasons, footnotes, and what both sides log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from asgi import client_of
from consumers.web.view_routes import Reading, answer_errors, view_router
from interfocal.commands.main import build_app
from interfocal.installation.access import authority_of, server_certificate_of
from interfocal.installation.endpoints import announce
from interfocal.installation.installation import Installation
from interfocal.installation.reader import TOKEN_FILE, keep_desk_tokens, make_reader, reader_connect
from interfocal.installation.secrets import read_secret
from interfocal.limits import EXERCISE_NOTICE, limits_of
from serving import serving
from small_records import ASKED, ASKER
from small_region import SmallRegion

WHY = {"Interfocal-Person": "mark-7", "Interfocal-Purpose": "tracing", "Interfocal-Case": "C-77"}
LISTS = ["seizures", "items", "missing", "traces", "summary"]


@pytest.fixture
def here(settled: SmallRegion, tmp_path: Path) -> Iterator[Installation]:
    with settled.copy(tmp_path) as copied:
        yield copied.installation


@pytest.fixture(scope="module")
def shared(settled: SmallRegion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """For tests that change nothing but the logs."""
    with settled.copy(tmp_path_factory.mktemp("shared")) as copied:
        yield copied.installation


def app_of(installation: Installation) -> FastAPI:
    app = FastAPI()
    answer_errors(app)
    app.include_router(
        view_router(
            Reading(reader_connect(installation), installation.directory, tuple(limits_of(installation.directory)))
        )
    )
    return app


def token_of(installation: Installation, code: str) -> str:
    return read_secret(installation.places.secrets(code.lower()) / TOKEN_FILE).decode()


def client(installation: Installation, code: str = ASKER, **why: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token_of(installation, code)}", **WHY, **why}
    return client_of(app_of(installation), **headers)


def run(installation: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(build_app(), [*arguments, "--var", str(installation.var)])


def certified(installation: Installation) -> tuple[Path, Path]:
    return authority_of(installation), server_certificate_of(installation)


@contextmanager
def answering(installation: Installation) -> Iterator[None]:
    """The API behind a real HTTP server, announced as the region's."""
    with serving(app_of(installation), certified(installation)) as served:
        announce(installation.var, {"region": served.address})
        yield


def hide(installation: Installation, stream: str) -> None:
    """As if the originators released their records of a stream to nobody."""
    with psycopg.connect(installation.region_url) as region:
        region.execute(f"update {stream}_revision set releasable_to = '{{}}'".encode())


@pytest.mark.parametrize("listing", LISTS)
def test_a_list_is_read_with_a_token_and_a_reason(shared: Installation, listing: str) -> None:
    answer = client(shared).get(f"/v1/view/{listing}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["reader"], told["limits"]) == (ASKER, [EXERCISE_NOTICE])
    assert told["rows"]
    assert list(told["rows"][0]) == told["columns"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic eDp5"}])
def test_without_a_members_token_nothing_is_shown(shared: Installation, header: dict[str, str]) -> None:
    answer = client_of(app_of(shared), **WHY, **header).get("/v1/view/seizures")
    assert answer.status_code == 401
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"Interfocal-Person": ""},
        {"Interfocal-Person": "Ana Anic"},
        {"Interfocal-Purpose": "curiosity"},
        {"Interfocal-Case": ""},
        {"Interfocal-Case": "x" * 81},
    ],
)
def test_whoever_does_not_say_why_is_shown_nothing_and_told_what_to_say(
    shared: Installation, wrong: dict[str, str]
) -> None:
    answer = client(shared, **wrong).get("/v1/view/seizures")
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/v1/view/persons", 422),
        ("/v1/view/summary?make=x", 400),
        ("/v1/view/seizures?state=open", 400),
        ("/v1/view/seizures?serial=a%00b", 400),
        ("/v1/view/seizures?since=yesterday", 422),
        ("/v1/view/seizures?limit=1001", 422),
        ("/v1/view/seizures?weapon=pistol", 422),
        ("/v1/view/records/not-an-id", 422),
    ],
)
def test_what_cannot_be_asked_is_refused(shared: Installation, address: str, status: int) -> None:
    assert client(shared).get(address).status_code == status


def test_a_record_is_shown_whole_to_its_owner_and_without_its_source_to_others(shared: Installation) -> None:
    (row,) = client(shared).get("/v1/view/seizures", params={"member": ASKER}).json()["rows"]
    address = f"/v1/view/records/{row['record_id']}"
    own, other = (client(shared, code).get(address).json()["rows"][0]["event"] for code in (ASKER, ASKED))
    assert set(own) - set(other) == {"source"}
    assert other["items"] == own["items"]
    assert other["items"][0]["firearm"]["marks"]["numbers"]


def test_of_a_record_that_is_not_released_only_its_jurisdiction_is_told(here: Installation) -> None:
    hide(here, "missing")
    answer = client(here).get("/v1/view/missing", params={"serial": "c2"}).json()
    assert answer["rows"] == []
    assert answer["related_text"] == [f"A related record exists in jurisdiction {ASKED}; contact its focal point."]
    assert client(here, ASKED).get("/v1/view/missing").json()["rows"]


def test_a_revoked_token_reads_nothing_more(here: Installation) -> None:
    made = run(here, "read-token", "add", "--as", ASKED, "--desk", "second", "--person", "op-1")
    assert made.exit_code == 0, made.output
    reader = client_of(app_of(here), Authorization=f"Bearer {made.stdout.strip()}", **WHY)
    assert reader.get("/v1/view/seizures").json()["reader"] == ASKED
    listed = run(here, "read-token", "list").stdout
    (number,) = [line.split()[0] for line in listed.splitlines() if "second" in line]
    assert made.stdout.strip() not in listed
    assert run(here, "read-token", "revoke", number, "--person", "op-1").exit_code == 0
    assert reader.get("/v1/view/seizures").status_code == 401
    assert "revoked" in run(here, "read-token", "list").stdout
    assert run(here, "read-token", "revoke", "999").exit_code != 0
    told = [json.loads(row["what"]) for row in logged(here, "--kind", "alteration", "--person", "op-1")]
    assert [next(iter(what)) for what in told] == ["read_token_issued", "read_token_revoked"]


def test_roles_and_tokens_are_made_once(here: Installation) -> None:
    before = token_of(here, ASKER)
    make_reader(here)
    assert keep_desk_tokens(here) == 0
    assert token_of(here, ASKER) == before
    assert client(here).get("/v1/view/summary").status_code == 200


def test_a_view_that_is_away_is_said_to_be(here: Installation) -> None:
    with psycopg.connect(here.region_url, autocommit=True) as region:
        region.execute("drop schema reading cascade")
    answer = client(here).get("/v1/view/seizures")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def logged(installation: Installation, *options: str) -> list[dict[str, Any]]:
    result = run(installation, "audit", "list", "--json", *options)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)["rows"]
    return rows


@pytest.mark.parametrize("listing", LISTS)
def test_a_desk_reads_by_the_api_and_both_sides_log_it(here: Installation, listing: str) -> None:
    who = ("--person", "mark-7", "--purpose", "tracing", "--case", "C-77")
    with answering(here):
        told = run(here, "view", listing, "--as", ASKED, "--json", *who)
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["limits"] == [EXERCISE_NOTICE]
    own, shown = logged(here, "--desk", ASKED)[-1], logged(here, "--kind", "disclosure", "--member", ASKED)[-1]
    for entry in (own, shown):
        assert (entry["person"], entry["member"], entry["purpose"]) == ("mark-7", ASKED, "tracing")
    noted = json.loads(own["what"])
    assert noted["region_log"]["number"] == shown["number"]
    assert noted["records"] == json.loads(shown["what"])["records"]
    verified = json.loads(run(here, "audit", "verify", "--json").stdout)
    assert verified["holds"]
    with psycopg.connect(here.region_url) as region:
        region.execute("alter table audit_entry disable trigger audit_kept")
        region.execute("delete from audit_entry where number >= %s", [shown["number"]])
    assert run(here, "audit", "verify").exit_code == 1


def test_a_desk_is_told_of_related_records_and_takes_lists_along_as_an_export(here: Installation) -> None:
    hide(here, "missing")
    with answering(here):
        table = run(here, "view", "missing", "--as", ASKER, "--serial", "C-2")
        exported = run(here, "view", "seizures", "--as", ASKER, "--csv")
        unusable = run(here, "view", "summary", "--as", ASKER, "--make", "x")
        stranger = run(here, "view", "summary", "--as", "ZZ")
    assert "contact its focal point" in table.stdout
    assert exported.stdout.startswith("reference,")
    assert logged(here, "--desk", ASKER)[-1]["kind"] == "export"
    assert unusable.exit_code != 0
    assert stranger.exit_code != 0


def test_a_desk_reads_where_its_settings_say(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(app_of(here), certified(here)) as served:
        monkeypatch.setenv("INTERFOCAL_VIEW__URL", f"{served.address}/")
        told = run(here, "view", "summary", "--as", ASKER)
    assert told.exit_code == 0, told.output


def test_a_desk_without_a_region_is_told_to_start_one(here: Installation) -> None:
    assert run(here, "view", "seizures", "--as", ASKER).exit_code != 0
    announce(here.var, {"region": "https://127.0.0.1:9"})
    assert run(here, "view", "seizures", "--as", ASKER).exit_code != 0


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_event_is_explained_field_by_field_and_logged(
    shared: Installation, settled: SmallRegion, form: list[str]
) -> None:
    told = run(shared, "explain", settled.events["seizure"], "--to", ASKED, *form)
    assert told.exit_code == 0, told.output
    for word in ("released_to_all", "owner_only", "items[0].firearm.marks.numbers[0].as_read", "source.content"):
        assert word in told.stdout
    if form:
        answer = json.loads(told.stdout)
        assert (answer["to"], answer["shown"], answer["limits"]) == (ASKED, True, [EXERCISE_NOTICE])
        hidden = {field["field"].partition(".")[0] for field in answer["fields"] if not field["shown"]}
        assert hidden == {"source"}
        assert set(answer["rules"]) >= {field["rule"] for field in answer["fields"]}
    what = json.loads(logged(shared)[-1]["what"])
    assert what == {"explained_to": ASKED, "records": [settled.events["seizure"]]}


@pytest.mark.parametrize("event", ["zz", "00000000", "%_______"])
def test_what_is_no_event_is_not_explained(shared: Installation, event: str) -> None:
    assert run(shared, "explain", event, "--to", ASKED).exit_code != 0
