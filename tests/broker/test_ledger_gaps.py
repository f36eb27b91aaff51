"""Numbers and offsets that Kafka acknowledged and lost: named until a person acknowledges them."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from typer.testing import CliRunner

from interfocal.clock import now
from interfocal.commands.main import build_app, run
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.member.recovering import recover_member
from interfocal.stack import Stack
from schemas.trust.sealer import sealer
from small_records import ASKED, ASKER, a_seizure
from small_region import MemberParts, member_parts, region_parts, settle, settled_region

TOPIC = "aa.seizure"


@pytest.fixture
def lost(stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """A region of which Kafka has acknowledged an event that it does not hold."""
    with settled_region(stack, tmp_path, f"t{secrets.token_hex(6)}.") as small:
        with at_work(small.installation) as members:
            lose_the_second_of_three(small.installation, members[ASKER])
        yield small.installation


@contextmanager
def at_work(installation: Installation) -> Iterator[dict[str, MemberParts]]:
    """Every part runs by hand; at the end nothing is under way."""
    members = {code: member_parts(installation, code) for code in (ASKER, ASKED)}
    parts = region_parts(installation, members)
    try:
        yield members
        settle(installation, members, parts)
    finally:
        parts.close()
        for member in members.values():
            member.close()


def lose_the_second_of_three(installation: Installation, member: MemberParts) -> None:
    member.submit("seizure", *(a_seizure(f"KU-{number}", f"L-{number}") for number in range(50, 53)))
    seal = sealer(installation.signing_keys(ASKER.lower()), installation.directory.region, now)
    assert member.outbox.seal_waiting(10, seal) == 3
    _, second, _ = member.outbox.sealed(10)
    member.outbox.mark_published({second.row: 777})


def ledger(installation: Installation) -> tuple[int, dict[str, Any]]:
    words = ["ledger", "verify", "--json", "--var", str(installation.var)]
    told = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    return told.exit_code, json.loads(told.stdout)


def acknowledge(installation: Installation, *gap: str, command: str = "acknowledge") -> int:
    words = ["ledger", command, *gap, "--by", "officer-7", "--because", "a restore", "--var", str(installation.var)]
    return run(words)


def codes(told: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in told["problems"]}


def missing_number(installation: Installation) -> str:
    """The number that is missing, as the ledger names it."""
    (gap,) = [p for p in ledger(installation)[1]["problems"] if p["code"] == "chain_gap"]
    first, _, last = str(gap["where"]).removeprefix(f"{TOPIC} life 1: ").partition(" to ")
    assert first == last
    return first


def test_a_gap_is_named_until_it_is_acknowledged(lost: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert codes(ledger(lost)[1]) == {"chain_gap", "not_on_log", "marked_but_not_there"}
    number = missing_number(lost)
    told = recover_member(lost, ASKER)
    assert [one.lost for one in told.topics if one.topic == TOPIC] == [((1, int(number)),)]
    with at_work(lost):
        pass
    code, left = ledger(lost)
    assert (code, codes(left)) == (1, {"chain_gap"})
    assert acknowledge(lost, TOPIC, "1", "1", "1") == 2
    assert f"{TOPIC} life 1: {number} to {number}" in capsys.readouterr().err
    assert acknowledge(lost, TOPIC, "1", number, number) == 0
    assert acknowledge(lost, TOPIC, "1", number, number) == 2
    assert "acknowledged before" in capsys.readouterr().err
    assert ledger(lost) == (0, ledger(lost)[1] | {"holds": True, "problems": []})


def test_a_gap_that_only_the_ledger_finds_is_acknowledged_too(lost: Installation) -> None:
    """As of a record that the region had folded before Kafka lost it."""
    with psycopg.connect(lost.region_url) as connection:
        assert connection.execute("delete from chain_gap").rowcount == 1
    number = missing_number(lost)
    assert acknowledge(lost, TOPIC, "1", number, number) == 0
    assert "chain_gap" not in codes(ledger(lost)[1])


def test_offsets_are_acknowledged_only_where_the_ledger_misses_them(
    lost: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(KafkaAdminClient(**admin_access_of(lost).settings())) as admin:
        admin.delete_records({TopicPartition(f"{lost.prefix}{TOPIC}", 0): 1})
    (missing,) = [p["where"] for p in ledger(lost)[1]["problems"] if p["code"] == "offset_not_on_log"]
    assert missing == f"{TOPIC} 0 to 0"
    assert acknowledge(lost, TOPIC, "0", "1", command="acknowledge-offsets") == 2
    assert missing in capsys.readouterr().err
    assert acknowledge(lost, "no.topic", "0", "0", command="acknowledge-offsets") == 2
    assert acknowledge(lost, TOPIC, "0", "0", command="acknowledge-offsets") == 0
    assert acknowledge(lost, TOPIC, "0", "0", command="acknowledge-offsets") == 2
    assert "offset_not_on_log" not in codes(ledger(lost)[1])
