"""Three brokers on one machine: topics lie on all of them, and one may be away."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from interfocal.commands import main
from interfocal.provisioning.apply import provision
from interfocal.provisioning.cluster import opened
from interfocal.provisioning.drift import GROUPS_TOPIC, Plan, drift_of
from interfocal.stack import current, down, kill_broker, up
from running import until
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured
from schemas.topics import planned_topics
from three_brokers import BROKERS, everything, running, send

LIMIT_S = 180.0  # one look at a broker that does not answer any more may take 30
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""The client leaves the sockets of refused connections to the collector, which has to come before the next test."""


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Nothing of a broker that was away is left to the next file's tests."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with three brokers; each test leaves them up."""
    var = tmp_path_factory.mktemp("three") / "var"
    try:
        up(var, brokers=3)
        yield var
    finally:
        down(var, wipe=True)


def test_topics_lie_on_all_three_and_kafkas_own_do_too(three: Path, topic_prefix: str) -> None:
    access = current(three).access
    assert len(set(access.bootstrap.split(","))) == 3
    plan = Plan(planned_topics(["rs"], 3), topic_prefix)
    provision(access, plan)
    send(access, f"{topic_prefix}rs.seizure", b"v")
    everything(access, f"{topic_prefix}rs.seizure", 1)
    until(lambda: brokers_found(access) == [1, 2, 3], "all of them to be seen", LIMIT_S)
    with opened(access) as cluster:
        found = cluster.found(plan)
    assert {topic.replication for topic in found.topics.values()} == {3}
    assert GROUPS_TOPIC in found.topics
    assert drift_of(plan, found) == ()


def test_a_broker_that_is_killed_stops_nobody_and_comes_back_where_it_was(three: Path, topic_prefix: str) -> None:
    before, pids = current(three), running(three)
    topic = f"{topic_prefix}rs.seizure"
    provision(before.access, Plan(planned_topics(["rs"], 3), topic_prefix))
    send(before.access, topic, b"before")
    kill_broker(three, 1)
    assert running(three) == {**pids, "kafka-1": None}
    assert current(three) == before
    send(before.access, topic, b"meanwhile")
    until(lambda: brokers_found(before.access) == [2, 3], "the cluster to do without the killed broker", LIMIT_S)
    assert up(three) == before
    assert {name for name, pid in running(three).items() if pid != pids[name]} == {"kafka-1"}
    assert everything(before.access, topic, 2) == [b"before", b"meanwhile"]


def brokers_found(access: Access) -> list[int]:
    """The brokers that a plan finds; none as long as one of them does not answer any more and is counted still."""
    try:
        with opened(access) as cluster:
            return sorted(cluster.found(Plan(())).brokers)
    except BrokerAway:
        return []


@pytest.mark.parametrize("number", [0, 4])
def test_a_number_that_no_broker_has_is_refused(three: Path, number: int) -> None:
    with pytest.raises(Misconfigured, match="its numbers are 1 to 3"):
        kill_broker(three, number)


def test_a_folder_that_was_made_with_another_number_of_brokers_says_so(
    three: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pids = running(three)
    assert main.run(["up", "--brokers", "1", "--var", str(three)]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(
        f"interfocal: The number of brokers of the Kafka under {three} is 3, and 1 was asked for: run"
    )
    with pytest.raises(Misconfigured, match="1 or 3 brokers, and not 2"):
        up(three, brokers=2)
    assert main.run(["up", "--var", str(three)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*BROKERS, "postgres"]
    assert running(three) == pids
