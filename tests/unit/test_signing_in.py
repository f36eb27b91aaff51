"""What clients are told so that they sign in, and what servers are certified for."""

import socket
import ssl
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from kafka.net.manager import KafkaConnectionManager

from consumers.kafka_client import Broker
from consumers.source import KafkaTopicReader
from interfocal.clock import now
from interfocal.process.http import serving_as
from interfocal.transport.certificates import LIFE, expiry
from interfocal.transport.local import RENEWED_BEFORE, LocalTrust
from interfocal.transport.signing_in import MECHANISM, access_as
from schemas.errors import BrokerAway, Misconfigured


@pytest.fixture
def trust(tmp_path: Path) -> LocalTrust:
    made = LocalTrust(tmp_path / "tls")
    made.settle([1, 2])
    return made


def test_clients_speak_tls_1_3_and_believe_one_authority(trust: LocalTrust) -> None:
    settings = access_as("localhost:1", "rs.desk", "a password", trust.authority).settings()
    context = settings["ssl_context"]
    assert (settings["security_protocol"], settings["sasl_mechanism"]) == ("SASL_SSL", MECHANISM)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


def test_nobody_signs_in_without_a_password(trust: LocalTrust) -> None:
    with pytest.raises(Misconfigured, match=r"the password of rs\.desk is empty"):
        access_as("localhost:1", "rs.desk", "", trust.authority)


def test_without_an_authority_nobody_is_believed(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"see the setting tls\.authority"):
        access_as("localhost:1", "rs.desk", "a password", tmp_path / "none.pem")
    with pytest.raises(Misconfigured, match=r"see the setting tls\.server"):
        serving_as(tmp_path / "none.pem")


@pytest.mark.timeout(60)
def test_who_lets_us_connect_and_then_says_nothing_is_away(trust: LocalTrust, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a broker that is frozen: its machine takes connections, and nobody begins TLS."""
    monkeypatch.setitem(KafkaConnectionManager.DEFAULT_CONFIG, "socket_connection_setup_timeout_ms", 300)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        access = access_as(f"127.0.0.1:{mute.getsockname()[1]}", "rs.desk", "a password", trust.authority)
        broker = Broker(replace(access, security={**access.security, "bootstrap_timeout_ms": 300}), "test")
        threads = threading.active_count()
        with pytest.raises(BrokerAway):
            KafkaTopicReader(broker).bounds(["rs.seizure"])
        assert threading.active_count() == threads


def test_what_is_kept_is_for_its_owner_only_and_stays(trust: LocalTrust) -> None:
    before = {path: path.read_bytes() for path in trust.folder.iterdir()}
    assert len(before) == 6
    assert {path.stat().st_mode & 0o777 for path in before} == {0o600}
    assert trust.folder.stat().st_mode & 0o777 == 0o700
    trust.settle([1, 2])
    assert {path: path.read_bytes() for path in trust.folder.iterdir()} == before


def test_a_certificate_that_ends_soon_is_made_anew(trust: LocalTrust, monkeypatch: pytest.MonkeyPatch) -> None:
    assert expiry(trust.server) > now() + RENEWED_BEFORE
    before = trust.server.read_bytes()
    later = now() + LIFE - RENEWED_BEFORE
    monkeypatch.setattr("interfocal.transport.local.now", lambda: later)
    trust.settle([])
    assert trust.server.read_bytes() != before
    assert expiry(trust.server) > later + RENEWED_BEFORE


def test_only_brokers_are_certified_as_clients(trust: LocalTrust) -> None:
    def uses(path: Path) -> list[x509.ObjectIdentifier]:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
        return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)

    assert uses(trust.server) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert ExtendedKeyUsageOID.CLIENT_AUTH in uses(trust.broker(1))


RACING = """
import gc, sys, threading
from importlib import import_module
from kafka.protocol.api_header import ResponseClassRegistry
from interfocal.transport.message_classes import make_once

sys.setswitchinterval(1e-6)
make_once()
import_module("kafka.admin")
known = ResponseClassRegistry._response_class_registry

def at_once(ask):
    start = threading.Barrier(6)
    threads = [threading.Thread(target=lambda: (start.wait(), ask())) for _ in range(6)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

kinds = {key: known[key][None] for key in known}
lost = spoiled = 0
for key, kind in kinds.items():
    for version in range(kind.max_version + 1):
        at_once(lambda: known[key][version])
        gc.collect()
        try:
            known[key].max_version
        except ReferenceError:
            lost += 1
            break
        flexible = kind.flexible_version_q(version)
        form = {"compact": flexible, "tagged": flexible, "data_class": kind}
        for _ in range(4):
            kind._struct._compiled_encoders.clear()
            at_once(lambda: kind._struct.compiled_decode_from(version, **form))
            made = kind._struct.compiled_decode_from(version, **form).__globals__.values()
            spoiled += any("Proxy" in type(one).__name__ for one in made)
print(len(kinds), lost, spoiled)
"""


def test_what_messages_are_read_by_is_made_once_whichever_threads_ask_first() -> None:
    """In a process of its own, where none is made yet."""
    done = subprocess.run([sys.executable, "-c", RACING], capture_output=True, text=True, check=True)  # noqa: S603  # our own
    kinds, lost, spoiled = map(int, done.stdout.split())
    assert kinds > 20
    assert (lost, spoiled) == (0, 0)
