"""A database that is folded anew from the first offset is the same database, and nothing is sent because of it."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from consumers.source import Broker, KafkaTopicReader
from consumers.tracing.dump import dump_tracing
from consumers.tracing.shown import Columns
from consumers.view.dump import dump_view, lines
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.installation.preparing import make_database
from interfocal.stack import drop_database
from interfocal.wiring.region import WORKERS_OFF, region_topics, sending_topics
from running import DESKS, PRODUCER, REGION, Exchange, beside, interfocal, until
from schemas.record import Record, TopicBounds
from schemas.topics import stream_of
from story import ASKED, ASKER, Story, a_firearm, a_missing, a_request, submit

NAMES = "INTERFOCAL_POSTGRES__NAMES"
STORIES = count(1)
ROUTES = {"named_hop", "own_register", "missing_owner", "duty_officer", "handed_over"}


@pytest.fixture(scope="module")
def lived(exchange: Exchange) -> Exchange:
    """The exchange after traces of every kind, at rest."""
    Story(exchange, f"lived-{next(STORIES)}").play()
    submit(exchange, ASKED, "missing", a_missing("M-stolen", "STOLEN1"))
    exchange.drain()  # a request does not wait for a record that it may point to
    requests = [
        a_request("T-domestic", a_firearm("DOMESTIC1"), ASKER),
        a_request("T-stolen", a_firearm("STOLEN1")),
        a_request("T-unknown", a_firearm("UNKNOWN1", "Nobody Knows Whom")),
        a_request("T-outside", a_firearm("OUTSIDE1", "Glock")),
    ]
    submit(exchange, ASKER, "trace", *requests)
    exchange.drain()
    assert {rule for (rule,) in exchange.region("select rule from trace_hop")} == ROUTES
    return exchange


def test_with_workers_off_a_fresh_database_is_equal_and_nothing_is_sent(lived: Exchange) -> None:
    live, ends = dumps(lived.installation), log_ends(lived)
    with without_region(lived), beside(lived.installation, f"{lived.installation.settings.postgres.names}_off") as anew:
        lived.start(REGION, **{NAMES: anew.settings.postgres.names, WORKERS_OFF: "1"})
        assert dumps(anew) == live
        assert lived.stop(REGION) == 0
    assert log_ends(lived) == ends


def test_a_rebuild_beside_the_live_region_is_equal_and_sends_nothing(lived: Exchange) -> None:
    live, ends = dumps(lived.installation), log_ends(lived)
    told = rebuilt(lived)
    assert (told["equal"], told["gaps"]) == (True, [])
    assert told["records"] >= sum(ends[topic].end for topic in region_topics(lived.installation) if topic in ends)
    assert log_ends(lived) == ends
    assert dumps(lived.installation) == live
    assert lived.running() == {PRODUCER, DESKS, REGION}


def test_a_rebuild_is_equal_while_the_live_region_goes_on(lived: Exchange) -> None:
    stop = threading.Event()

    def tell_stories() -> None:
        while not stop.is_set():
            Story(lived, f"meanwhile-{next(STORIES)}").play()

    telling = threading.Thread(target=tell_stories)
    telling.start()
    try:
        found = [rebuilt(lived) for _ in range(2)]
    finally:
        stop.set()
        telling.join()
    assert [told["equal"] for told in found] == [True, True]
    assert found[0]["records"] < found[1]["records"]
    lived.drain()
    lived.proved()


def test_with_workers_on_a_database_made_anew_sends_nothing_and_goes_on(lived: Exchange) -> None:
    live, ends = dumps(lived.installation), log_ends(lived)
    with without_region(lived):
        lose_region_database(lived.installation)
    until(lambda: lived.region("select topic from region_chain where life > 1"), "the log's heads to be taken up")
    lived.drain()
    assert lived.region("select * from region_outbox where topic <> 'region.head'") == []  # new heartbeats came
    assert lived.region("select * from work") == []
    assert log_ends(lived) == ends
    assert dumps(lived.installation) == live
    assert REGION in lived.running()
    story = Story(lived, f"after-{next(STORIES)}").play()
    lived.drain()
    lived.proved()
    assert [rule for _, rule in story.deliveries(ASKED, story.request, "accountable")] == ["named_hop"]


def test_a_repeat_of_every_record_changes_nothing(lived: Exchange) -> None:
    live, ends = dumps(lived.installation), log_ends(lived)
    inboxes = {member: inbox(lived, member) for member in (ASKER, ASKED)}
    records = everything(lived)
    assert len(records) == sum(bounds.end for bounds in ends.values())
    produce(lived.installation, records)
    lived.drain()
    assert {t: b.end for t, b in log_ends(lived).items()} == {t: 2 * b.end for t, b in ends.items()}
    assert dumps(lived.installation) == live
    assert {member: inbox(lived, member) for member in (ASKER, ASKED)} == inboxes
    lived.proved()


def rebuilt(exchange: Exchange) -> Mapping[str, Any]:
    """What a rebuild with its proof tells; it ends with 0 only if both are equal."""
    done = interfocal("rebuild", "--verify", "--json", "--var", str(exchange.installation.var), limit_s=240)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextmanager
def without_region(exchange: Exchange) -> Iterator[None]:
    """While the region's process does not run."""
    assert exchange.stop(REGION) == 0
    try:
        yield
    finally:
        exchange.start(REGION)


def lose_region_database(installation: Installation) -> None:
    """Nothing is left of the regional database, and it is made anew."""
    drop_database(installation.postgres_url, installation.region_url.rsplit("/", 1)[1])
    make_database(installation, installation.region_url, "region")


def dumps(installation: Installation) -> tuple[Sequence[str], Sequence[tuple[str, Columns]]]:
    """The canonical dumps of the view and of the traces; both hold something."""
    with psycopg.connect(installation.region_url, autocommit=True) as region:
        view, tracing = list(lines(dump_view(region))), list(dump_tracing(region))
    assert view
    assert tracing
    return view, tracing


def topics_of(installation: Installation) -> Sequence[str]:
    """Every topic but those of heartbeats and heads, which grow while anything runs."""
    topics = {*region_topics(installation), *sending_topics(installation)}
    return sorted(topic for topic in topics if stream_of(topic) not in {"heartbeat", "head"})


def reader_of(installation: Installation) -> KafkaTopicReader:
    return KafkaTopicReader(Broker(admin_access_of(installation), "test", installation.prefix))


def log_ends(exchange: Exchange) -> Mapping[str, TopicBounds]:
    """The bounds of every topic."""
    reader = reader_of(exchange.installation)
    try:
        return reader.bounds(topics_of(exchange.installation))
    finally:
        reader.close()


def everything(exchange: Exchange) -> Sequence[Record]:
    """Every record of every topic."""
    reader = reader_of(exchange.installation)
    try:
        bounds = reader.bounds(topics_of(exchange.installation))
        return [record for topic, b in bounds.items() for record in reader.read(topic, b.start, b.end)]
    finally:
        reader.close()


def produce(installation: Installation, records: Sequence[Record]) -> None:
    """Put the same bytes on the same topics again."""
    producer = KafkaProducer(**admin_access_of(installation).settings(), enable_idempotence=True)
    for record in records:
        name = installation.prefix + record.topic
        producer.send(name, key=record.key, value=record.value, headers=list(record.headers))
    producer.flush(timeout=30)
    producer.close()


def inbox(exchange: Exchange, member: str) -> Sequence[object]:
    """A desk's inbox, with the receipts that it sent."""
    return exchange.desk(member, "select event_id, of_event, purpose, receipt_event from inbox order by event_id")
