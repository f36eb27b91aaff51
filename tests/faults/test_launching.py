"""The local cluster of three: a launcher may die half-way, and whatever was ended comes back where it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from interfocal.provisioning.apply import provision
from interfocal.provisioning.drift import Plan
from interfocal.stack import current, down, start_broker, stop_broker, up
from schemas.errors import BrokerAway
from schemas.topics import planned_topics
from three_brokers import BROKERS, admin_of, everything, running, send

LAUNCHER = "import sys; from pathlib import Path; from interfocal.stack import up; up(Path(sys.argv[1]), brokers=3)"


def test_a_broker_is_stopped_and_started_by_its_number(cluster: Path) -> None:
    pids = running(cluster)
    stop_broker(cluster, 3)
    assert running(cluster)["kafka-3"] is None
    with pytest.raises(BrokerAway, match="broker 3 is not up"):
        stop_broker(cluster, 3)
    start_broker(cluster, 3)
    start_broker(cluster, 3)  # it runs already
    assert {name for name, pid in running(cluster).items() if pid != pids[name]} == {"kafka-3"}
    with admin_of(cluster) as admin:
        assert sorted(broker["broker_id"] for broker in admin.describe_cluster()["brokers"]) == [1, 2, 3]


def test_down_and_up_find_all_three_with_their_data_at_the_same_addresses(cluster: Path, topic_prefix: str) -> None:
    before = current(cluster)
    topic = f"{topic_prefix}rs.seizure"
    provision(before.access, Plan(planned_topics(["rs"], 3), topic_prefix))
    send(before.access, topic, b"kept")
    assert sorted(down(cluster)) == [*BROKERS, "postgres"]
    with pytest.raises(BrokerAway, match="Kafka is not up"):
        current(cluster)
    assert up(cluster) == before
    assert everything(before.access, topic, 1) == [b"kept"]


def test_a_launcher_that_dies_half_way_leaves_a_cluster_that_up_takes_over(tmp_path: Path) -> None:
    var = tmp_path / "var"
    arguments = [sys.executable, "-c", LAUNCHER, str(var)]
    try:
        with subprocess.Popen(arguments) as launcher:  # noqa: S603  # this Python, with the text above
            while "kafka-" not in (var / "stack.json").read_text("utf-8") if (var / "stack.json").exists() else True:
                assert launcher.poll() is None
            launcher.kill()
        up(var)
        pids = running(var)
        assert sorted(pids) == BROKERS
        (var / "stack.json").unlink()  # as if it had died between a start and its record
        up(var)
        assert running(var) == pids
    finally:
        assert sorted(down(var, wipe=True)) == [*BROKERS, "postgres"]
    assert not list(var.glob("kafka*"))
