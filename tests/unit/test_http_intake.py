"""What HTTP clients of an intake are answered."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from asgi import client_of
from intake_cases import ID_KEY, NOW, ROW, directory, mapping_of, open_intake, seizure, trace_request
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.ways_in.allowance import Allowance
from producers.ways_in.api_keys import ApiKey, KeyFile, KeyFiles, key_sha256
from producers.ways_in.http import Bounds, create_app
from producers.ways_in.observer import Observer
from producers.ways_in.python_call import Exchange
from schemas.directory import Member
from schemas.errors import OutboxFull, StoreAway
from schemas.events.ids import id_key_check
from schemas.record import Entry
from schemas.wire.traceparent import MARK, TRACEPARENT

KEY = "a-key-of-rs-that-nobody-guesses-0123456789"
FLOW = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{FLOW}-b7ad6b7169203331-01"
CYRILLIC = "KOM: dva није број."  # noqa: RUF001  # Serbian
NDJSON = {"content-type": "application/x-ndjson"}


@dataclass
class Told:
    """What the observer was told."""

    accepted: list[tuple[str, ...]] = field(default_factory=list)
    rejected: list[tuple[str, ...]] = field(default_factory=list)

    def on_accepted(self, member: str, stream: str, _result: Result) -> None:
        self.accepted.append((member, stream))

    def on_rejected(self, member: str, stream: str, result: Result) -> None:
        self.rejected.append((member, stream, result.problems[0].code))


@dataclass
class Served:
    """A client of RS's intake, and what is behind it."""

    http: httpx.Client
    intake: Intake
    keys: Path
    told: Told = field(default_factory=Told)

    def rows(self) -> int:
        return len(list(self.intake.outbox.reading.all_rows()))


def write_keys(path: Path, *keys: ApiKey) -> None:
    path.write_text(KeyFile(keys=keys).model_dump_json(), encoding="utf-8")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    intake = open_intake(tmp_path, mapping_of(tmp_path))
    keys = tmp_path / "api-keys.json"
    write_keys(keys, ApiKey(id="1", system="cms", sha256=key_sha256(KEY)))
    told = Told()
    observer = Observer(told.on_accepted, told.on_rejected)
    bounds = Bounds(body_bytes=200_000, records=10, wait_s=0.2, poll_s=0.01)
    app = create_app({"RS": intake}, KeyFiles({"RS": keys}).caller, observer=observer, bounds=bounds)
    yield Served(client_of(app, authorization=f"Bearer {KEY}"), intake, keys, told)
    intake.outbox.close()


def test_one_record_is_answered_with_a_status_that_says_what_became_of_it(served: Served) -> None:
    answers = [
        served.http.post("/v1/seizure", json=record)
        for record in (seizure(), seizure(), seizure(own_reference="new"), seizure(), seizure(items=[]))
    ]
    assert [(a.status_code, a.json()["outcome"]) for a in answers] == [
        (202, "accepted"),
        (200, "unchanged"),
        (202, "accepted"),
        (200, "superseded"),
        (422, "rejected"),
    ]
    assert answers[0].json()["event_id"]
    assert answers[4].json()["problems"][0]["message"]
    assert served.told == Told([("RS", "seizure")] * 2, [("RS", "seizure", "malformed_value")])


@pytest.mark.parametrize("encoded", [json.dumps, lambda records: "\n".join(map(json.dumps, records))])
def test_a_bulk_is_answered_in_order(served: Served, encoded: Callable[[Any], str]) -> None:
    records = [seizure(), seizure(national_id="KU-18"), seizure(items=[]), seizure()]
    headers = {"content-type": "application/json"} if encoded is json.dumps else NDJSON
    answer = served.http.post("/v1/seizure", content=encoded(records), headers=headers)
    assert answer.status_code == 200
    assert [result["outcome"] for result in answer.json()] == ["accepted", "accepted", "rejected", "unchanged"]


def test_every_stream_has_its_way_in(served: Served) -> None:
    assert served.http.post("/v1/trace", json=trace_request()).status_code == 202
    assert served.http.post("/v1/missing", json=trace_request()).status_code == 422
    assert served.http.post("/v1/receipt", json=seizure()).status_code == 422
    assert served.http.post("/v1/decision", json=seizure()).status_code == 404


