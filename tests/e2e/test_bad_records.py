"""What nobody can use on a topic goes to quarantine with its reason, and everybody's flow goes on."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count

import pytest
from kafka import KafkaProducer

from consumers.source import Broker, KafkaTopicReader
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.installation.secrets import read_secret
from running import Exchange, interfocal, until
from schemas.record import SEAL_HEADER, Record
from schemas.topics import member_topic
from schemas.trust.keys import SigningKey, signing_key_from_pem
from schemas.trust.seal import SealClaims, seal
from story import ASKED, ASKER, a_firearm, a_request, check_flow, submit

SEIZURES = member_topic(ASKER, "seizure")
NO_UUID = "00000000-0000-4000-8000-{:012d}"
NUMBERS = count(1)
Headers = list[tuple[str, bytes]]
UNKNOWN_SCHEMA = b"\x00\x00\x00\x27\x0f" + b"\x00" * 20


def key_of(installation: Installation, owner: str, named: str | None = None) -> SigningKey:
    """The key of an owner; or its bytes under the name of another's key."""
    name = named or owner
    return signing_key_from_pem(f"{name}.1", name, read_secret(installation.places.seal_key(owner, f"{owner}.1")))


def sealed(key: SigningKey, value: bytes, **changes: object) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of a record with a seal by this key, as number 900001 and on of its topic."""
    number = next(NUMBERS)
    fields: dict[str, object] = {
        "kid": key.kid,
        "aud": "two-members",
        "topic": SEIZURES,
        "event_id": NO_UUID.format(number),
        "key": NO_UUID.format(number),
        "chain": "aa",
        "life": 9000 + number,
        "seq": 1,
        "prev": None,
        "iat": int(datetime.now(UTC).timestamp()),
        "after": (1, 0),
    }
    claims = SealClaims(**{**fields, **changes})  # type: ignore[arg-type]  # the names are those of the claims
    header = seal(value, claims, key)
    return claims.key.encode(), value, [(SEAL_HEADER, header), ("ce_id", claims.event_id.encode())]


def unknown_schema(installation: Installation) -> tuple[bytes, bytes, Headers]:
    return sealed(key_of(installation, "aa"), UNKNOWN_SCHEMA)


def cut_short(installation: Installation) -> tuple[bytes, bytes, Headers]:
    """The first half of a real event, sealed by its member."""
    return sealed(key_of(installation, "aa"), (a_record(installation).value or b"")[:40])


def no_seal(_: Installation) -> tuple[bytes, bytes, Headers]:
    return b"k", b"not an event at all", []


def bad_seal(_: Installation) -> tuple[bytes, bytes, Headers]:
    return b"k", b"\x00\x00\x00\x00\x65", [(SEAL_HEADER, b"eyJhbGciOiJub25lIn0..")]


def own_seal_of_another(installation: Installation) -> tuple[bytes, bytes, Headers]:
    return sealed(key_of(installation, "bb"), UNKNOWN_SCHEMA, chain="bb")


def forged_seal(installation: Installation) -> tuple[bytes, bytes, Headers]:
    return sealed(key_of(installation, "bb", "aa"), UNKNOWN_SCHEMA)


def other_region(installation: Installation) -> tuple[bytes, bytes, Headers]:
    return sealed(key_of(installation, "aa"), UNKNOWN_SCHEMA, aud="elsewhere")


def copied(installation: Installation) -> tuple[bytes, bytes, Headers]:
    """A record of the other member, as it is."""
    record = a_record(installation, member_topic(ASKED, "missing"))
    return record.key or b"", record.value or b"", list(record.headers)


def changed(installation: Installation) -> tuple[bytes, bytes, Headers]:
    """A real record with one bit turned."""
    record = a_record(installation)
    value = bytearray(record.value or b"")
    value[-1] ^= 1
    return record.key or b"", bytes(value), list(record.headers)


FAULTS: Mapping[str, tuple[Callable[[Installation], tuple[bytes, bytes, Headers]], str]] = {
    "unknown_schema": (unknown_schema, "undecodable"),
    "truncated": (cut_short, "undecodable"),
    "no_seal": (no_seal, "foreign"),
    "bad_seal_form": (bad_seal, "foreign"),
    "other_owner": (own_seal_of_another, "foreign"),
    "bad_signature": (forged_seal, "foreign"),
    "other_region": (other_region, "foreign"),
    "other_topic": (copied, "foreign"),
}


@pytest.fixture(autouse=True)
def flow(exchange: Exchange) -> None:
    """Both members have published before."""
    check_flow(exchange)


@pytest.mark.parametrize("reason", FAULTS)
def test_an_unusable_record_is_quarantined_with_its_reason(exchange: Exchange, reason: str) -> None:
    make, verdict = FAULTS[reason]
    assert quarantined(exchange, *make(exchange.installation)) == (reason, verdict)
    check_flow(exchange)


def test_a_record_that_was_changed_is_quarantined(exchange: Exchange) -> None:
    assert quarantined(exchange, *changed(exchange.installation)) == ("bad_signature", "foreign")
    check_flow(exchange)


def test_an_act_by_the_wrong_member_is_quarantined(exchange: Exchange) -> None:
    request = submit(exchange, ASKER, "trace", a_request(f"T-{next(NUMBERS)}", a_firearm("N1"), ASKER))[0]
    exchange.drain()
    act = {
        "national_id": f"WRONG-{next(NUMBERS)}",
        "own_reference": "WRONG",
        "handling": {"codes": ["H0"]},
        "act": "acknowledgement",
        "requester": ASKER,
        "trace_id": request.trace_id,
        "hop": 1,
        "cause": request.event_id,
        "acknowledgement": {},
    }
    event = submit(exchange, ASKED, "trace", act)[0].event_id
    waiting = "select reason, verdict, member from quarantine where event_id = %s"
    found = until(lambda: exchange.region(waiting, event), "the act in quarantine")
    assert found == [("not_accountable", "unusable", ASKED)]
    assert exchange.region("select state from trace where trace_id = %s", request.trace_id) != [("acknowledged",)]
    check_flow(exchange)


def test_what_waits_is_listed_with_its_reason(exchange: Exchange) -> None:
    quarantined(exchange, *no_seal(exchange.installation))
    ended = interfocal("quarantine", "list", "--json", "--var", str(exchange.installation.var))
    assert ended.returncode == 0
    assert "no_seal" in {entry["reason"] for entry in json.loads(ended.stdout)["rows"]}


def a_record(installation: Installation, topic: str = SEIZURES) -> Record:
    """The first record of a topic."""
    reader = KafkaTopicReader(Broker(admin_access_of(installation), "test", installation.prefix))
    try:
        return next(iter(reader.read(topic, 0, 1)))
    finally:
        reader.close()


def quarantined(exchange: Exchange, key: bytes, value: bytes, headers: Headers) -> tuple[str, str]:
    """Put a record on the asker's topic; reason and verdict of its entry in quarantine."""
    installation = exchange.installation
    producer = KafkaProducer(**admin_access_of(installation).settings(), enable_idempotence=True)
    sent = producer.send(installation.prefix + SEIZURES, key=key, value=value, headers=headers)
    offset = sent.get(timeout=30).offset
    producer.close()
    query = "select reason, verdict from quarantine where topic = %s and log_offset = %s"
    reason, verdict = until(lambda: exchange.region(query, SEIZURES, offset), "the entry in quarantine")[0]
    return reason, verdict
