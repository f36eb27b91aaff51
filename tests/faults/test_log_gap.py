"""A segment of a topic that is kept for good is gone from Kafka's disk: named everywhere, mended where it can be."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from interfocal.installation.access import admin_access_of
from interfocal.stack import down, drop_database, up
from running import DESKS, PRODUCER, REGION, Exchange, interfocal, started
from schemas.topics import member_topic
from story import ASKER, Story, a_seizure, submit

TOPIC = member_topic(ASKER, "seizure")
ROLL_S = 0.5


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """Where a stack of its own lies, whose files may be deleted."""
    yield tmp_path / "stack"
    down(tmp_path / "stack", wipe=True)


def roll_quickly(exchange: Exchange) -> None:
    """Have each record that comes a little later begin a new segment."""
    name = exchange.installation.prefix + TOPIC
    with closing(KafkaAdminClient(**admin_access_of(exchange.installation).settings())) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"segment.ms": "200"})])


def seize(exchange: Exchange, *names: str) -> None:
    """Seizures in a segment of their own."""
    threading.Event().wait(ROLL_S)
    submit(exchange, ASKER, "seizure", *(a_seizure(name, f"{name}-N") for name in names))
    exchange.drain()


def lose_segment_at(var: Path, first: int) -> None:
    (folder,) = (var / "kafka" / "logs").glob(f"*{TOPIC}-0")
    files = list(folder.glob(f"{first:020}.*"))
    assert files, sorted(path.name for path in folder.iterdir())
    for path in files:
        path.unlink()


def told(exchange: Exchange, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a command."""
    done = interfocal(*words, "--json", "--var", str(exchange.installation.var))
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_lost_segment_is_named_sent_again_and_acknowledged(var: Path, tmp_path: Path) -> None:
    with ExitStack() as opened:
        exchange = opened.enter_context(started(up(var), tmp_path / "var", "gap."))
        roll_quickly(exchange)
        seize(exchange, "S-before")
        start = end_of(exchange)
        seize(exchange, "S-lost-1", "S-lost-2")
        seize(exchange, "S-after")
        Story(exchange, "story").play()
        exchange.drain()
        exchange.proved()
        for name in (PRODUCER, DESKS, REGION):
            assert exchange.stop(name) == 0
        down(var)
        lose_segment_at(var, start)
        up(var)
        exchange.start(REGION)
        gap = {"topic": TOPIC, "first": start, "last": start + 1}
        check_named(exchange, gap)
        mend(exchange)
        check_only_the_gap_is_left(exchange, gap)


def end_of(exchange: Exchange) -> int:
    ((offset,),) = exchange.region("select next_offset from topic_position where topic = %s", TOPIC)
    return int(offset)


def check_named(exchange: Exchange, gap: dict[str, Any]) -> None:
    """By a rebuild, which lacks what the live database has, and by the ledger."""
    code, rebuilt = told(exchange, "rebuild", "--verify")
    assert (code, rebuilt["equal"], rebuilt["gaps"]) == (1, False, [gap])
    differing = {table for table, found in rebuilt["tables"].items() if found["differing"]}
    assert differing == {"seizure_revision", "item_revision", "mark_key"}
    assert all("rebuilt" not in one for one in rebuilt["tables"]["seizure_revision"]["first"])
    code, proof = told(exchange, "ledger", "verify")
    codes = {problem["code"] for problem in proof["problems"]}
    assert (code, codes >= {"offset_not_on_log", "chain_gap", "not_on_log"}) == (1, True)


def mend(exchange: Exchange) -> None:
    """The member sends again what its outbox has; the regional database is made anew from what is there now."""
    installation = exchange.installation
    done = interfocal("producer", "recover", "--as", ASKER, "--var", str(installation.var))
    assert done.returncode == 0, done.stderr
    assert "is lost" in done.stdout
    assert exchange.stop(REGION) == 0
    drop_database(installation.postgres_url, installation.region_url.rsplit("/", 1)[1])
    assert interfocal("migrate", "--var", str(installation.var)).returncode == 0
    for name in (PRODUCER, DESKS, REGION):
        exchange.start(name)
    exchange.drain()
    log = (installation.var / "logs" / f"{REGION}.log").read_text(encoding="utf-8")
    assert '"event": "log_gap"' in log


def check_only_the_gap_is_left(exchange: Exchange, gap: dict[str, Any]) -> None:
    """Numbers and offsets, until a person says that this is known; what was lost is in the view again."""
    code, proof = told(exchange, "ledger", "verify")
    left = {(problem["code"], problem["where"]) for problem in proof["problems"]}
    offsets = f"{TOPIC} {gap['first']} to {gap['last']}"
    assert (code, {name for name, _ in left}) == (1, {"offset_not_on_log", "chain_gap"})
    assert ("offset_not_on_log", offsets) in left
    for name, where in left:
        command = "acknowledge" if name == "chain_gap" else "acknowledge-offsets"
        words = ("ledger", command, TOPIC, *re.findall(r"[0-9]+", where), "--by", "officer-1", "--because", "a disk")
        assert interfocal(*words, "--var", str(exchange.installation.var)).returncode == 0
    code, proof = told(exchange, "ledger", "verify")
    assert (code, proof["holds"], proof["problems"]) == (0, True, [])
    code, rebuilt = told(exchange, "rebuild", "--verify")
    assert (code, rebuilt["equal"], rebuilt["gaps"]) == (0, True, [gap])
    Story(exchange, "afterwards").play()
    exchange.drain()
