"""Keys and directories change while everything runs: nothing valid is refused, and nothing else is taken."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Self

import psycopg
import pytest
from kafka import KafkaProducer

from consumers.tracing.dump import dump_tracing
from consumers.view.dump import dump_view, lines
from interfocal.clock import now
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation, Places, open_installation
from interfocal.member.intake import accepted_id
from interfocal.stack import Stack
from interfocal.wiring.region import WORKERS_OFF
from producers.outbox.reading import open_read_only
from producers.outbox.rows import link
from running import PRODUCER, REGION, Exchange, beside, interfocal, started, until
from schemas.events.ids import event_id
from schemas.record import Draft
from schemas.topics import member_topic
from schemas.trust.seal import read_seal
from schemas.trust.sealer import sealer
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import decode, encode, event_from_json, event_json
from story import a_seizure, check_flow, submit, taken


@pytest.fixture(scope="module")
def exchange(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with started(stack, tmp_path_factory.mktemp("directory"), "dir.") as one:
        yield one


def command(exchange: Exchange, *words: str) -> str:
    told = interfocal(*words, "--var", str(exchange.installation.var))
    assert told.returncode == 0, told.stderr
    return told.stdout


def sign_and_publish(exchange: Exchange) -> int:
    """The draft as the next version; returns its number."""
    var = exchange.installation.var
    signed, number = var / "signed.jws", Places(var).trust.said().version + 1
    command(exchange, "directory", "sign", "--root", str(Places(var).root_key), "--out", str(signed))
    command(exchange, "directory", "publish", str(signed))
    until(lambda: Places(var).trust.said().version == number, f"version {number} of the directory")
    exchange.installation = open_installation(var)
    return number


class Load:
    """A national system that goes on submitting while something else happens."""

    def __init__(self, exchange: Exchange, member: str, name: str) -> None:
        self.exchange, self.member, self.name = exchange, member, name
        self.accepted = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.stop.wait(0.02):
            name = f"{self.name}-{self.accepted}"
            (result,) = taken(partial(submit, self.exchange, self.member, "seizure", a_seizure(name, name)))
            accepted_id(result)
            self.accepted += 1

    def again(self) -> Self:
        """The same system, after a pause."""
        self.stop, self.thread = threading.Event(), threading.Thread(target=self.run)
        return self

    def __enter__(self) -> Self:
        self.thread.start()
        try:
            self.go_on(5)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.go_on(20)
        finally:
            self.end()

    def go_on(self, more: int) -> None:
        """Return when so many more records were accepted."""
        enough = self.accepted + more
        until(lambda: self.accepted >= enough, f"{more} more records to be accepted")

    def end(self) -> None:
        """Submit nothing more."""
        self.stop.set()
        self.thread.join()


def sealed_by(exchange: Exchange, topic: str) -> Counter[str]:
    """How many folded events of a topic each key has sealed."""
    rows = exchange.region("select seal from event where topic = %s", topic)
    return Counter(read_seal(seal.encode()).claims.kid for (seal,) in rows)


def test_a_key_that_is_rotated_under_load_loses_and_quarantines_nothing(exchange: Exchange) -> None:
    check_flow(exchange)
    with Load(exchange, "AA", "ROTATED") as load:
        assert "aa.2 is in the draft and vouched for" in command(exchange, "member", "rotate", "AA")
        sign_and_publish(exchange)
        until(lambda: sealed_by(exchange, "aa.seizure")["aa.2"], "an event sealed with the new key")
    exchange.drain()
    proof = exchange.proved()
    keys = sealed_by(exchange, "aa.seizure")
    assert keys["aa.1"] > 0
    assert sum(keys.values()) >= load.accepted
    assert exchange.region("select reason from quarantine where topic like %s", "aa.%") == []
    assert proof.balance.accepted == proof.balance.in_view
    check_flow(exchange)


def thief(exchange: Exchange, member: str, number: str) -> Draft:
    """An event that a thief makes of a real one: other marks under a record of its own."""
    (value,) = exchange.region(
        "select value from event where member = %s and topic = %s order by log_offset desc limit 1",
        member,
        member_topic(member, "seizure"),
    )[0]
    fields = event_json(decode(value)[1])
    record = "0198f2a6-7c1e-8d11-9b00-4d1f5a3c2e7b"
    fields |= {"record_id": record, "event_id": event_id(record, 1), "revision": 1}
    fields["items"][0]["firearm"]["marks"]["numbers"][0]["as_read"] = number
    event = event_from_json("seizure", fields)
    return Draft(member_topic(member, "seizure"), event.event_id, record, encode(event), headers_for(event, "seizure"))


def forge(exchange: Exchange, member: str, number: str) -> None:
    """Somebody with the member's key and its right to write says something as the member's next number."""
    owner, installation = member.lower(), exchange.installation
    outbox = open_read_only(installation.places.outbox(owner))
    query = "select life, head_seq, head_hash, after_life, after_seq from chain where topic = ?"
    at = link(outbox.shared.rows(query, member_topic(owner, "seizure"))[0])
    outbox.close()
    draft = thief(exchange, member, number)
    header = sealer(installation.signing_keys(owner), installation.directory.region, now)(draft, at, at.seq + 1)
    producer = KafkaProducer(**admin_access_of(installation).settings(), enable_idempotence=True)
    headers = [("seal", header), *draft.headers]
    topic = installation.prefix + draft.topic
    producer.send(topic, key=draft.key.encode(), value=draft.value, headers=headers).get(timeout=30)
    producer.close()


def serials(exchange: Exchange, member: str) -> list[str]:
    rows = exchange.region("select value from event where topic = %s", member_topic(member, "seizure"))
    found = json.dumps([event_json(decode(value)[1]) for (value,) in rows])
    return re.findall(r'"as_read": "([^"]*)"', found)


def test_what_a_stolen_key_says_is_taken_back_and_everything_of_its_owner_stays(exchange: Exchange) -> None:
    with Load(exchange, "BB", "STOLEN") as load:
        pass
    exchange.drain()
    forge(exchange, "BB", "FORGED1")
    until(lambda: "FORGED1" in serials(exchange, "BB"), "the forged record to be believed")
    with load.again():
        pass  # the owner does not know, and gives the same numbers
    exchange.drain()
    exchange.stop(PRODUCER)  # what it sealed with the stolen key from now on would be a gap
    command(exchange, "member", "rotate", "BB", "--without-voucher")
    assert "bb.seizure: honest up to number" in command(
        exchange, "member", "revoke", "BB", "bb.1", "--because", "stolen"
    )
    sign_and_publish(exchange)
    until(lambda: "FORGED1" not in serials(exchange, "BB"), "the forged record to be taken back")
    until(lambda: exchange.region("select 1 from quarantine where reason = 'key_ended'"), "its entry in quarantine")
    assert "bb.2" in command(exchange, "directory", "verify")
    command(exchange, "directory", "confirm", "bb.2", "--by", "o-7", "--because", "visit")
    exchange.installation = open_installation(exchange.installation.var)
    told = json.loads(command(exchange, "producer", "recover", "--as", "BB", "--json"))
    lives = {one["topic"]: one["new_life"] for one in told["topics"]}
    assert lives["bb.seizure"] == 2
    exchange.start(PRODUCER)
    exchange.drain()
    proof = exchange.proved()
    assert proof.balance.accepted == proof.balance.in_view
    assert "FORGED1" not in serials(exchange, "BB")
    assert {f"STOLEN-{number}" for number in range(load.accepted)} <= set(serials(exchange, "BB"))
    check_flow(exchange)


def test_the_view_folded_anew_by_the_last_directory_is_the_live_one(exchange: Exchange) -> None:
    live = dump(exchange.installation)
    assert exchange.stop(REGION) == 0
    try:
        names = f"{exchange.installation.settings.postgres.names}_anew"
        with beside(exchange.installation, names) as anew:
            exchange.start(REGION, INTERFOCAL_POSTGRES__NAMES=names, **{WORKERS_OFF: "1"})
            assert dump(anew) == live
            assert exchange.stop(REGION) == 0
    finally:
        exchange.start(REGION)


def dump(installation: Installation) -> list[str]:
    with psycopg.connect(installation.region_url, autocommit=True) as region:
        return [*lines(dump_view(region)), *(str(row) for row in dump_tracing(region))]
