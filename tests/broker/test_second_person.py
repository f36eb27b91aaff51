"""Who would be shown much of the view at once needs a second person, by the region's API and at the region itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from asgi import client_of
from interfocal.commands.main import build_app
from interfocal.installation.access import authority_of, server_certificate_of
from interfocal.installation.endpoints import announce
from interfocal.installation.installation import Installation, open_installation
from interfocal.installation.reader import TOKEN_FILE
from interfocal.installation.secrets import read_secret
from interfocal.wiring.reading import add_reading
from schemas.errors import Rejected
from serving import serving
from small_records import ASKED, ASKER
from small_region import SmallRegion

FIRST, SECOND = "mark-7", "mark-8"
SEIZURES = "/v1/view/seizures"
EXPORTS = "/v1/view/exports"


@pytest.fixture
def here(settled: SmallRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The small region, in which no row of a record is shown to one person alone."""
    monkeypatch.setenv("INTERFOCAL_VIEW__ROWS_ALONE", "0")
    with settled.copy(tmp_path) as copied:
        yield open_installation(copied.installation.var)


def app_of(installation: Installation) -> FastAPI:
    app = FastAPI()
    add_reading(app, installation)
    return app


def reader(installation: Installation, person: str, code: str = ASKER, case: str = "C-77") -> httpx.Client:
    token = read_secret(installation.places.secrets(code.lower()) / TOKEN_FILE).decode()
    why = {"Interfocal-Person": person, "Interfocal-Purpose": "tracing", "Interfocal-Case": case}
    return client_of(app_of(installation), Authorization=f"Bearer {token}", **why)


def run(installation: Installation, *arguments: str, person: str = FIRST) -> Result:
    told = ["--person", person] if person else []
    return CliRunner().invoke(build_app(), [*arguments, *told, "--var", str(installation.var)])


def logged(installation: Installation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run(installation, "audit", "list", "--json", person="").stdout)["rows"]
    return [{**row, "what": json.loads(row["what"])} for row in rows]


def test_many_rows_are_shown_once_a_second_person_of_the_member_has_confirmed_it(here: Installation) -> None:
    first, second = reader(here, FIRST), reader(here, SECOND)
    refused = first.get(SEIZURES)
    assert (refused.status_code, set(refused.json())) == (403, {"detail"})
    assert "It is proposal 1: another person confirms it" in refused.json()["detail"]
    assert second.post(f"{EXPORTS}/1/confirm").json()["number"] == 1
    shown = first.get(SEIZURES)
    assert (shown.status_code, len(shown.json()["rows"])) == (200, 1)
    assert first.get(SEIZURES).status_code == 403, "it was good for one reading"
    told = [(row["kind"], row["person"], row["what"]) for row in logged(here)[-7:] if row["kind"] != "consultation"]
    proposed, confirmed, exported, again = told
    assert (*proposed[:2], proposed[2]["proposal"], proposed[2]["records"]) == ("disclosure", FIRST, 1, [])
    assert confirmed == ("alteration", SECOND, {"export_confirmed": 1})
    assert (*exported[:2], exported[2]["confirmed_by"]) == ("disclosure", FIRST, SECOND)
    assert exported[2]["records"] == [row["record_id"] for row in shown.json()["rows"]]
    assert again[2]["proposal"] == 2
    assert json.loads(run(here, "audit", "verify", "--json", person="").stdout)["holds"]


def test_a_second_person_reads_what_is_wanted_and_the_log_holds_none_of_it(here: Installation) -> None:
    asked = {"member": ASKER, "make": "Zastava", "limit": "7"}
    assert reader(here, FIRST).get(SEIZURES, params=asked).status_code == 403
    told = reader(here, SECOND).get(EXPORTS).json()
    assert told["member"] == ASKER
    (waiting,) = told["waiting"]
    assert waiting["question"] == {"list": "seizures", "member": ASKER, "make": "Zastava", "limit": 7}
    assert [waiting[name] for name in ("number", "person", "purpose", "case", "rows")] == [
        1,
        FIRST,
        "tracing",
        "C-77",
        1,
    ]
    assert reader(here, SECOND, ASKED).get(EXPORTS).json()["waiting"] == []
    with psycopg.connect(here.region_url) as region:
        assert region.execute("select 1 from audit_entry where entry like '%Zastava%'").rowcount == 0


def test_nobody_confirms_what_is_its_own_or_another_members(here: Installation) -> None:
    assert reader(here, FIRST).get(SEIZURES).status_code == 403
    own, other, none = (
        reader(here, FIRST).post(f"{EXPORTS}/1/confirm"),
        reader(here, SECOND, ASKED).post(f"{EXPORTS}/1/confirm"),
        reader(here, SECOND).post(f"{EXPORTS}/2/confirm"),
    )
    assert [answer.status_code for answer in (own, other, none)] == [400, 400, 400]
    assert own.json()["detail"] == f"{FIRST} made proposal 1: another person has to confirm it"
    assert other.json()["detail"] == "there is no proposal 1 that waits for a second person"
    assert reader(here, FIRST).get(SEIZURES).status_code == 403
    assert len(reader(here, SECOND).get(EXPORTS).json()["waiting"]) == 1, "the same question is the same proposal"


