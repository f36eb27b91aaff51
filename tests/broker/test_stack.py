import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer

from interfocal.provisioning.apply import provision
from interfocal.provisioning.drift import Plan
from interfocal.servers.process import listens
from interfocal.stack import Stack, create_database, current, down, drop_database, status, up
from interfocal.stack.machine import free_ports
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured, StoreAway
from schemas.topics import Topic

LAUNCHER = "import sys; from pathlib import Path; from interfocal.stack import up; up(Path(sys.argv[1]))"


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """A base folder of its own, for tests that stop or kill servers."""
    yield tmp_path / "var"
    down(tmp_path / "var", wipe=True)


def pids(var: Path) -> dict[str, int | None]:
    return {service.name: service.pid for service in status(var)}


def send(access: Access, topic: str, value: bytes) -> None:
    producer = KafkaProducer(**access.settings())
    producer.send(topic, key=b"k", value=value, headers=[("seal", b"s")]).get(timeout=30)
    producer.close()


def first(access: Access, topic: str) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]:
    consumer = KafkaConsumer(
        topic,
        **access.settings(),
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
        enable_auto_commit=False,
    )
    record = next(consumer)
    consumer.close()
    return record.key, record.value, list(record.headers)


def test_a_record_comes_back_from_the_real_broker(stack: Stack, topic_prefix: str) -> None:
    (topic,) = provision(stack.access, Plan([Topic("rs.seizure", "rs", ())], topic_prefix)).made
    send(stack.access, topic, b"v")
    assert first(stack.access, topic) == (b"k", b"v", [("seal", b"s")])


def test_each_test_has_an_empty_database_of_its_own(database: str) -> None:
    with psycopg.connect(database) as connection:
        found = connection.execute("select count(*) from pg_stat_user_tables").fetchone()
    assert found == (0,)


def test_a_database_is_made_once_and_dropped_under_its_users(stack: Stack, topic_prefix: str) -> None:
    name = topic_prefix.rstrip(".")
    url = create_database(stack.postgres_url, name)
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (n int)")
    assert create_database(stack.postgres_url, name) == url
    user = psycopg.connect(url)
    user.execute("select n from kept")
    drop_database(stack.postgres_url, name)
    user.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_postgres_wants_its_password_and_has_room_for_four_hundred(stack: Stack) -> None:
    with psycopg.connect(stack.postgres_url) as connection:
        assert connection.execute("show max_connections").fetchone() == ("400",)
        password = connection.info.password
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(stack.postgres_url.replace(password, "wrong"))


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_postgres_never_runs_as_root_and_opens_no_folder_that_is_not_its_own(mode: int) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:  # everybody passes /var/tmp, as they may pass a checkout
        base = Path(name)
        base.chmod(mode)
        try:
            up(base / "var")
            pid = pids(base / "var")["postgres"]
            assert pid is not None
            owner = psutil.Process(pid).uids().effective
            assert owner == os.geteuid() or (os.geteuid() == 0 and owner != 0)
            assert base.stat().st_mode & 0o777 == mode
            assert (base / "var" / "stack.json").stat().st_mode & 0o777 == 0o600
            assert (base / "var" / "postgres" / "password").stat().st_mode & 0o777 == 0o600
            assert (base / "var" / "postgres" / "data").exists() == (os.geteuid() != 0 or mode == 0o755)
        finally:
            down(base / "var", wipe=True)


def test_up_again_changes_nothing(var: Path) -> None:
    before = up(var)
    running = pids(var)
    assert up(var) == before == current(var)
    assert pids(var) == running
    assert None not in running.values()


def test_a_launcher_that_dies_half_way_leaves_a_stack_that_up_takes_over(var: Path) -> None:
    arguments = [sys.executable, "-c", LAUNCHER, str(var)]
    with subprocess.Popen(arguments) as launcher:  # noqa: S603  # this Python, with the text above
        while not (var / "stack.json").exists():
            assert launcher.poll() is None
        launcher.kill()
    up(var)
    running = pids(var)
    (var / "stack.json").unlink()  # as if it had died between a start and its record
    up(var)
    assert pids(var) == running
    assert sorted(down(var)) == ["kafka", "postgres"]
    assert not any(psutil.pid_exists(pid) for pid in running.values() if pid)


def test_down_keeps_the_data_and_up_finds_it_at_the_same_addresses(var: Path) -> None:
    before = up(var)
    (topic,) = provision(before.access, Plan([Topic("rs.seizure", "rs", ())])).made
    send(before.access, topic, b"kept")
    url = create_database(before.postgres_url, "kept")
    down(var)
    with pytest.raises(BrokerAway, match="not up"):
        current(var)
    assert up(var) == before
    assert first(before.access, topic)[1] == b"kept"
    psycopg.connect(url).close()


def test_killed_servers_come_back_with_what_they_had_acknowledged(var: Path) -> None:
    before = up(var)
    (topic,) = provision(before.access, Plan([Topic("rs.seizure", "rs", ())])).made
    send(before.access, topic, b"kept")
    url = create_database(before.postgres_url, "kept")
    servers = [psutil.Process(pid) for pid in pids(var).values() if pid is not None]
    assert len(servers) == 2
    backends = [child for server in servers for child in server.children(recursive=True)]
    for server in servers:
        server.kill()
    _, left = psutil.wait_procs([*servers, *backends], 60)
    assert left == []
    assert [service.running for service in status(var)] == [False, False]
    assert up(var) == before
    assert first(before.access, topic)[1] == b"kept"
    psycopg.connect(url).close()


def test_down_stops_nothing_that_up_did_not_start(var: Path, stack: Stack) -> None:
    var.mkdir()
    with subprocess.Popen(["/bin/sleep", "600"]) as bystander:
        reused = {"url": "postgresql://127.0.0.1:1/postgres", "pid": bystander.pid, "started": 1.0}
        (var / "stack.json").write_text(json.dumps({"postgres": reused}))
        try:
            assert down(var) == ()
            assert bystander.poll() is None
        finally:
            bystander.kill()
    assert listens(int(stack.bootstrap.rpartition(":")[2]))
    psycopg.connect(stack.postgres_url).close()


def test_a_server_given_by_url_is_used_and_left_running(var: Path, stack: Stack) -> None:
    assert up(var, postgres_url=stack.postgres_url).postgres_url == stack.postgres_url
    assert up(var).postgres_url == stack.postgres_url
    with pytest.raises(Misconfigured, match="another PostgreSQL"):
        up(var, postgres_url="postgresql://127.0.0.1:1/postgres")
    assert down(var) == ("kafka",)
    psycopg.connect(stack.postgres_url).close()


def test_a_server_given_by_url_that_does_not_answer_is_named_without_its_password(var: Path) -> None:
    (port,) = free_ports(1)
    with pytest.raises(StoreAway, match=f"127.0.0.1:{port}") as caught:
        up(var, postgres_url=f"postgresql://u:secret@127.0.0.1:{port}/postgres")
    assert "secret" not in str(caught.value)


def test_a_half_made_data_folder_is_made_anew(var: Path) -> None:
    up(var)
    down(var)
    (var / "postgres" / "password").unlink()
    left = var / "kafka" / "making-left"
    left.mkdir()
    (var / "kafka" / "logs").rename(left / "logs")
    psycopg.connect(up(var).postgres_url).close()
    assert not left.exists()


def test_free_ports_differ_and_prefer_those_of_the_last_run() -> None:
    ports = free_ports(2)
    assert len(set(ports)) == 2
    assert free_ports(2, preferred=ports) == ports
