"""What is erased leaves the log: no segment of any topic holds the grant once the broker has compacted."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from interfocal.demo.canaries import file_holds
from interfocal.installation.access import admin_access_of
from interfocal.ledger.verify import verify
from interfocal.provisioning.cluster import opened
from interfocal.stack import Stack
from running import until
from schemas.topics import forwarded_topic, member_topic
from sealed_world import SealedWorld, sealed_world
from small_records import ASKED, ASKER

AT_ONCE = {
    "max.compaction.lag.ms": "1000",
    "segment.ms": "1000",
    "delete.retention.ms": "0",
    "min.cleanable.dirty.ratio": "0.0",
    "file.delete.delay.ms": "100",
}
"""What the plan does within a day."""

COMPACTED_S = 180.0  # the broker's cleaner looks every 15 s


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> Iterator[SealedWorld]:
    with sealed_world(stack, tmp_path) as made:
        yield made


@pytest.fixture
def logs(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's broker keeps its segments."""
    del stack
    (found,) = tmp_path_factory.getbasetemp().glob("stack0/var/kafka/logs")
    return found


def segments_with(logs: Path, text: str) -> list[str]:
    """The segments of all topics that hold a text."""
    # By walk: a topic's folder may go while it is looked through, when another test has deleted it.
    files = (Path(folder, name) for folder, _, names in os.walk(logs) for name in names if ".log" in name)
    return [path.parent.name for path in files if file_holds(path, [text.encode()])]


def test_after_compaction_an_erased_grant_is_in_no_segment(world: SealedWorld, logs: Path) -> None:
    key = world.ask("T-1")
    ((grant, _, _),) = world.grants(ASKER)
    query = "select wrapped from held_grant where record_id = %s"
    ((wrapped,),) = world.rows(world.installation.desk_url(ASKED), query, grant)
    assert len(segments_with(logs, wrapped)) == 2  # the asker's topic, and the one to the asked member
    world.act(ASKER, key, "erasure", {"grants": [grant]})
    prefix = world.installation.prefix
    topics = [prefix + member_topic(ASKER, "grant"), prefix + forwarded_topic(ASKED)]
    with opened(admin_access_of(world.installation)) as cluster:
        cluster.set_config(dict.fromkeys(topics, AT_ONCE))
    again = world.ask("T-2")  # a segment is compacted once another record has begun the next one
    until(lambda: segments_with(logs, wrapped) == [], "the erased grant to leave every segment", COMPACTED_S)
    world.read_grants_again()
    (asked,) = world.opened(ASKED, again)
    assert asked.part is not None
    assert verify(world.installation).balance.holds
