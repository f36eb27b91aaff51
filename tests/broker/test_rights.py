"""Rights on the real Kafka: what the table gives is let through, and everything else that is tried is refused."""

import secrets
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import KafkaError

from consumers.source import Broker, KafkaSource, KafkaTopicReader
from interfocal.clock import now
from interfocal.commands import main
from interfocal.forbidden.trying import Attempt, attempts, forbidden, try_installation
from interfocal.installation.access import access_of, admin_access_of, password_file
from interfocal.installation.installation import Installation
from interfocal.installation.planning import plan_of
from interfocal.installation.preparing import provisioned
from interfocal.provisioning.cluster import opened
from interfocal.provisioning.drift import drift_of
from interfocal.stack import Stack, current
from interfocal.stack.broker_place import BrokerPlace
from interfocal.stack.broker_settings import CONTROLLER, INTERNAL
from interfocal.transport.certificates import make_authority
from interfocal.transport.local import LocalTrust
from interfocal.transport.signing_in import access_as, trusting
from producers.publisher import KafkaPublisher
from schemas.access import Access
from schemas.errors import ExchangeError, Misconfigured
from schemas.rights import Right, quotas_of
from small_region import SmallRegion

MIXED = "bb.desk"


@pytest.fixture
def installation(settled: SmallRegion) -> Installation:
    return settled.installation


def rights(installation: Installation) -> dict[str, frozenset[Right]]:
    return {user: account.rights for user, account in plan_of(installation).accounts.items()}


def test_hundreds_of_forbidden_operations_are_tried_and_none_is_allowed(installation: Installation) -> None:
    tried = try_installation(installation)
    sys.stderr.write(f"{tried.tried} forbidden operations tried, {len(tried.allowed)} allowed\n")
    assert tried.tried >= 200
    assert tried.allowed == ()


def test_the_same_operations_are_allowed_to_who_may_do_everything(installation: Installation) -> None:
    """So they are refused for the right that is missing, and for nothing else."""
    table = rights(installation)
    user = installation.prefix + MIXED
    told = list(attempts(user, admin_access_of(installation), forbidden(user, table)))
    assert len(told) > 50
    assert [attempt for attempt, allowed in told if not allowed] == []


def test_everybody_is_allowed_what_the_table_gives(installation: Installation) -> None:
    for user, given in rights(installation).items():
        wanted = {
            "write": [right.name for right in given if (right.kind, right.operation) == ("topic", "write")],
            "read": [right.name for right in given if (right.kind, right.operation) == ("topic", "read")],
            "join": [right.name for right in given if right.kind == "group"],
        }
        access = access_of(installation, user.removeprefix(installation.prefix))
        told = list(attempts(user, access, wanted))
        assert len(told) == len(given)
        assert [attempt for attempt, allowed in told if not allowed] == []


@pytest.fixture
def admin(stack: Stack) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(**stack.access.settings())
    yield client
    client.close()


def test_a_right_that_somebody_gave_is_noticed_by_trying_told_by_the_plan_and_taken_back(
    installation: Installation, admin: KafkaAdminClient, capsys: pytest.CaptureFixture[str]
) -> None:
    user, beginning = installation.prefix + MIXED, f"{installation.prefix}aa."
    pattern = ResourcePattern(ResourceType.TOPIC, beginning, ACLResourcePatternType.PREFIXED)
    given = ACL(f"User:{user}", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)
    assert admin.create_acls([given])["failed"] == []
    where = ["--var", str(installation.var)]
    assert main.run(["provision", "try", *where]) == 1
    assert f"{user} may read {beginning}seizure, which nobody gave it" in capsys.readouterr().out
    assert main.run(["provision", "plan", *where]) == 1
    told = capsys.readouterr().out
    assert f"right {user}: read topic {beginning} (prefixed) planned -, found allow" in told
    assert [drift.code for drift in provisioned(installation).altered] == ["right_unplanned"]
    assert main.run(["provision", "plan", *where]) == 0
    assert Attempt(user, "read", f"{beginning}seizure") not in try_installation(installation).allowed


