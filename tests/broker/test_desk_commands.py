"""What a person does at a desk: through the real intake of its member, on the real PostgreSQL."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from asgi import client_of
from consumers.desk.inbox import SubmittedAct, submissions_of
from desk_bench import REQUEST, DeskBench, DeskInstallation, delivery, routed
from histories import ASKER, FIRST, KEY, act_event, decision
from intake_cases import directory, open_intake, trace_request
from interfocal.commands import desk_sending, desk_traces, inbox
from interfocal.commands.main import build_app
from interfocal.desk import acts
from interfocal.desk.acts import DeskActs
from interfocal.installation.endpoints import Endpoint
from interfocal.limits import EXERCISE_NOTICE
from interfocal.member import intake as members_intake
from producers.intake.intake import Intake
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import create_app
from producers.ways_in.python_call import Exchange
from schemas.directory import Directory
from schemas.errors import Misconfigured, Rejected, StoreAway
from schemas.events.trace import TraceAct
from schemas.wire.codec import decode

NOTE = "* a note"
ANSWER = {"result": "no_record", "scope": "full", "evidence": "factory_book"}
UNREACHABLE = "postgresql://127.0.0.1:1/nothing?connect_timeout=1"


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk with a request in its inbox, and the intake behind it."""

    bench: DeskBench
    intake: Intake
    acts: DeskActs

    def said(self) -> list[TraceAct]:
        """The acts that intake has accepted, in order."""
        events = [decode(row.draft.value)[1] for row in self.intake.outbox.reading.all_rows()]
        return [event for event in events if isinstance(event, TraceAct)]

    def kept(self) -> list[SubmittedAct]:
        """What the desk's database holds of them."""
        keys = [trace.key for trace in self.acts.traces()]
        return list(self.bench.read(lambda connection: submissions_of(connection, keys)))


def with_note() -> Directory:
    """The test's directory; the asker has a footnote."""
    members = directory().members
    noted = [m.model_copy(update={"footnote": NOTE}) if m.code == ASKER else m for m in members]
    return directory().model_copy(update={"members": tuple(noted)})


@pytest.fixture
def desk(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    bench = DeskBench(database)
    bench.receive(delivery(REQUEST, routed()))
    intake = open_intake(tmp_path)
    app = create_app({FIRST: intake}, lambda _: Caller(FIRST, "desk"))
    installation: Any = DeskInstallation(tmp_path, with_note(), database)
    endpoint = Endpoint("https://intake", SecretStr("key"), Path("unused.pem"))
    monkeypatch.setattr(members_intake, "producer_endpoint", lambda *_: endpoint)
    monkeypatch.setattr(members_intake, "intake_at", lambda at: Exchange(at.url, "key", client_of(app)))
    for command in (desk_sending, desk_traces, inbox):
        monkeypatch.setattr(command, "open_installation", lambda _: installation)
    yield Desk(bench, intake, DeskActs(installation, FIRST.lower()))
    intake.outbox.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), [*arguments, "--as", FIRST.lower()])


def told_by_the_asker(desk: Desk, act: str) -> TraceAct:
    """An act of the asker reaches the desk."""
    event = act_event(act, ASKER, KEY.request_id, minutes=5)
    desk.bench.receive(
        delivery(event, decision("delivery", 1, event.event_id, subject=event.event_id), purpose="party")
    )
    return event


def test_an_act_is_accepted_where_it_belongs_and_kept(desk: Desk) -> None:
    answer = desk.acts.act(KEY.trace_id[:8], "acknowledgement", {})
    (event,) = desk.said()
    assert (event.event_id, event.act) == (answer.event_id, "acknowledgement")
    assert (event.requester, event.trace_id, event.hop, event.cause) == (ASKER, KEY.trace_id, 1, KEY.request_id)
    (kept,) = desk.kept()
    assert (kept.event_id, kept.act, kept.hop, kept.cause) == (event.event_id, event.act, 1, KEY.request_id)
    assert kept.body["own_reference"] == event.own_reference
    assert [act.act for act in desk.acts.find(KEY.trace_id).acts] == ["request", "acknowledgement"]


def test_the_next_act_answers_what_the_asker_said_since(desk: Desk) -> None:
    desk.acts.act(KEY.trace_id, "question", {"asked": ["serial_number"]})
    information = told_by_the_asker(desk, "information")
    desk.acts.act("KT-1", "answer", ANSWER)
    assert [event.cause for event in desk.said()] == [KEY.request_id, information.event_id]
    assert desk.acts.find(KEY.trace_id).state == "answered"


def test_the_same_reference_again_is_a_repeat_whatever_came_since(desk: Desk) -> None:
    first = desk.acts.act(KEY.trace_id, "answer", ANSWER, reference="A-1")
    told_by_the_asker(desk, "clarification")
    again = desk.acts.act(KEY.trace_id, "answer", ANSWER, reference="A-1")
    assert (again.outcome, again.event_id) == ("unchanged", first.event_id)
    assert len(desk.said()) == len(desk.kept()) == 1


