"""The region's trace commands over the real PostgreSQL."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest
from typer.testing import CliRunner, Result

from consumers.store.session import Session
from consumers.tracing.deciding import Office
from consumers.tracing.worker import RouterWorker
from histories import ASKER, FIRST, KEY, START, act_event, request_event
from interfocal.commands import trace_region
from interfocal.commands.main import build_app
from interfocal.installation.installation import Places
from interfocal.installation.settings import Settings
from schemas.directory import Directory
from schemas.errors import NotInForce
from schemas.events.firearm import Marks
from schemas.marks.reference import load_reference
from tracing_store import RegionStore

DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": START,
        "expires_at": START.replace(year=2100),
        "notice": "Channels are assumptions.",
        "members": [
            {"code": ASKER, "name": ASKER, "footnote": "* a note"},
            {"code": FIRST, "name": FIRST},
        ],
    }
)


@dataclass(frozen=True, slots=True)
class OpenedInstallation:
    """What the commands read of an installation."""

    region_url: str
    places: Places = field(default_factory=lambda: Places(Path(mkdtemp())))
    directory: Directory = DIRECTORY
    settings: Settings = field(default_factory=Settings)


@pytest.fixture
def store(database: str, monkeypatch: pytest.MonkeyPatch) -> RegionStore:
    """A region in which one request stands on the duty officer's list."""
    store = RegionStore(database)
    monkeypatch.setattr(trace_region, "open_installation", lambda _: OpenedInstallation(database))
    store.fold(request_event(marks=Marks()))
    session = Session(store.connect)
    RouterWorker(session, Office(DIRECTORY, load_reference(), lambda: START)).run_once()
    session.close()
    store.publish()
    return store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["trace", *arguments])


@pytest.mark.usefixtures("store")
def test_the_list_shows_state_and_rule_with_the_footnotes_of_its_members() -> None:
    result = run("list", "--duty")
    assert result.exit_code == 0
    assert "with_duty_officer" in result.stdout
    assert "MK: * a note" in result.stdout
    (line,) = json.loads(run("list", "--json").stdout)["traces"]
    assert (line["trace_id"], line["rule"]) == (KEY.trace_id, "duty_officer")


def test_nobody_routes_by_a_directory_that_has_expired(store: RegionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = OpenedInstallation(store.url, directory=DIRECTORY.model_copy(update={"expires_at": START}))
    monkeypatch.setattr(trace_region, "open_installation", lambda _: opened)
    routed = run("route", KEY.trace_id[:8], "--to", "rs", "--because", "documents", "--by", "duty-7")
    assert isinstance(routed.exception, NotInForce)
    assert store.publish() == []


def test_an_order_of_the_duty_officer_shows_in_trace_and_explanation(store: RegionStore) -> None:
    routed = run("route", KEY.trace_id[:8], "--to", "rs", "--because", "documents", "--by", "duty-7")
    assert routed.exit_code == 0, routed.output
    store.publish()
    store.fold(act_event("acknowledgement", FIRST, KEY.request_id))
    shown = run("show", KEY.trace_id)
    assert "acknowledged" in shown.stdout
    assert "counted" in shown.stdout
    told = json.loads(run("show", KEY.trace_id, "--json").stdout)
    assert [act["act"] for act in told["acts"]] == ["request", "acknowledgement"]
    assert told["footnotes"] == {ASKER: "* a note"}
    explained = run("explain", KEY.trace_id).stdout
    assert "Decided by duty officer duty-7: Papers point to the member." in explained
    assert "Channels are assumptions." in explained
    decisions = json.loads(run("explain", KEY.trace_id, "--json").stdout)["decisions"]
    assert decisions[0]["decided_by"] == "duty-7"


@pytest.mark.usefixtures("store")
def test_a_trace_that_is_not_here_is_said_in_a_sentence() -> None:
    assert "there is no trace nowhere" in str(run("show", "nowhere").exception)