def test_a_dry_run_keeps_nothing_and_tells_nobody(served: Served) -> None:
    assert served.http.post("/v1/seizure", params={"dry_run": "true"}, json=seizure()).status_code == 202
    assert served.rows() == 0
    assert served.told == Told()


def test_going_back_is_asked_for(served: Served) -> None:
    for record in (seizure(), seizure(own_reference="new")):
        served.http.post("/v1/seizure", json=record)
    answer = served.http.post("/v1/seizure", params={"reassert": "true"}, json=seizure())
    assert (answer.status_code, answer.json()["revision"]) == (202, 3)


def test_national_rows_are_mapped_and_keep_the_clerks_rows_and_columns(served: Served) -> None:
    rows = [{**ROW, "@row": 7}, {**ROW, "@row": 9, "PREDMET": "X", "VRSTA": "top"}]
    asked = {"mapping": "rs-zaplene", "source": "zaplene.csv"}
    results = served.http.post("/v1/seizure", params=asked, json=rows).json()
    assert [(result["outcome"], result["rows"]) for result in results] == [("accepted", [7]), ("rejected", [9])]
    assert results[1]["problems"][0]["parameters"]["column"] == "VRSTA"
    (kept,) = served.http.get("/v1/rejected").json()
    assert (kept["way"], kept["source"], kept["row"], kept["record"]["VRSTA"]) == ("file", "zaplene.csv", 9, "top")
    assert served.http.get(f"/v1/rejected/{kept['id']}").json() == kept
    assert served.http.get("/v1/rejected/999").status_code == 404


def test_rejections_are_told_in_the_members_language_or_the_one_asked_for(served: Served) -> None:
    members = (Member(code="RS", name="Serbia", languages=("sr-Cyrl", "sq"), id_key_check=id_key_check(ID_KEY)),)
    speaking = replace(served.intake, directory=directory().model_copy(update={"members": members}))
    app = create_app({"RS": speaking}, KeyFiles({"RS": served.keys}).caller)
    http = client_of(app, authorization=f"Bearer {KEY}")
    asked = {"mapping": "rs-zaplene"}
    (result,) = http.post("/v1/seizure", params=asked, json=[{**ROW, "KOM": "dva"}]).json()
    path = f"/v1/rejected/{result['rejected_id']}"
    said = {"": CYRILLIC, "sr-Cyrl": CYRILLIC, "sq": "KOM: dva nuk është numër.", "en": "KOM: dva is not a number."}
    for language, sentence in said.items():
        params = {"language": language} if language else {}
        assert http.get(path, params=params).json()["problems"][0]["message"] == sentence
        (listed,) = http.get("/v1/rejected", params=params).json()
        assert listed["problems"][0]["message"] == sentence
    assert served.http.get(path).json()["problems"][0]["message"] == said["en"]  # its directory names no language


def test_a_language_without_messages_is_a_clear_400(served: Served) -> None:
    number = served.http.post("/v1/seizure", json=seizure(items=[])).json()["rejected_id"]
    for path in ("/v1/rejected", f"/v1/rejected/{number}"):
        answer = served.http.get(path, params={"language": "tlh"})
        assert answer.status_code == 400
        assert "sr-Cyrl" in answer.json()["detail"]


def test_what_a_reader_found_wrong_is_kept(served: Served) -> None:
    bad = {"@row": 3, "@text": "{", "@problems": [{"code": "malformed_record", "parameters": {"detail": "no JSON"}}]}
    (result,) = served.http.post("/v1/seizure", params={"mapping": "rs-zaplene"}, json=[bad]).json()
    assert result["outcome"] == "rejected"
    assert result["problems"][0]["parameters"] == {"row": "3", "detail": "no JSON"}
    unknown = {"@problems": [{"code": "no such code", "parameters": {}}]}
    assert served.http.post("/v1/seizure", params={"mapping": "rs-zaplene"}, json=[unknown]).status_code == 400


@pytest.mark.parametrize(("name", "path"), [("nothing", "seizure"), ("rs-zaplene", "missing")])
def test_a_mapping_that_is_not_there_is_said(served: Served, name: str, path: str) -> None:
    answer = served.http.post(f"/v1/{path}", params={"mapping": name}, json=[ROW])
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "unknown_mapping"