def test_what_intake_rejects_is_not_kept(desk: Desk) -> None:
    answer = desk.acts.act(KEY.trace_id, "refusal", {"reason": "because"})
    assert (answer.outcome, answer.problems[0].code) == ("rejected", "unknown_code")
    assert desk.said() == []
    assert desk.kept() == []


def test_what_is_not_this_members_to_say_never_reaches_intake(desk: Desk) -> None:
    with pytest.raises(Rejected) as refused:
        desk.acts.act(KEY.trace_id, "closure", {"outcome": "withdrawn"})
    assert refused.value.code == "wrong_party"
    with pytest.raises(Rejected) as unknown:
        desk.acts.act("ffff", "answer", ANSWER)
    assert unknown.value.code == "unknown_trace"
    assert desk.said() == []
    assert desk.intake.outbox.reading.rejected() == []


def test_a_request_is_opened_kept_and_closed_before_anything_is_heard_of_it(desk: Desk) -> None:
    record = {name: value for name, value in trace_request().items() if name not in ("act", "handling", "national_id")}
    answer = desk.acts.open(record)
    assert answer.trace_id
    own = desk.acts.find(answer.trace_id)
    assert (own.asks, own.state, own.reference) == (True, "submitted", "T-1")
    closed = desk.acts.act(answer.trace_id, "closure", {"outcome": "withdrawn"})
    request, closure = desk.said()
    assert (request.act, request.trace_id) == ("request", answer.trace_id)
    assert (closure.event_id, closure.cause, closure.hop) == (closed.event_id, request.event_id, 1)
    assert [trace.key.trace_id for trace in desk.acts.traces()] == [answer.trace_id, KEY.trace_id]


def test_two_requests_of_one_case_are_both_kept(desk: Desk) -> None:
    for number in ("T-1", "T-2"):
        desk.acts.open(trace_request(national_id=number, own_reference="CASE-9"))
    assert [kept.own_reference for kept in desk.kept()] == ["T-1", "T-2"]
    with pytest.raises(Rejected, match="several traces"):
        desk.acts.find("CASE-9")


def test_an_act_that_the_database_could_not_keep_says_how_to_say_it_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreAway("gone")

    monkeypatch.setattr(acts, "keep_submissions", away)
    with pytest.raises(StoreAway, match=r"accepted answer A-1 .* --reference A-1"):
        desk.acts.act(KEY.trace_id, "answer", ANSWER, reference="A-1")
    monkeypatch.undo()
    assert len(desk.said()) == 1


def test_a_desk_whose_database_is_away_sends_nothing(desk: Desk) -> None:
    away = DeskInstallation(desk.acts.installation.var, with_note(), UNREACHABLE)
    lost = replace(desk.acts, installation=away)  # type: ignore[arg-type]  # what a desk reads of an installation
    with pytest.raises(StoreAway):
        lost.act(KEY.trace_id, "acknowledgement", {})
    assert desk.said() == []


@pytest.mark.usefixtures("desk")
def test_the_inbox_is_shown_as_table_json_and_csv_with_footnotes() -> None:
    table = run("inbox")
    assert table.exit_code == 0, table.output
    assert "KT-1" in table.stdout
    assert "Place of manufacture" in table.stdout
    assert "not yet" in table.stdout
    assert f"{ASKER}: {NOTE}" in table.stdout
    shown = json.loads(run("inbox", "--json").stdout)
    assert EXERCISE_NOTICE in shown["limits"]
    assert shown["footnotes"] == {ASKER: NOTE}
    (row,) = shown["inbox"]
    assert (row["from"], row["asker_reference"], row["rule"], row["receipt"]) == (ASKER, "KT-1", "manufacture", None)
    as_csv = run("inbox", "--csv")
    (line,) = csv.DictReader(io.StringIO(as_csv.stdout))
    assert (line["trace_id"], line["purpose"], line["jurisdiction_note"]) == (KEY.trace_id, "accountable", NOTE)
    assert EXERCISE_NOTICE in as_csv.stderr


def test_traces_of_a_desk_are_listed_by_state_and_asker(desk: Desk) -> None:
    desk.acts.open(trace_request())
    listed = json.loads(run("trace", "list", "--json").stdout)["traces"]
    assert [(row["asker_reference"], row["role"], row["state"]) for row in listed] == [
        ("T-1", "asker", "submitted"),
        ("KT-1", "accountable", "delivered"),
    ]
    (row,) = json.loads(run("trace", "list", "--state", "delivered", "--json").stdout)["traces"]
    assert row["trace_id"] == KEY.trace_id
    (line,) = csv.DictReader(io.StringIO(run("trace", "list", "--asker", ASKER.lower(), "--csv").stdout))
    assert (line["requester"], line["jurisdiction_note"]) == (ASKER, NOTE)
    assert "2 traces" in run("trace", "list").stdout
    assert isinstance(run("trace", "list", "--duty").exception, Misconfigured)


