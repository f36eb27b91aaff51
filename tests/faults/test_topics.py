"""Topics that are missing, or set up otherwise than planned: they stand alone, it is said, and mended they go on."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from interfocal.stack import Stack
from load import Load
from running import DESKS, ONE_OF_EACH, PRODUCER, REGION, Exchange, facts, interfocal, metric, prepared, until
from schemas.topics import inbox_topic, member_topic
from story import ASKED, ASKER, a_missing, a_seizure, submit
from verdict import check_held, ledger_of

SEIZURES = member_topic(ASKER, "seizure")
INBOX = inbox_topic(ASKED)
UNUSED = member_topic(ASKER, "missing")
"""Nothing is on it unless a test puts it there."""

PATIENCE_S = 90.0  # more than a topic stands before it is tried again
Tell = Callable[[str], None]


@pytest.fixture
def exchange(stack: Stack, tmp_path: Path) -> Iterator[Exchange]:
    """Two members and their region, of whom nothing runs yet."""
    with prepared(stack, tmp_path / "var", f"f{secrets.token_hex(6)}.", ONE_OF_EACH) as exchange:
        yield exchange


@pytest.fixture
def admin(stack: Stack) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=stack.bootstrap)) as client:
        yield client


def start(exchange: Exchange) -> None:
    exchange.start_at_once({name: {} for name in ONE_OF_EACH})


def run(exchange: Exchange, *words: str) -> tuple[int, str]:
    """Exit code of a command, and what it said."""
    ended = interfocal(*words, "--var", str(exchange.installation.var))
    return ended.returncode, ended.stdout + ended.stderr


def set_config(exchange: Exchange, admin: KafkaAdminClient, topic: str, config: Mapping[str, str]) -> None:
    name = exchange.installation.prefix + topic
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(config))])


def stands(exchange: Exchange, process: str, member: str, stream: str) -> bool:
    return metric(exchange, process, "interfocal_topic_stands", member=member, stream=stream) == 1


def paused(exchange: Exchange, member: str, stream: str) -> bool:
    return metric(exchange, REGION, "interfocal_topic_paused", member=member, stream=stream) == 1


def seize(load: Load, name: str) -> str:
    """A seizure by the asker; its event id."""
    return load.accept(ASKER, "seizure", [a_seizure(name, f"{name}-N")])[0]


def folded(exchange: Exchange, event: str) -> bool:
    return exchange.region("select 1 from event where event_id = %s", event) != []


def test_topics_that_take_only_small_records(exchange: Exchange, admin: KafkaAdminClient, tell: Tell) -> None:
    """One of a member's, and one of the region's to another member."""
    start(exchange)
    load = Load(exchange)
    load.through()
    for topic in (SEIZURES, INBOX):
        set_config(exchange, admin, topic, {"max.message.bytes": "600"})
    seizure = seize(load, "LARGE")
    load.round()
    until(lambda: stands(exchange, PRODUCER, ASKER, "seizure"), "the member's topic to stand")
    until(lambda: stands(exchange, REGION, ASKED, "inbox"), "the inbox to stand")
    told = [fact["reason"] for name in (PRODUCER, REGION) for fact in facts(exchange, name, "topic_stands")]
    assert all("MessageSizeTooLarge" in reason and "interfocal provision apply" in reason for reason in told)
    other = submit(exchange, ASKED, "missing", a_missing("OTHER", "O-1"))[0].event_id or ""
    load.events.append(other)
    until(lambda: folded(exchange, other), "another member's event to be folded")
    to_asker = "select 1 from inbox where purpose = 'accountable' and from_member = %s"
    until(lambda: exchange.desk(ASKER, to_asker, ASKED), "a request to another inbox")
    assert not folded(exchange, seizure)
    code, said = run(exchange, "provision", "plan")
    assert code == 1
    assert f"{SEIZURES}" in said
    assert run(exchange, "provision", "apply")[0] == 0
    until(lambda: folded(exchange, seizure), "what stood to go on by itself", PATIENCE_S)
    until(lambda: not stands(exchange, REGION, ASKED, "inbox"), "the inbox to go on by itself", PATIENCE_S)
    tell(check_held(exchange, load.events))


def test_topics_that_are_not_there(exchange: Exchange, admin: KafkaAdminClient, tell: Tell) -> None:
    """Processes start all the same, and whoever does not need them goes on; only that inbox's desk is not ready."""
    prefix = exchange.installation.prefix
    admin.delete_topics([prefix + SEIZURES, prefix + INBOX])
    exchange.start_at_once({PRODUCER: {}, REGION: {}})
    with start_in_the_meantime(exchange, DESKS):
        load = Load(exchange)
        seizure = seize(load, "EARLY")
        load.round()
        until(lambda: stands(exchange, PRODUCER, ASKER, "seizure"), "the member's topic to stand")
        assert paused(exchange, ASKER, "seizure")
        assert {fact["reason"] for fact in facts(exchange, REGION, "topic_paused")} == {"topic_missing"}
        until(lambda: exchange.desk(ASKER, "select 1 from inbox"), "a request to another inbox")
        code, told = ledger_of(exchange.installation)
        missing = {one["where"] for one in told["problems"] if one["code"] == "topic_missing"}
        assert (code, missing) == (1, {SEIZURES, INBOX})
        assert run(exchange, "provision", "apply")[0] == 0
    until(lambda: folded(exchange, seizure), "what stood to go on by itself", PATIENCE_S)
    until(lambda: not paused(exchange, ASKER, "seizure"), "the topic to flow")
    load.through()
    tell(check_held(exchange, load.events))


