"""``interfocal tail`` on the real Kafka: what it prints, what it refuses, and that it goes on with what comes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from interfocal.commands.main import run
from interfocal.installation.installation import Installation
from interfocal.limits import EXERCISE_NOTICE
from interfocal.stack import Stack, drop_database
from running import LIMIT_S, TWO_MEMBERS, installed
from small_records import a_seizure
from small_region import SmallRegion, member_parts
from source_tree import ROOT


@pytest.fixture
def installation(stack: Stack, tmp_path: Path, topic_prefix: str) -> Iterator[Installation]:
    """An installation on which nothing runs and nothing was sent yet."""
    made = installed(stack, tmp_path / "var", topic_prefix, TWO_MEMBERS)
    yield made
    for url in (made.region_url, *made.desk_urls.values()):
        drop_database(stack.postgres_url, url.rsplit("/", 1)[1])


def tail(region: SmallRegion, *words: str) -> int:
    return run(["tail", *words, "--var", str(region.installation.var)])


def test_a_topic_is_shown_decoded_from_its_beginning(settled: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    assert tail(settled, "aa.seizure", "--from", "start") == 0
    told = capsys.readouterr()
    first, unusable = told.out.splitlines()
    assert "aa.seizure holds offsets 0 to 1." in told.err
    assert EXERCISE_NOTICE in told.err
    assert "seal valid  {" in first
    assert json.loads(first[first.index("{") :])["event_id"] == settled.events["seizure"]
    assert "seal valid  UNDECODABLE (truncated)" in unusable


def test_what_belongs_to_nobody_is_told_with_its_reason(
    settled: SmallRegion, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tail(settled, "bb.seizure") == 0
    assert "NO VALID SEAL (no_seal): The record has no seal header." in capsys.readouterr().out


def test_a_program_gets_one_whole_object_a_line(settled: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    assert tail(settled, f"{settled.installation.prefix}region.inbox.bb", "--from", "0", "--count", "1", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    shown: dict[str, Any] = json.loads(line)
    assert (shown["topic"], shown["offset"], shown["content"]["seal"]) == ("region.inbox.bb", 0, "valid")
    assert shown["original"]["seal"] == "valid"
    assert shown["original"]["event"]["event_id"] == settled.events["request"]
    assert shown["limits"] == [EXERCISE_NOTICE]


def test_the_open_part_is_shown_on_lines_of_its_own(settled: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    assert tail(settled, "region.decision", "--count", "1", "--pretty") == 0
    head, *rest = capsys.readouterr().out.splitlines()
    assert "decision/1" in head
    assert json.loads("".join(rest))["member"] == "REGION"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["aa.gossip"],
            "there is no topic 'aa.gossip' in this region; there are region.decision, region.directory, region.head",
        ),
        (["aa.seizure", "--from", "x"], "an offset, start or end"),
        (["aa.seizure", "--json", "--pretty"], "cannot be had at once"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(
    settled: SmallRegion, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert tail(settled, *words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence in told.err


def test_a_topic_without_records_says_so(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tail", "aa.seizure", "--var", str(installation.var)]) == 0
    told = capsys.readouterr()
    assert (told.out, "aa.seizure holds no records; the next has offset 0." in told.err) == ("", True)


def line_of(stream: IO[str]) -> str:
    line = stream.readline()
    assert line, "the command ended"
    return line


def test_following_shows_a_record_when_it_comes_and_ends_with_ctrl_c(installation: Installation) -> None:
    command = [sys.executable, "-m", "interfocal", "tail", "aa.seizure", "--follow", "--var", str(installation.var)]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        try:
            while "holds no records" not in line_of(following.stderr):
                pass
            member = member_parts(installation, "AA")
            (event,) = member.submit("seizure", a_seizure("KU-1", "C-1"))
            while not member.relay.run_once():
                pass
            member.close()
            assert event in line_of(following.stdout)
            following.send_signal(signal.SIGINT)
            assert following.wait(LIMIT_S) == 130
            assert "Traceback" not in following.stderr.read()
        finally:
            following.kill()
