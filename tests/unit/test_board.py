"""What ``interfocal top`` shows of what it was told, and that it says so when it was told nothing."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import time_machine
from rich.console import Console

from interfocal.commands.top import document, picture
from interfocal.installation.installation import Installation
from interfocal.transport.local import LocalTrust
from interfocal.watching.board import Board, MemberLine, StreamLine
from interfocal.watching.figures import Waiting
from interfocal.watching.scraping import Sample, Scraped, most, samples_of, scrape_all, total
from schemas.directory import Directory, Member

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOTE = "* a footnote that goes with its name"
DIRECTORY = Directory(
    region="test",
    title="Two members",
    version=1,
    exercise=True,
    issued_at=AT,
    expires_at=AT,
    members=(Member(code="AA", name="Ausa", footnote=NOTE), Member(code="BB", name="Besa")),
)
STREAMS = ("seizure", "missing", "trace")
BUSY = StreamLine(52, 51, 40, 12)
UNKNOWN = StreamLine(None, None, None, None)


class HalfInstallation:
    """All that a picture asks of an installation."""

    directory = DIRECTORY


INSTALLATION = cast("Installation", HalfInstallation())


def a_board(**changes: Any) -> Board:
    lines = [
        MemberLine("AA", 12.0, Waiting(3, 90.0), dict.fromkeys(STREAMS, BUSY), 0, 6),
        MemberLine("BB", None, None, dict.fromkeys(STREAMS, UNKNOWN), None, None),
    ]
    whole: dict[str, Any] = {
        "members": lines,
        "processes": [
            Scraped("region", "127.0.0.1:1", ready=True, samples=[]),
            Scraped("desks", "127.0.0.1:2", ready=False, samples=None),
        ],
        "traces": {"with_duty_officer": 3, "closed": 1},
        "gaps": 2,
        "paused": ["aa.trace"],
        "work": 4,
        "troubles": ["desks does not answer at 127.0.0.1:2"],
    }
    return Board(**{**whole, **changes})


def printed(board: Board) -> str:
    text = io.StringIO()
    Console(width=160, file=text).print(picture(INSTALLATION, board))
    return text.getvalue()


def test_a_picture_shows_members_processes_traces_and_what_could_not_be_read() -> None:
    text = printed(a_board())
    row = next(line for line in text.splitlines() if line.startswith("AA"))
    assert row.split() == ["AA", "12", "seconds", "3,", "90", "seconds", *(["52", "51", "40", "12"] * 3), "0", "6"]
    for told in ("1 closed, 3 with duty officer", "4 work", "2 gaps", "paused: aa.trace", "desks does not answer"):
        assert told in text


def test_who_has_a_footnote_is_shown_with_it() -> None:
    assert f"AA: {NOTE}" in printed(a_board())


def test_what_nobody_can_say_is_no_zero() -> None:
    text = printed(a_board(traces=None, gaps=None, paused=None, work=None))
    row = next(line for line in text.splitlines() if line.startswith("BB"))
    assert set(row.split()) == {"BB", "none", "yet", "-"}
    assert "its database does not answer" in text
    assert "0 gaps" not in text


def test_as_json_it_has_the_same_with_limits_and_footnotes() -> None:
    told = document(INSTALLATION, a_board())
    assert told["footnotes"] == {"AA": NOTE}
    assert told["limits"]
    assert told["processes"][1] == {"process": "desks", "address": "127.0.0.1:2", "ready": False}
    assert told["directory"] == {"version": 1, "expires_at": AT.isoformat()}


@pytest.mark.parametrize(
    ("before", "said"),
    [(timedelta(), "version 1, which has expired"), (timedelta(days=9), "version 1, which expires in 9 days")],
)
def test_the_directory_is_shown_with_how_long_it_is_in_force(before: timedelta, said: str) -> None:
    with time_machine.travel(AT - before, tick=False):
        assert said in printed(a_board())


SCRAPED = """
# TYPE interfocal_accepted counter
interfocal_accepted_total{member="AA",stream="trace"} 3.0
interfocal_accepted_total{member="AA",stream="seizure"} 4.0
# TYPE interfocal_outbox_rows gauge
interfocal_outbox_rows{member="AA"} 7.0
"""


@pytest.mark.parametrize(
    ("labels", "expected"), [({"stream": "trace"}, 3), ({"member": "AA"}, 7), ({}, 7), ({"member": "BB"}, None)]
)
def test_counts_are_added_up_over_what_has_the_labels(labels: Mapping[str, str], expected: float | None) -> None:
    assert total(samples_of(SCRAPED), "interfocal_accepted_total", **labels) == expected


def test_of_what_several_say_of_one_thing_the_largest_counts() -> None:
    samples = [Sample("x", {"process": "1"}, 2.0), Sample("x", {"process": "2"}, 3.0)]
    assert most(samples, "x") == 3.0
    assert most(samples, "y") is None


def test_a_process_that_does_not_answer_is_told_as_away(tmp_path: Path) -> None:
    trust = LocalTrust(tmp_path / "tls")
    trust.settle([])
    (region,) = scrape_all({"region": "https://127.0.0.1:1"}, trust.authority)
    assert (region.process, region.ready, region.samples) == ("region", False, None)