@contextmanager
def start_in_the_meantime(exchange: Exchange, name: str) -> Iterator[None]:
    """A process that gets ready only by what is done meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(exchange.start, name)
        yield
        starting.result()


def test_a_topic_with_two_partitions(exchange: Exchange, admin: KafkaAdminClient, tell: Tell) -> None:
    """Only the first counts, and it is said: what a stranger put on the other is nobody's."""
    name = exchange.installation.prefix + UNUSED
    admin.delete_topics([name])
    admin.create_topics({name: {"num_partitions": 2}}, wait_for_metadata=True)
    with closing(KafkaProducer(bootstrap_servers=exchange.installation.bootstrap)) as stranger:
        for _ in range(3):
            stranger.send(name, b"nobody's", partition=1).get(timeout=30)
    start(exchange)
    load = Load(exchange)
    load.through()
    exchange.drain()
    assert exchange.region("select count(*) from quarantine") == [(0,)]
    code, told = ledger_of(exchange.installation)
    found = [(one["code"], one["where"]) for one in told["problems"]]
    assert (code, found) == (1, [("partitions_differ", f"{UNUSED}: 2")])
    assert run(exchange, "provision", "apply")[0] == 1
    admin.delete_topics([name])
    until(lambda: paused(exchange, ASKER, "missing"), "the region to notice", PATIENCE_S)
    load.through()
    assert run(exchange, "provision", "apply")[0] == 0
    event = load.accept(ASKER, "missing", [a_missing("FIRST", "F-1")])[0]
    until(lambda: folded(exchange, event), "what comes on the topic that was made anew", PATIENCE_S)
    tell(check_held(exchange, load.events))


def test_a_topic_that_has_lost_its_beginning(exchange: Exchange, admin: KafkaAdminClient, tell: Tell) -> None:
    """As by a retention that nobody planned, while the region was away."""
    start(exchange)
    load = Load(exchange)
    load.through()
    exchange.drain()
    assert exchange.stop(REGION) == 0
    lost = load.accept(ASKER, "missing", [a_missing(f"LOST-{number}", f"L-{number}") for number in range(4)])
    until(lambda: metric(exchange, PRODUCER, "interfocal_outbox_rows", member=ASKER) == 0, "all to be sent")
    set_config(exchange, admin, UNUSED, {"retention.ms": "3600000"})  # not so short that more goes while this runs
    admin.delete_records({TopicPartition(exchange.installation.prefix + UNUSED, 0): 3})
    exchange.start(REGION)
    until(lambda: paused(exchange, ASKER, "missing"), "the topic to be paused")
    assert {fact["reason"] for fact in facts(exchange, REGION, "topic_paused")} == {"position_lost"}
    load.through()
    assert not any(folded(exchange, event) for event in lost)
    mend(exchange)
    until(lambda: not paused(exchange, ASKER, "missing"), "the topic to flow by itself", PATIENCE_S)
    until(lambda: all(folded(exchange, event) for event in lost), "what was sent again")
    exchange.drain()
    code, told = ledger_of(exchange.installation)
    assert (told["lost"], told["doubled"], told["problems"], code) == ([], [], [], 0)
    assert told["accepted"] == told["in_view"] == len(load.events)
    tell(f"{told['accepted']} events accepted and in the view, numbers that went with the log acknowledged")


def mend(exchange: Exchange) -> None:
    """As the runbook says."""
    assert run(exchange, "provision", "apply")[0] == 0
    assert exchange.stop(PRODUCER) == 0
    assert run(exchange, "producer", "recover", "--as", ASKER)[0] == 0
    exchange.start(PRODUCER)
    by = ("--because", "retention was wrong", "--by", "officer-1")
    code, said = run(exchange, "ledger", "acknowledge-offsets", UNUSED, "0", "2", *by)
    assert code == 0, said
    code, said = run(exchange, "ledger", "acknowledge", UNUSED, "1", "1", "3", *by)
    assert code == 0, said