def test_a_trace_is_shown_with_its_acts_and_marks_verbatim(desk: Desk) -> None:
    desk.acts.act(KEY.trace_id, "delay", {"reason": "archive_search"})
    shown = run("trace", "show", "KT-1")
    assert shown.exit_code == 0, shown.output
    assert "C 416377" in shown.stdout
    assert "C416377" in shown.stdout
    assert "reason: Archive search (archive_search)" in shown.stdout
    assert NOTE in shown.stdout
    document = json.loads(run("trace", "show", KEY.trace_id, "--json").stdout)["trace"]
    assert [act["act"] for act in document["acts"]] == ["request", "delay"]


@pytest.mark.usefixtures("desk")
def test_a_request_is_explained_with_the_evidence_that_came_with_it() -> None:
    told = run("trace", "explain", KEY.trace_id)
    assert "has to answer" in told.stdout
    assert "Evidence: The table of makers and models. Field marks.make. Compared by as_written." in told.stdout
    assert NOTE in told.stdout
    assert any(
        "Evidence" in line for line in json.loads(run("trace", "explain", "KT-1", "--json").stdout)["explanation"]
    )


SAYINGS = {
    "acknowledge": ["--file-number", "F-1"],
    "question": ["--ask", "serial_number", "--ask", "make"],
    "answer": ["--result", "last_holder_found", "--scope", "restricted", "--evidence", "stock_inventory"],
    "refer": ["--to", "ba", "--evidence", "factory_book"],
    "refuse": ["--because", "investigation"],
    "delay": ["--because", "investigation", "--until", "2026-04-01"],
}


@pytest.mark.parametrize("command", SAYINGS)
def test_what_an_accountable_member_says_is_accepted_and_its_ids_are_printed(desk: Desk, command: str) -> None:
    result = run("trace", command, "KT-1", *SAYINGS[command], "--handling", "H1", "--handling", "H2")
    assert result.exit_code == 0, result.output
    (event,) = desk.said()
    assert f"event {event.event_id}" in result.stdout
    assert f"trace {KEY.trace_id}" in result.stdout
    assert event.handling.codes == ("H1", "H2")


def test_an_asker_opens_informs_clarifies_closes_and_reopens(desk: Desk) -> None:
    grounds = ["--illicit-ground", "law_of_place", "--use", "prosecution", "--domestic", "no_record"]
    marks = ["--make", "Zastava", "--serial", "A?1", "--state", "partial", "--import-mark", "BA:1987"]
    named = ["--seizure", "KU-17/26", "--item", "1", "--name", "ba", "--evidence", "document"]
    opened = run("trace", "open", "--class", "pistol", *grounds, *marks, *named, "--reference", "OWN-1", "--json")
    assert opened.exit_code == 0, opened.output
    assert json.loads(opened.stdout)["limits"]
    for arguments in (
        ("close", "OWN-1", "--outcome", "exhausted"),
        ("reopen", "OWN-1", "--because", "serial_restored", "--serial", "A11", "--state", "restored"),
    ):
        result = run("trace", *arguments)
        assert result.exit_code == 0, result.output
    request, closure, reopening = desk.said()
    assert request.request is not None
    assert reopening.reopening is not None
    assert reopening.reopening.marks is not None
    assert request.request.marks.numbers[0].as_read == "A?1"
    assert request.request.named is not None
    assert (request.own_reference, request.request.named.member, request.request.priority) == ("OWN-1", "BA", "routine")
    assert (closure.cause, reopening.cause) == (request.event_id, closure.event_id)
    assert reopening.reopening.marks.numbers[0].state == "restored"
    nothing = run("trace", "inform", "OWN-1", "--field", "make")
    assert isinstance(nothing.exception, Rejected)
    assert isinstance(run("trace", "clarify", "OWN-1", "--ask", "other").exception, Rejected)


def test_a_request_is_opened_from_a_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(trace_request()), encoding="utf-8")
    assert run("trace", "open", "--file", str(file)).exit_code == 0
    assert [event.own_reference for event in desk.said()] == ["T-1"]


def test_a_rejection_prints_its_sentences_with_the_nearest_codes_and_exits_1(desk: Desk) -> None:
    result = run("trace", "refuse", KEY.trace_id, "--because", "investigations")
    assert result.exit_code == 1
    assert "refusal.reason" in result.stderr
    assert "Nearest: investigation" in result.stderr
    assert desk.said() == []


def test_an_act_out_of_turn_is_sent_with_a_warning(desk: Desk) -> None:
    run("trace", "answer", KEY.trace_id, *SAYINGS["answer"])
    again = run("trace", "delay", KEY.trace_id, "--because", "investigation")
    assert again.exit_code == 0
    assert "out of turn" in again.stderr
    assert [event.act for event in desk.said()] == ["answer", "delay"]
    assert [act.in_turn for act in desk.acts.find(KEY.trace_id).acts] == [True, True, False]
