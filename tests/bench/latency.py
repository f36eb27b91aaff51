"""From a member's request to the other's inbox, beside two bare hops. It changes with the path of an act.

First one request is under way at a time, and nothing waits but for its own path; then they come at a rate.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bench import rates
from bench.figures import Figures, share
from bench.ground import exchange
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.member.intake import accepted_id, intake_of
from producers.ways_in.python_call import Exchange as Intake
from running import Exchange
from schemas.record import PARTITION
from schemas.topics import inbox_topic, member_topic
from story import ASKED, ASKER, a_firearm, a_request

PAUSE_S = 0.2
LOOK_S = 0.002
LIMIT_S = 30.0
FIRST = 3  # requests that build what is built once: they do not count
COLUMNS = ("path", "half of all ms", "95 % ms", "longest ms")
NOTE = "Ours: HTTPS, intake, outbox, two relays, region and router. Both end when another connection sees the row."
IN_INBOX = "select 1 from inbox where of_event = %s"
HELD = "select 1 from bare_hop where id = %s"


def measure(count: int) -> Iterator[Figures]:
    """So many requests, a few a second, and as many records over two topics and two commits."""
    with exchange() as running:
        with psycopg.connect(running.installation.desk_url(ASKED), autocommit=True) as desk:
            paths = requests(running, desk, count)
            at_rates = []
            for rate in rates.RATES:
                at_rates.append(rates.requests_at(running, desk, rate))
                running.drain(rates.LIMIT_S)
        for name in list(running.processes):
            running.stop(name)
        with bare_hops(running.installation) as through:
            hops = [through_after_a_pause(through) for _ in range(count + FIRST)][FIRST:]
            hops_at_rates = [rates.hops_at(through, rate) for rate in rates.RATES]
    whole, accepted = [both[0] for both in paths], [both[1] for both in paths]
    rows = [
        row_of("ours: submitted to inbox", whole),
        row_of("ours: accepted to inbox", accepted),
        row_of("two bare hops and commits", hops),
    ]
    ratio = share(hops, 0.5) / share(accepted, 0.5)
    yield Figures("Latency", COLUMNS, rows, f"{NOTE} bare / ours from acceptance {ratio:.2f}; {count:,} each.")
    yield rates.table(at_rates, hops_at_rates)


def row_of(name: str, seconds: Sequence[float]) -> tuple[object, ...]:
    """One line of the table."""
    return name, *(share(seconds, part) * 1000 for part in (0.5, 0.95, 1.0))


def requests(running: Exchange, desk: psycopg.Connection[Any], count: int) -> list[tuple[float, float]]:
    """Seconds to the inbox for each request: since it was submitted, and since its acceptance was answered."""
    with intake_of(running.installation.var, ASKER) as intake:
        taken = [one_request(intake, desk, number) for number in range(count + FIRST)]
    return taken[FIRST:]


def one_request(intake: Intake, desk: psycopg.Connection[Any], number: int) -> tuple[float, float]:
    """One request all the way."""
    time.sleep(PAUSE_S)
    submitted = time.perf_counter()
    (result,) = intake.submit("trace", [a_request(f"L-{number}", a_firearm(f"L{number}"), ASKED)])
    accepted, event = time.perf_counter(), accepted_id(result)
    await_row(lambda: desk.execute(IN_INBOX, [event]).fetchone(), event)
    ended = time.perf_counter()
    return ended - submitted, ended - accepted


def await_row(look: Callable[[], object], what: str) -> None:
    """Return as soon as it is there, looked for every few milliseconds."""
    deadline = time.monotonic() + LIMIT_S
    while not look():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {LIMIT_S:.0f} s")
        time.sleep(LOOK_S)


@dataclass(frozen=True, slots=True)
class Hop:
    """A topic and who reads it."""

    topic: str
    reader: KafkaConsumer

    def through(self, producer: KafkaProducer, name: str, store: psycopg.Connection[Any]) -> None:
        """Write one record, read it, and commit it."""
        producer.send(self.topic, value=name.encode(), key=name.encode()).get(timeout=LIMIT_S)
        while not any(self.reader.poll(timeout_ms=1_000).values()):
            pass
        store.execute("insert into bare_hop (id) values (%s)", [name])


@contextmanager
def bare_hops(installation: Installation) -> Iterator[Callable[[], float]]:
    """Sends one record over both hops, and says how long it took.

    The exchange's own processes are stopped; its topics are used.
    """
    access = admin_access_of(installation).settings()
    with psycopg.connect(installation.desk_url(ASKED), autocommit=True) as store:
        store.execute("create table bare_hop (id text primary key)")
        names = [installation.prefix + topic for topic in (member_topic(ASKER, "trace"), inbox_topic(ASKED))]
        with closing(KafkaProducer(**access, acks="all", enable_idempotence=True)) as producer:
            hops = [Hop(topic, reader_of(access, topic)) for topic in names]
            yield lambda: one_record(hops, producer, store)
            for hop in hops:
                hop.reader.close()


def through_after_a_pause(through: Callable[[], float]) -> float:
    """One record, with nothing else under way."""
    time.sleep(PAUSE_S)
    return through()


def reader_of(access: dict[str, Any], topic: str) -> KafkaConsumer:
    """A consumer of what comes from now on."""
    consumer = KafkaConsumer(**access, enable_auto_commit=False)
    partition = TopicPartition(topic, PARTITION)
    consumer.assign([partition])
    consumer.seek_to_end(partition)
    consumer.position(partition)
    return consumer


def one_record(hops: Sequence[Hop], producer: KafkaProducer, store: psycopg.Connection[Any]) -> float:
    """One record over both hops."""
    name, started = secrets.token_hex(8), time.perf_counter()
    for place, hop in enumerate(hops):
        hop.through(producer, f"{name}-{place}", store)
    await_row(lambda: store.execute(HELD, [f"{name}-{len(hops) - 1}"]).fetchone(), name)
    return time.perf_counter() - started