def test_what_was_confirmed_is_that_question_of_that_person_for_that_case(here: Installation) -> None:
    assert reader(here, FIRST).get(SEIZURES).status_code == 403
    assert reader(here, SECOND).post(f"{EXPORTS}/1/confirm").status_code == 200
    others = (
        reader(here, FIRST).get(SEIZURES, params={"limit": 99}),
        reader(here, FIRST).get("/v1/view/items"),
        reader(here, FIRST, case="C-78").get(SEIZURES),
        reader(here, SECOND).get(SEIZURES),
        reader(here, FIRST, ASKED).get(SEIZURES),
    )
    assert [answer.status_code for answer in others] == [403] * len(others)
    assert reader(here, FIRST).get(SEIZURES).status_code == 200


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_proposal_ends_after_a_day(here: Installation, *, confirmed: bool) -> None:
    assert reader(here, FIRST).get(SEIZURES).status_code == 403
    if confirmed:
        assert reader(here, SECOND).post(f"{EXPORTS}/1/confirm").status_code == 200
    with psycopg.connect(here.region_url) as region:
        region.execute("update export_proposal set proposed_at = proposed_at - interval '25 hours'")
    assert reader(here, SECOND).post(f"{EXPORTS}/1/confirm").status_code == 400
    assert "proposal 2" in reader(here, FIRST).get(SEIZURES).json()["detail"]


def test_who_has_no_token_sees_and_confirms_nothing(here: Installation) -> None:
    assert reader(here, FIRST).get(SEIZURES).status_code == 403
    for token in ({}, {"Authorization": "Bearer nobody"}):
        why = {"Interfocal-Person": SECOND, "Interfocal-Purpose": "tracing", "Interfocal-Case": "C-77"}
        stranger = client_of(app_of(here), **why, **token)
        assert [stranger.get(EXPORTS).status_code, stranger.post(f"{EXPORTS}/1/confirm").status_code] == [401, 401]


def test_counts_are_of_no_record_and_want_no_second_person(here: Installation) -> None:
    assert reader(here, FIRST).get("/v1/view/summary").status_code == 200
    assert run(here, "view", "summary", "--csv").exit_code == 0
    assert run(here, "view", "members").exit_code == 0


@pytest.mark.parametrize(
    "command",
    [["view", "seizures", "--csv"], ["view", "items", "--json"], ["view", "traces"], ["trace", "list"]],
    ids=" ".join,
)
def test_the_regions_own_people_are_shown_much_by_two_as_well(here: Installation, command: list[str]) -> None:
    refused = run(here, *command)
    assert isinstance(refused.exception, Rejected)
    assert refused.stdout == ""
    own = run(here, "export", "confirm", "1")
    assert str(own.exception) == f"{FIRST} made proposal 1: another person has to confirm it"
    (waiting,) = json.loads(run(here, "export", "list", "--json", person=SECOND).stdout)["rows"]
    assert (waiting["member"], waiting["person"], waiting["rows"]) == ("REGION", FIRST, 1)
    assert run(here, "export", "confirm", "1", person=SECOND).exit_code == 0
    shown = run(here, *command)
    assert shown.exit_code == 0, shown.output
    proposed, confirmed, exported = logged(here)[-3:]
    assert (proposed["kind"], proposed["what"]["export_proposed"]) == ("alteration", 1)
    assert (confirmed["kind"], confirmed["person"]) == ("alteration", SECOND)
    assert (exported["kind"], exported["person"]) == ("export", FIRST)
    assert (exported["what"]["proposal"], exported["what"]["confirmed_by"]) == (1, SECOND)
    assert exported["what"]["records"]
    assert isinstance(run(here, *command).exception, Rejected)


def test_a_desk_takes_much_along_by_two_persons(here: Installation) -> None:
    command = ["view", "seizures", "--as", ASKER, "--csv"]
    with serving(app_of(here), (authority_of(here), server_certificate_of(here))) as served:
        announce(here.var, {"region": served.address})
        refused = run(here, *command)
        listed = run(here, "export", "list", "--as", ASKER, person=SECOND)
        confirmed = run(here, "export", "confirm", "1", "--as", ASKER, person=SECOND)
        exported = run(here, *command)
    assert isinstance(refused.exception, Rejected)
    assert refused.stdout == ""
    assert "another person confirms it (interfocal export confirm 1)" in str(refused.exception)
    assert FIRST in listed.stdout
    assert (confirmed.exit_code, exported.exit_code) == (0, 0)
    assert exported.stdout.startswith("reference,")
