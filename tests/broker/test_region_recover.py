"""``interfocal region recover``: what Kafka acknowledged of the region and lost waits again, in a new life."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from interfocal.clock import now
from interfocal.commands.main import build_app, run
from interfocal.limits import EXERCISE_NOTICE
from schemas.topics import DECISION_TOPIC
from sealing import an_id
from small_region import SmallRegion

LOST = f"""
insert into region_outbox (topic, event_id, key, value, headers, life, seq, seal, published_offset)
values ('{DECISION_TOPIC}', '{an_id("lost")}', 'key', '\\x00', '[]', 1, 99, '\\x00', 98)
"""


@pytest.fixture
def small(settled: SmallRegion, tmp_path: Path) -> Iterator[SmallRegion]:
    with settled.copy(tmp_path) as copied:
        yield copied


def recovered(small: SmallRegion) -> dict[str, dict[str, Any]]:
    """What it tells, by topic."""
    words = ["region", "recover", "--json", "--var", str(small.installation.var)]
    told = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    whole = json.loads(told.stdout)
    assert whole["limits"] == [EXERCISE_NOTICE]
    return {topic["topic"]: topic for topic in whole["topics"]}


def waiting(small: SmallRegion) -> list[tuple[Any, ...]]:
    query = "select event_id, life, seq from region_outbox where published_offset is null"
    return small.rows(small.installation.region_url, query)


def test_where_outbox_and_topics_agree_nothing_changes(small: SmallRegion) -> None:
    told = recovered(small)
    assert {DECISION_TOPIC, "region.inbox.aa", "region.inbox.bb"} <= told.keys()
    assert {(one["lost"], one["found_sent"], one["new_life"]) for one in told.values()} == {(0, 0, None)}
    assert sum(one["events"] for one in told.values()) > 0
    assert waiting(small) == []


def test_what_kafka_lost_waits_again_after_the_number_that_it_had(small: SmallRegion) -> None:
    small.change(small.installation.region_url, LOST)
    told = recovered(small)[DECISION_TOPIC]
    assert (told["lost"], told["new_life"], told["after"]) == (1, 2, {"life": 1, "number": 99})
    assert waiting(small) == [(an_id("lost"), None, None)]
    assert recovered(small)[DECISION_TOPIC]["new_life"] is None


def test_it_waits_for_the_region_to_be_stopped(small: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(RegionOutbox(connector(small.installation.region_url, "relay"), now)) as running:
        assert running.lease()
        assert run(["region", "recover", "--var", str(small.installation.var)]) == 2
    assert "stop it first" in capsys.readouterr().err
    assert run(["region", "recover", "--var", str(small.installation.var)]) == 0
    assert "as before" in capsys.readouterr().out
