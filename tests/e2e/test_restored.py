"""A database or a disk is lost, or put back as it was yesterday: all goes on, nothing is said twice or forgotten."""

import secrets
import shutil
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import httpx
import psycopg
import pytest

from consumers.source import Broker, KafkaTopicReader
from consumers.tracing.dump import dump_tracing
from consumers.view.dump import dump_view, lines
from interfocal.installation.access import admin_access_of, authority_of
from interfocal.installation.installation import Installation
from interfocal.installation.processes import start_one
from interfocal.servers.databases import connect
from interfocal.stack import drop_database
from interfocal.transport.signing_in import trusting
from interfocal.wiring.killing import VARIABLE
from interfocal.wiring.region import region_topics, sending_topics
from running import DESKS, PRODUCER, REGION, Exchange, ended, interfocal, until
from schemas.record import TopicBounds
from schemas.topics import DIRECTORY_TOPIC, HEAD_TOPIC, stream_of
from story import ASKED, ASKER, Story, a_firearm, a_request, a_seizure, submit

STORIES = count(1)


def tell(exchange: Exchange) -> Story:
    """A story from its beginning to its end, after which everything is at rest."""
    story = Story(exchange, f"{next(STORIES)}-{secrets.token_hex(3)}").play()
    exchange.drain()
    return story


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def copy_database(exchange: Exchange, url: str) -> str:
    """The database as it is now, under another name; nobody may be connected to it."""
    copied = f"{name_of(url)}_{secrets.token_hex(3)}"
    with connect(exchange.installation.postgres_url) as server:
        server.execute(f"create database {copied} template {name_of(url)}".encode())
    return copied


def put_back(exchange: Exchange, url: str, copied: str) -> None:
    """The copy takes the place of the database."""
    drop_database(exchange.installation.postgres_url, name_of(url))
    with connect(exchange.installation.postgres_url) as server:
        server.execute(f"alter database {copied} rename to {name_of(url)}".encode())


def dumps(installation: Installation) -> tuple[list[str], list[object]]:
    """The canonical dumps of the regional database."""
    with psycopg.connect(installation.region_url, autocommit=True) as region:
        return list(lines(dump_view(region))), list(dump_tracing(region))


def log_ends(installation: Installation) -> Mapping[str, TopicBounds]:
    """How many records lie on every topic but those of heartbeats and heads, which grow while anything runs."""
    topics = {*region_topics(installation), *sending_topics(installation)}
    reader = KafkaTopicReader(Broker(admin_access_of(installation), "test", installation.prefix))
    try:
        return reader.bounds(sorted(topic for topic in topics if stream_of(topic) not in {"heartbeat", "head"}))
    finally:
        reader.close()


def decide_and_die(exchange: Exchange) -> None:
    """The region takes a decision, and is killed before it has sent it."""
    assert exchange.stop(REGION) == 0
    exchange.start(REGION, **{VARIABLE: "decided:1"})
    number = f"U-{next(STORIES)}"
    submit(exchange, ASKER, "trace", a_request(number, a_firearm(number), ASKED))
    assert ended(exchange.processes.pop(REGION)) < 0
    assert unsent(exchange) > 0


def unsent(exchange: Exchange) -> int:
    ((rows,),) = exchange.region("select count(*) from region_outbox where published_offset is null")
    return int(rows)


def test_a_regional_database_of_yesterday_becomes_todays_and_sends_nothing_twice(exchange: Exchange) -> None:
    tell(exchange)
    decide_and_die(exchange)  # yesterday's database holds a decision that today's has sent
    yesterday = copy_database(exchange, exchange.installation.region_url)
    exchange.start(REGION)
    tell(exchange)
    live, ends = dumps(exchange.installation), log_ends(exchange.installation)
    assert exchange.stop(REGION) == 0
    put_back(exchange, exchange.installation.region_url, yesterday)
    assert dumps(exchange.installation) != live
    assert unsent(exchange) > 0
    exchange.start(REGION)
    exchange.drain()
    assert dumps(exchange.installation) == live
    assert log_ends(exchange.installation) == ends
    lives = dict(exchange.region("select topic, life from region_chain"))
    assert lives.pop(DIRECTORY_TOPIC) == 1, "nothing was sent there since yesterday"
    assert lives.pop(HEAD_TOPIC) in {1, 2}, "something may have been said there since"
    assert set(lives.values()) == {2}
    exchange.proved()
    tell(exchange)
    exchange.proved()


