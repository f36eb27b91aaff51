"""Numbers that Kafka acknowledged and lost: named until a person acknowledges them, and then named with who did."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interfocal.clock import now
from interfocal.commands.main import build_app, run
from interfocal.installation.installation import Installation
from interfocal.member.recovering import recover_member
from interfocal.stack import Stack
from schemas.trust.sealer import sealer
from small_region import ASKED, ASKER, MemberParts, a_seizure, member_parts, region_parts, settle, settled_region

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
    seal = sealer(installation.signing_key(ASKER.lower()), installation.directory.region, now)
    assert member.outbox.seal_waiting(10, seal) == 3
    _, second, _ = member.outbox.sealed(10)
    member.outbox.mark_published({second.row: 777})


def ledger(installation: Installation) -> tuple[int, dict[str, Any]]:
    words = ["ledger", "verify", "--json", "--var", str(installation.var)]
    told = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    return told.exit_code, json.loads(told.stdout)


def acknowledge(installation: Installation, code: str, where: str) -> int:
    return run(["ledger", "acknowledge", code, where, "--by", "officer-7", "--var", str(installation.var)])


def codes(told: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in told["problems"]}


def test_a_gap_is_named_until_it_is_acknowledged_and_then_with_who_did(
    lost: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert codes(ledger(lost)[1]) == {"chain_gap", "not_on_log", "marked_but_not_there"}
    told = recover_member(lost, ASKER)
    assert [one.lost for one in told.topics if one.topic == TOPIC] == [((1, gap_of(lost)),)]
    with at_work(lost):
        pass
    code, left = ledger(lost)
    assert (code, codes(left)) == (1, {"chain_gap"})
    (gap,) = left["problems"]
    assert acknowledge(lost, "chain_gap", f"{TOPIC} life 1: 1 to 1") == 1
    assert gap["where"] in capsys.readouterr().err
    assert acknowledge(lost, gap["code"], gap["where"]) == 0
    assert acknowledge(lost, gap["code"], gap["where"]) == 0
    assert "acknowledged before" in capsys.readouterr().out
    code, told_after = ledger(lost)
    assert (code, told_after["problems"], told_after["holds"]) == (0, [], True)
    assert [(one["where"], one["by"]) for one in told_after["acknowledged"]] == [(gap["where"], "officer-7")]
    assert run(["ledger", "verify", "--var", str(lost.var)]) == 0
    assert f"acknowledged by officer-7 on {told_after['acknowledged'][0]['at'][:10]}" in capsys.readouterr().out
    assert lost.places.acknowledged.stat().st_mode & 0o777 == 0o600


def gap_of(installation: Installation) -> int:
    """The number that is missing."""
    (gap,) = [p for p in ledger(installation)[1]["problems"] if p["code"] == "chain_gap"]
    first, _, last = str(gap["where"]).removeprefix(f"{TOPIC} life 1: ").partition(" to ")
    assert first == last
    return int(first)


def test_what_can_be_mended_cannot_be_acknowledged(lost: Installation) -> None:
    (missing,) = [p for p in ledger(lost)[1]["problems"] if p["code"] == "not_on_log"]
    assert acknowledge(lost, missing["code"], missing["where"]) == 2
    assert acknowledge(lost, "chain_gap", "no.topic life 1: 1 to 2") == 1
    assert not lost.places.acknowledged.exists()