@pytest.mark.parametrize(
    ("content", "headers"),
    [(b"{", {}), (b"[1]", {}), (b"\xff", {}), (b"", {}), (b'{"a": NaN}', {}), (b"{}\n[]", NDJSON), (b'"text"', {})],
)
def test_a_body_that_is_no_record_is_a_clear_400(served: Served, content: bytes, headers: dict[str, str]) -> None:
    answer = served.http.post("/v1/seizure", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_too_much_in_one_request_is_413(served: Served) -> None:
    assert served.http.post("/v1/seizure", json=[seizure()] * 11).status_code == 413
    long = json.dumps(seizure(own_reference="x" * 200_000))
    assert served.http.post("/v1/seizure", content=long).status_code == 413
    chunks = (long[start : start + 10_000].encode() for start in range(0, len(long), 10_000))
    assert served.http.post("/v1/seizure", content=chunks).status_code == 413
    assert served.rows() == 0


@pytest.mark.parametrize("length", ["9" * 18, "9" * 5_000])
def test_a_length_that_is_too_long_or_no_number_is_413(served: Served, length: str) -> None:
    assert served.http.post("/v1/seizure", content=b"{}", headers={"content-length": length}).status_code == 413


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": "wrong"}])
def test_without_a_key_of_the_member_there_is_no_answer(served: Served, headers: dict[str, str]) -> None:
    served.http.headers.pop("authorization")
    for answer in (
        served.http.post("/v1/seizure", json=seizure(), headers=headers),
        served.http.get("/v1/rejected", headers=headers),
    ):
        assert answer.status_code == 401
    assert served.http.post("/v1/seizure", json=seizure(), headers={"x-api-key": KEY}).status_code == 202


def test_a_revoked_key_ends_at_the_next_request(served: Served) -> None:
    write_keys(served.keys, ApiKey(id="1", system="cms", sha256=key_sha256(KEY), revoked_at=NOW))
    assert served.http.post("/v1/seizure", json=seizure()).status_code == 401
    served.keys.unlink()
    assert served.http.post("/v1/seizure", json=seizure()).status_code == 401


def test_a_key_decides_the_member(tmp_path: Path) -> None:
    intake = open_intake(tmp_path)
    write_keys(tmp_path / "rs.json", ApiKey(id="1", system="cms", sha256=key_sha256(KEY)))
    write_keys(tmp_path / "ba.json", ApiKey(id="1", system="cms", sha256=key_sha256("of ba")))
    keys = KeyFiles({"RS": tmp_path / "rs.json", "BA": tmp_path / "ba.json"})
    assert [keys.caller(key) and keys.caller(key).member for key in (KEY, "of ba", "")] == ["RS", "BA", None]  # type: ignore[union-attr]
    http = client_of(create_app({"RS": intake}, keys.caller))
    assert http.post("/v1/seizure", json=seizure(), headers={"x-api-key": "of ba"}).status_code == 401
    intake.outbox.close()


def test_a_full_outbox_is_503_and_nothing_is_kept(tmp_path: Path, served: Served) -> None:
    intake = open_intake(tmp_path / "full", bound_rows=1)
    app = create_app({"RS": intake}, KeyFiles({"RS": served.keys}).caller)
    http = client_of(app, authorization=f"Bearer {KEY}")
    answer = http.post("/v1/seizure", json=[seizure(), seizure(national_id="KU-18"), seizure(items=[])])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "nothing" in answer.json()["detail"].lower()
    assert list(intake.outbox.reading.all_rows()) == []
    assert http.get("/v1/rejected").json() == []
    intake.outbox.close()


@pytest.mark.parametrize("error", [StoreAway("/secret/place does not answer"), OutboxFull("/secret/place is full")])
def test_an_outbox_that_is_away_is_503_and_its_place_stays_ours(
    served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(served.intake.outbox), "accept", away)
    answer = served.http.post("/v1/seizure", json=seizure())
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_an_error_of_ours_shows_no_traceback(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(served.intake.outbox), "accept", broken)
    answer = served.http.post("/v1/seizure", json=seizure())
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_waiting_for_kafka_ends_with_what_is_known(served: Served) -> None:
    waited = served.http.post("/v1/seizure", params={"wait": "published"}, json=seizure())
    assert (waited.status_code, waited.json()["published"]) == (202, False)
    outbox = served.intake.outbox
    outbox.seal_waiting(10, lambda _draft, _link, _seq: b"seal")
    rows: list[Entry] = list(outbox.sealed(10))
    outbox.mark_published({rows[0].row: 0})
    again = served.http.post("/v1/seizure", params={"wait": "published"}, json=seizure())
    assert (again.status_code, again.json()["published"]) == (200, True)


def test_the_description_names_what_a_submitter_gives_and_nothing_of_ours(served: Served) -> None:
    schema = served.http.get("/openapi.json").json()
    submitted = schema["components"]["schemas"]["Submitted_seizure"]
    assert {"national_id", "items", "handling"} <= set(submitted["required"])
    assert not {"event_id", "record_id", "member", "exercise"} & set(submitted["properties"])
    assert "item_key" in schema["components"]["schemas"]["Item"]["properties"]
    assert set(schema["paths"]) == {
        *(
            "/v1/seizure",
            "/v1/missing",
            "/v1/trace",
            "/v1/receipt",
            "/v1/grant",
            "/v1/rejected",
            "/v1/rejected/{number}",
        ),
        "/v1/rejected/{number}/resubmit",
    }
    named = set(json.dumps(schema).split('"#/components/schemas/')[1:])
    assert {name.partition('"')[0] for name in named} <= set(schema["components"]["schemas"])


def test_a_system_that_sends_too_much_is_told_when_to_come_again_and_nothing_is_kept(served: Served) -> None:
    keys = KeyFiles({"RS": served.keys})
    write_keys(served.keys, *(ApiKey(id=one, system=one, sha256=key_sha256(one)) for one in ("wild", "calm")))
    app = create_app({"RS": served.intake}, keys.caller, allowance=Allowance(0.1, 2, lambda: 0.0))
    wild, calm = (client_of(app, authorization=f"Bearer {one}") for one in ("wild", "calm"))
    answers = [wild.post("/v1/seizure", json=seizure(national_id=f"KU-{n}")) for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].headers["retry-after"] == "10"
    assert served.rows() == 2
    assert calm.get("/v1/rejected").status_code == 200
    with pytest.raises(StoreAway, match="takes nothing now: This system sends too many requests"):
        Exchange("http://intake", "wild", client_of(app)).submit("seizure", [seizure()])


def flows(served: Served) -> list[str]:
    """The header of each row that the outbox holds."""
    return [dict(row.draft.headers)[TRACEPARENT].decode() for row in served.intake.outbox.reading.all_rows()]


def test_a_request_that_is_part_of_a_flow_hands_it_on_to_every_event_that_it_makes(served: Served) -> None:
    headers = {TRACEPARENT: GIVEN}
    records = [seizure(), seizure(national_id="KU-18"), seizure(items=[])]
    results = served.http.post("/v1/seizure", json=records, headers=headers).json()
    assert [text[:36] + text[-2:] for text in flows(served)] == [f"00-{FLOW}-01"] * 2
    assert [result["traceparent"] for result in results[:2]] == flows(served)
    assert len(set(flows(served))) == 2


@pytest.mark.parametrize("given", [None, "", "00-zz", GIVEN.upper(), f"{GIVEN}\u00e9"])
def test_without_one_of_the_standards_form_each_event_begins_a_flow_of_its_own(
    served: Served, given: str | None
) -> None:
    headers = {TRACEPARENT.encode(): given.encode("latin-1")} if given is not None else {}
    results = served.http.post("/v1/seizure", json=[seizure(), seizure(national_id="KU-18")], headers=headers).json()
    expected = [result["event_id"].replace("-", "") for result in results]
    assert [text.split("-")[1] for text in flows(served)] == expected


def test_a_record_may_name_its_own_flow_which_is_no_part_of_what_it_says(served: Served) -> None:
    first = served.http.post("/v1/seizure", json=[{**seizure(), MARK: GIVEN}, seizure(national_id="KU-18")]).json()
    again = served.http.post("/v1/seizure", json=seizure()).json()
    assert (first[0]["outcome"], again["outcome"]) == ("accepted", "unchanged")
    assert [text.split("-")[1] == FLOW for text in flows(served)] == [True, False]
    (row, _) = served.intake.outbox.reading.all_rows()
    assert FLOW.encode() not in row.draft.value