def test_a_password_that_is_lost_here_is_replaced(settled: SmallRegion, tmp_path: Path) -> None:
    with settled.copy(tmp_path) as region:
        place = password_file(region.installation.places, MIXED)
        before = place.read_bytes()
        place.unlink()
        with pytest.raises(Misconfigured, match=r"bb\.desk\.password cannot be read"):
            access_of(region.installation, MIXED)
        with opened(admin_access_of(region.installation)) as cluster:
            plan = plan_of(region.installation)
            assert [drift.code for drift in drift_of(plan, cluster.found(plan))] == ["password_missing"]
        provisioned(region.installation)
        assert place.read_bytes() != before
        assert place.stat().st_mode & 0o777 == 0o600
        read_something(access_of(region.installation, MIXED), region.installation.prefix)
        password_file(settled.installation.places, MIXED).write_bytes(place.read_bytes())


def read_something(access: Access, prefix: str) -> None:
    reader = KafkaTopicReader(Broker(access, "test", prefix))
    try:
        reader.bounds(["region.inbox.bb"])
    finally:
        reader.close()


def poll(access: Access) -> None:
    KafkaSource(Broker(access, "test"), "g", ["rs.seizure"]).poll(0.1, 1)


def ask(access: Access) -> None:
    with opened(access):
        pass


CLIENTS: dict[str, Callable[[Access], object]] = {
    "publisher": KafkaPublisher,
    "reader": lambda access: read_something(access, ""),
    "source": poll,
    "administrator": ask,
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("user", ["provision", "nobody"])
def test_a_wrong_password_is_named_at_the_first_refusal(stack: Stack, client: str, user: str) -> None:
    wrong = secrets.token_hex(8)
    access = access_as(stack.bootstrap, user, wrong, stack.trust.authority)
    with pytest.raises(ExchangeError, match=f"wrong user or password for {user}") as told:
        CLIENTS[client](access)
    assert wrong not in str(told.value)
    assert wrong not in repr(access)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_broker_whose_certificate_is_not_trusted_is_not_told_the_password(
    stack: Stack, client: str, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(make_authority("a stranger", now()).pem)
    access = access_as(stack.bootstrap, "provision", "x", stranger)
    with pytest.raises(ExchangeError, match="certificate is not trusted"):
        CLIENTS[client](access)


def test_who_does_not_speak_tls_gets_nowhere(stack: Stack) -> None:
    plain = replace(stack.access, security={"bootstrap_timeout_ms": 500})
    with pytest.raises(KafkaError):
        KafkaAdminClient(**plain.settings())


@pytest.mark.parametrize("listener", [INTERNAL, CONTROLLER])
def test_who_is_no_broker_is_not_let_in_where_brokers_are(stack: Stack, listener: str) -> None:
    """A password is of no use there, and neither is the certificate with which processes serve HTTP."""
    folder = stack.trust.folder.parent / "kafka"
    port = BrokerPlace(folder, 1).node().ports[listener]
    assert refused(port, trusting(stack.trust.authority))
    processes = trusting(stack.trust.authority)
    processes.load_cert_chain(stack.trust.server)
    assert refused(port, processes)
    broker = trusting(stack.trust.authority)
    broker.load_cert_chain(stack.trust.broker(1))
    assert not refused(port, broker, silent_s=1.0)


def refused(port: int, context: ssl.SSLContext, silent_s: float = 60.0) -> bool:
    """Whether the server ends the connection with an alert; it does so after the handshake, in TLS 1.3.

    One that says nothing for ``silent_s`` has let the client in.
    """
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60.0) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.settimeout(silent_s)
        try:
            connection.recv(1)
        except ssl.SSLError:
            return True
        except TimeoutError:
            return False
    return True


def test_no_password_is_in_the_brokers_settings_log_or_arguments(stack: Stack) -> None:
    folder = stack.trust.folder.parent
    password = LocalTrust.under(folder).admin_password()
    said = [path.read_text(errors="replace") for path in (folder / "kafka").glob("*.*") if path.is_file()]
    assert said
    assert not any(password in text for text in said)
    assert not list((folder / "kafka").glob("making-*"))
    assert current(folder).bootstrap == stack.bootstrap


def test_quotas_are_set_and_mended(installation: Installation) -> None:
    user = installation.prefix + MIXED
    planned = quotas_of(MIXED)
    with opened(admin_access_of(installation)) as cluster:
        assert cluster.accounts.found().quotas[user] == planned
        cluster.accounts.limit({user: {"producer_byte_rate": 1}})
    assert [drift.code for drift in provisioned(installation).altered] == ["quota_differs"]
    with opened(admin_access_of(installation)) as cluster:
        assert cluster.accounts.found().quotas[user] == planned
