import hashlib
from pathlib import Path

import pytest

from interfocal.servers.process import Running, why_it_died
from interfocal.servers.state import Service, StateFile
from interfocal.servers.urls import database_url, without_password
from interfocal.stack import current, down, jars, machine, status
from interfocal.stack.broker_settings import CLIENT, CONTROLLER, INTERNAL, Node, ports_in, properties
from interfocal.stack.jars import check_digest, kafka_jars, read_digests
from interfocal.stack.java import major_version
from interfocal.stack.machine import check_disk, check_memory
from interfocal.stack.postgres import reachable
from interfocal.transport.local import LocalTrust
from schemas.errors import BrokerAway, ExchangeError, Misconfigured, NotOurs

JAR = b"a jar"
TRUST = LocalTrust(Path("/var/tls"))
DIGEST = hashlib.sha256(JAR).hexdigest()


def quiet(_message: str) -> None:
    return


def test_the_committed_digests_name_every_jar_of_broker_and_log() -> None:
    digests = read_digests()
    assert len(digests) == 46
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "log4j-slf4j-impl-2.25.4.jar"} <= set(digests)
    assert all(len(digest) == 64 for digest in digests.values())


def test_a_jar_that_differs_in_one_byte_is_refused(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    jar.write_bytes(JAR)
    check_digest(jar, DIGEST)
    jar.write_bytes(JAR + b"!")
    with pytest.raises(NotOurs, match=r"a\.jar is not the jar"):
        check_digest(jar, DIGEST)


def test_a_kept_jar_is_checked_at_every_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_resolved", _give({"a.jar": JAR}, tmp_path))
    cache = tmp_path / "cache"
    (kept,) = kafka_jars(cache, {"a.jar": DIGEST}, progress=quiet)
    assert kafka_jars(cache, {"a.jar": DIGEST}, progress=quiet) == (kept,)
    kept.write_bytes(JAR + b"!")
    with pytest.raises(NotOurs, match=r"a\.jar is not the jar"):
        kafka_jars(cache, {"a.jar": DIGEST}, progress=quiet)


@pytest.mark.parametrize("resolved", [{"a.jar": b"other"}, {"b.jar": JAR}, {"a.jar": JAR, "b.jar": JAR}, {}])
def test_nothing_is_kept_of_a_fetch_that_is_not_what_was_tested(
    resolved: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "_resolved", _give(resolved, tmp_path))
    with pytest.raises(NotOurs):
        kafka_jars(tmp_path / "cache", {"a.jar": DIGEST}, progress=quiet)
    assert not list((tmp_path / "cache").rglob("*.jar"))


def test_a_fetch_without_a_network_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable:
        def __init__(self, **_settings: object) -> None:
            raise OSError("no route")

    monkeypatch.setattr(jars, "EnvironmentBuilder", Unreachable)
    with pytest.raises(BrokerAway, match=r"could not be fetched \(OSError\): the first run needs the network"):
        kafka_jars(tmp_path / "cache", {"a.jar": DIGEST}, progress=quiet)


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("no java here", 0),
        ("", 0),
    ],
)
def test_the_java_version_is_read_from_what_java_says(answer: str, version: int) -> None:
    assert major_version(answer) == version


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("java.net.BindException: Address already in use", "taken by another program"),
        ('could not bind IPv4 address "127.0.0.1": Address already in use', "taken by another program"),
        ("FATAL: could not write: No space left on device", "disk is full"),
        ("There is insufficient memory for the Java Runtime Environment", "not enough memory"),
        ("something new\n\n", "'something new'"),
    ],
)
def test_a_dead_server_is_explained_in_a_sentence(words: str, meaning: str, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(words)
    assert meaning in why_it_died(log)
    assert "\n" not in why_it_died(log)


def test_a_server_that_left_no_log_is_explained_too(tmp_path: Path) -> None:
    assert str(tmp_path / "none.log") in why_it_died(tmp_path / "none.log")


def test_too_little_disk_or_memory_is_said_with_both_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_disk(tmp_path)
    check_memory()
    monkeypatch.setattr(machine, "DISK_MIB", 10**12)
    monkeypatch.setattr(machine, "MEMORY_MIB", 10**12)
    with pytest.raises(Misconfigured, match=rf"{tmp_path} has \d+ MiB free, and the stack needs {10**12}"):
        check_disk(tmp_path)
    with pytest.raises(Misconfigured, match=rf"\d+ MiB of memory free, and the stack needs {10**12}"):
        check_memory()


def test_the_state_file_keeps_what_is_written_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    state = StateFile.under(tmp_path)
    broker = Service("127.0.0.1:1", Running(1, 2.5))
    foreign = Service("postgresql://u:p@db/postgres", None)
    state.write("kafka", broker)
    state.write("postgres", foreign)
    assert StateFile.under(tmp_path).services() == {"kafka": broker, "postgres": foreign}
    assert state.path.stat().st_mode & 0o777 == 0o600
    state.write("kafka", None)
    assert state.services() == {"postgres": foreign}
    state.write("postgres", None)
    assert not state.path.exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"kafka": {}}', '{"kafka": 1}', '{"kafka": {"bootstrap": 1, "pid": "x"}}']
)
def test_a_torn_state_file_is_no_stack(text: str, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(text)
    assert StateFile.under(tmp_path).services() == {}
    with pytest.raises(BrokerAway, match="run `interfocal up` first"):
        current(tmp_path)


def test_where_nothing_ever_ran_nothing_is_up_or_stopped_or_made(tmp_path: Path) -> None:
    var = tmp_path / "var"
    assert status(var) == ()
    assert down(var) == ()
    with pytest.raises(ExchangeError):
        current(var)
    assert not var.exists()


def test_a_folder_that_others_may_not_pass_is_not_reachable(tmp_path: Path) -> None:
    below = tmp_path / "private" / "below"
    below.mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    assert not reachable(below)
    assert not reachable(below / "not made yet")
    assert reachable(Path("/"))


def test_a_shown_address_holds_no_password() -> None:
    url = "postgresql://user:secret@127.0.0.1:5432/postgres?password=secret"
    assert without_password(url) == "postgresql://127.0.0.1:5432/postgres"
    assert without_password("127.0.0.1:9092") == "127.0.0.1:9092"
    assert database_url(url, "view") == "postgresql://user:secret@127.0.0.1:5432/view?password=secret"


def test_the_broker_listens_on_loopback_only_and_makes_no_topic_by_itself(tmp_path: Path) -> None:
    settings = settings_of(1, 1, tmp_path)
    assert settings["listeners"] == "CLIENT://127.0.0.1:11,INTERNAL://127.0.0.1:12,CONTROLLER://127.0.0.1:13"
    assert settings["auto.create.topics.enable"] == "false"
    assert copies(settings) == ({"1"}, {"1"})


def test_of_three_brokers_each_votes_and_two_hold_a_record_before_it_is_acknowledged(tmp_path: Path) -> None:
    each = [settings_of(number, 3, tmp_path) for number in (1, 2, 3)]
    assert [settings["node.id"] for settings in each] == ["1", "2", "3"]
    voters = {settings["controller.quorum.voters"] for settings in each}
    assert voters == {"1@127.0.0.1:13,2@127.0.0.1:23,3@127.0.0.1:33"}
    assert [copies(settings) for settings in each] == [({"3"}, {"2"})] * 3


def test_the_ports_of_the_last_run_are_read_back(tmp_path: Path) -> None:
    node = nodes(3)[1]
    assert ports_in(properties(node, nodes(3), tmp_path, TRUST)) == node.ports
    assert ports_in("") == ports_in("listeners=\n") == {}


def test_no_listener_is_without_tls_and_nobody_may_do_what_was_not_given(tmp_path: Path) -> None:
    settings = settings_of(1, 3, tmp_path)
    listeners = dict(pair.split(":") for pair in settings["listener.security.protocol.map"].split(","))
    assert listeners == {"CLIENT": "SASL_SSL", "INTERNAL": "SSL", "CONTROLLER": "SSL"}
    assert settings["listener.name.internal.ssl.client.auth"] == "required"
    assert settings["listener.name.controller.ssl.client.auth"] == "required"
    assert settings["ssl.enabled.protocols"] == "TLSv1.3"
    assert settings["allow.everyone.if.no.acl.found"] == "false"
    assert settings["super.users"] == "User:broker-1;User:broker-2;User:broker-3;User:provision"


def nodes(size: int) -> list[Node]:
    ports = ((CLIENT, 1), (INTERNAL, 2), (CONTROLLER, 3))
    return [Node(n, {name: 10 * n + digit for name, digit in ports}) for n in range(1, size + 1)]


def settings_of(number: int, size: int, logs: Path) -> dict[str, str]:
    text = properties(nodes(size)[number - 1], nodes(size), logs, TRUST)
    return dict(line.split("=", 1) for line in text.splitlines())


def copies(settings: dict[str, str]) -> tuple[set[str], set[str]]:
    """Every number of replicas that a broker is told, and every number of those that have to be in sync."""
    replicas = {value for name, value in settings.items() if name.endswith("replication.factor")}
    return replicas, {value for name, value in settings.items() if name.endswith(("min.isr", "min.insync.replicas"))}


def _give(contents: dict[str, bytes], folder: Path) -> object:
    def resolved(_endpoint: str, _workplace: Path) -> list[Path]:
        found = [folder / name for name in contents]
        for path in found:
            path.write_bytes(contents[path.name])
        return found

    return resolved