@pytest.mark.parametrize("state", ["lost", "yesterday's"])
def test_a_desks_database_is_rebuilt_from_the_log_and_no_receipt_is_given_twice(exchange: Exchange, state: str) -> None:
    tell(exchange)
    url = exchange.installation.desk_url(ASKED)
    assert exchange.stop(DESKS) == 0
    yesterday = copy_database(exchange, url)
    exchange.start(DESKS)
    tell(exchange)
    before, ends = desk_facts(exchange), log_ends(exchange.installation)
    assert exchange.stop(DESKS) == 0
    if state == "lost":
        drop_database(exchange.installation.postgres_url, name_of(url))
        drop_database(exchange.installation.postgres_url, yesterday)
        assert interfocal("migrate", "--var", str(exchange.installation.var)).returncode == 0
    else:
        put_back(exchange, url, yesterday)
    assert desk_facts(exchange) != before
    exchange.start(DESKS)
    exchange.drain()
    assert desk_facts(exchange) == before
    assert log_ends(exchange.installation) == ends
    tell(exchange)
    exchange.proved()


def desk_facts(exchange: Exchange) -> Sequence[Sequence[object]]:
    """What a desk shows: deliveries with their receipts, and what it has sent.

    When it had another desk's receipt is written nowhere else: a receipt is not itself receipted.
    """
    received_at = "case when purpose <> 'receipt' then received_at end"
    inbox = f"select event_id, of_event, purpose, receipt_event, {received_at} from inbox order by event_id"
    sent = "select event_id, act, requester, trace_id, hop, cause from submission order by event_id"
    return [exchange.desk(ASKED, inbox), exchange.desk(ASKED, sent)]


def test_a_desk_starts_only_on_tables_of_its_own_version(exchange: Exchange) -> None:
    url = exchange.installation.desk_url(ASKED)
    assert exchange.stop(DESKS) == 0
    with psycopg.connect(url) as desk:
        desk.execute("insert into alembic_version values ('9999_later')")
    told = interfocal("run", "desks", "--var", str(exchange.installation.var))
    assert (told.returncode, "9999_later" in told.stderr) == (2, True)
    with psycopg.connect(url) as desk:
        desk.execute("delete from alembic_version where version_num = '9999_later'")
    exchange.start(DESKS)


def test_a_members_lost_side_is_put_back_from_its_two_backups(exchange: Exchange) -> None:
    installation = exchange.installation
    var, owner = installation.var, ASKER.lower()
    folders = [var.parent / f"backup-{secrets.token_hex(3)}" for _ in range(2)]
    tell(exchange)
    for folder, more in zip(folders, ([], ["--secrets"]), strict=True):
        done = interfocal("backup", str(folder), "--as", ASKER, *more, "--var", str(var))
        assert done.returncode == 0, done.stderr
    since = f"S-{next(STORIES)}-since"
    submit(exchange, ASKER, "seizure", a_seizure(since, since))
    exchange.drain()
    ends = log_ends(installation)
    assert [exchange.stop(name) for name in (PRODUCER, DESKS)] == [0, 0]  # both have files there
    shutil.rmtree(installation.places.member(owner))
    for folder in reversed(folders):
        done = interfocal("restore", str(folder), "--var", str(var))
        assert done.returncode == 0, done.stderr
    assert "interfocal producer recover" in done.stdout
    recovered = interfocal("producer", "recover", "--as", ASKER, "--var", str(var))
    assert recovered.returncode == 0, recovered.stderr
    assert "in life 2" in recovered.stdout
    exchange.start_at_once({PRODUCER: {}, DESKS: {}})
    again = submit(exchange, ASKER, "seizure", a_seizure(since, since))
    assert [result.outcome for result in again] == ["unchanged"]
    exchange.drain()
    assert log_ends(installation) == ends
    tell(exchange)
    exchange.proved()
    assert {path.stat().st_mode & 0o077 for path in installation.places.member(owner).rglob("*")} == {0}


def test_a_producer_on_a_restored_disk_says_so_until_it_is_recovered(exchange: Exchange) -> None:
    """What was sent since the backup stands on the topic: nothing more is sent, and health says why."""
    installation = exchange.installation
    outbox = installation.places.outbox(ASKED.lower())
    assert exchange.stop(PRODUCER) == 0
    yesterday = shutil.copy(outbox, installation.var.parent / f"outbox-{secrets.token_hex(3)}.sqlite")
    exchange.start(PRODUCER)
    tell(exchange)
    assert exchange.stop(PRODUCER) == 0
    for path in outbox.parent.glob("outbox.sqlite*"):
        path.unlink()
    shutil.copy(yesterday, outbox)
    url = exchange.urls[PRODUCER]
    members = ",".join(installation.desk_urls)
    exchange.processes[PRODUCER] = start_one(installation.var, PRODUCER, url, (PRODUCER, "--members", members))
    until(
        lambda: "topic_ahead" in health(url, authority_of(installation)), "the producer to say that its topic is ahead"
    )
    assert exchange.stop(PRODUCER) == 2
    done = interfocal("producer", "recover", "--as", ASKED, "--var", str(installation.var))
    assert done.returncode == 0, done.stderr
    exchange.start(PRODUCER)
    tell(exchange)
    exchange.proved()


def health(url: str, authority: Path) -> str:
    """What a process says of itself; nothing before it answers."""
    try:
        return httpx.get(f"{url}/health/ready", verify=trusting(authority)).text
    except httpx.TransportError:
        return ""
