"""Kafka away until outboxes are full, or with a full disk: members keep what they accept, and send it in order."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest

from interfocal.clock import now
from interfocal.installation.endpoints import producer_endpoint
from interfocal.stack import kill_broker, up
from load import submitting
from own_stack import KAFKA, full, own_stack, process_of, small_disk
from producers.ways_in.python_call import Stream
from raw_log import events_in_order
from running import ONE_OF_EACH, PRODUCER, Exchange, facts, metric, prepared, set_up, until
from story import ASKED, ASKER, Story, a_missing, a_seizure
from verdict import check_held

BOUND_ROWS, BULK = 100, 30
DATA_MIB = 256
OUTBOX_MIB, FREE_MIB = 6, 1
SETTINGS = f"[outbox]\nbound_rows = {BOUND_ROWS}\nmin_free_bytes = {FREE_MIB * 1024 * 1024}\n"
NAMES = count(1)
Tell = Callable[[str], None]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a stack of these tests' own lies."""
    return tmp_path_factory.mktemp("away") / "stack"


@pytest.fixture(scope="module")
def exchange(var: Path) -> Iterator[Exchange]:
    """Two members and their region; the broker's data and one member's folder have small disks of their own."""
    with ExitStack() as opened:
        opened.enter_context(small_disk(var / KAFKA, DATA_MIB))
        stack = opened.enter_context(own_stack(var))
        exchange = opened.enter_context(prepared(stack, var.parent / "var", "away.", ONE_OF_EACH))
        set_up(exchange.installation, SETTINGS)
        opened.enter_context(moved_to_small_disk(exchange.installation.places.member(ASKER), var.parent))
        for name in ONE_OF_EACH:
            exchange.start(name)
        yield exchange


@pytest.fixture(autouse=True)
def broker(var: Path, exchange: Exchange) -> None:
    """A broker that runs, whatever the last test did to it."""
    del exchange
    up(var)


@pytest.fixture(scope="module")
def accepted() -> list[str]:
    """What intakes have accepted in all of these tests, in order."""
    return []


def moved_to_small_disk(folder: Path, aside: Path) -> ExitStack:
    """A folder with what is in it on a small disk of its own."""
    opened = ExitStack()
    kept = shutil.copytree(folder, aside / "kept")
    opened.enter_context(small_disk(folder, OUTBOX_MIB))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return opened


def take(exchange: Exchange, member: str, records: int) -> Sequence[str]:
    """Have an intake accept so many new records in one bulk; their event ids, none where it answers 503."""
    names = [f"K{next(NAMES)}" for _ in range(records)]
    stream: Stream = "seizure" if member == ASKER else "missing"
    made = [(a_seizure if member == ASKER else a_missing)(name, f"{name}-N") for name in names]
    answer = post(exchange, member, stream, made)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert int(answer.headers["Retry-After"]) > 0
        return []
    return [result["event_id"] for result in answer.json()]


def post(exchange: Exchange, member: str, stream: Stream, records: Sequence[object]) -> httpx.Response:
    """What a national system does and hears."""
    endpoint = producer_endpoint(exchange.installation.var, member)
    headers = {"X-Api-Key": endpoint.api_key.get_secret_value()}
    return httpx.post(f"{endpoint.url}/v1/{stream}", json=records, headers=headers, timeout=60.0)


def fill_outbox(exchange: Exchange, member: str) -> list[str]:
    """Submit smaller and smaller bulks until not even one record is taken; what was."""
    taken: list[str] = []
    for records in (BULK, 5, 1):
        while more := take(exchange, member, records):
            taken += more
    return taken


def oldest_s(exchange: Exchange, member: str = ASKER) -> float:
    return metric(exchange, PRODUCER, "interfocal_outbox_oldest_seconds", member=member)


def arrived_in_order(exchange: Exchange, topic: str, wanted: Sequence[str]) -> bool:
    """Whether all of these events lie on a topic, and in this order."""
    known = set(wanted)
    found = events_in_order(exchange.installation.bootstrap, exchange.installation.prefix + topic)
    return [event_id for event_id in found if event_id in known] == list(wanted)


def test_away_until_outboxes_are_full(exchange: Exchange, var: Path, accepted: list[str], tell: Tell) -> None:
    accepted += Story(exchange, "before").play().events
    exchange.drain()
    kill_broker(var, 1)
    taken = {member: fill_outbox(exchange, member) for member in (ASKER, ASKED)}
    assert {len(ids) for ids in taken.values()} <= {BOUND_ROWS, BOUND_ROWS - 1}  # where a heartbeat waits too
    young = until(lambda: oldest_s(exchange), "the age of the oldest row")
    until(lambda: oldest_s(exchange) > young + 1.0, "that age to grow")
    assert take(exchange, ASKER, 1) == []
    assert metric(exchange, PRODUCER, "interfocal_outbox_rows", member=ASKER) == BOUND_ROWS
    up(var)
    start = time.monotonic()
    later = until(lambda: take(exchange, ASKER, 1), "an intake to accept again")
    for member, topic in ((ASKER, "aa.seizure"), (ASKED, "bb.missing")):
        wanted = taken[member] + (list(later) if member == ASKER else [])
        until(partial(arrived_in_order, exchange, topic, wanted), "all to arrive in the order of acceptance")
        accepted += wanted
    tell(f"{BOUND_ROWS} rows of each member sent {time.monotonic() - start:.1f} s after the broker was back")
    until(lambda: oldest_s(exchange) < young, "the age of the oldest row to fall")
    tell(check_held(exchange, accepted))


def test_a_broker_with_a_full_disk(exchange: Exchange, var: Path, accepted: list[str], tell: Tell) -> None:
    """It takes its only folder out of service, and ends; what it has acknowledged is there when it is started again."""
    with submitting(exchange) as load:
        load.through()
        with full(var / KAFKA):
            until(lambda: process_of(var, KAFKA) is None, "the broker to end by itself")
            taken = len(load.events)
            until(lambda: len(load.events) > taken, "an intake to accept meanwhile")
        up(var)
        tell(f"with room, through again after {load.through():.1f} s")
    accepted += load.events
    tell(check_held(exchange, accepted))


def test_an_outbox_whose_disk_is_full(exchange: Exchange, accepted: list[str], tell: Tell) -> None:
    """Nothing is taken that cannot be kept, what was taken stays, and another member notices nothing."""
    since = now().isoformat()
    with submitting(exchange) as load:
        load.through()
        load.stop.set()
    accepted += load.events
    with full(exchange.installation.places.member(ASKER)):
        assert take(exchange, ASKER, 1) == []
        accepted += until(lambda: take(exchange, ASKED, 1), "the other member's intake to accept")
        until(lambda: waits(exchange, since, "disk_low"), "the heartbeat to wait")
    start = time.monotonic()
    accepted += until(lambda: take(exchange, ASKER, 1), "the intake to accept again")
    tell(f"accepted again {time.monotonic() - start:.1f} s after there was room")
    tell(check_held(exchange, accepted))


def waits(exchange: Exchange, since: str, code: str) -> bool:
    return code in {fact["code"] for fact in facts(exchange, PRODUCER, "heartbeat_waits", since=since)}


def test_an_outbox_whose_disk_is_full_while_rows_wait(
    exchange: Exchange, var: Path, accepted: list[str], tell: Tell
) -> None:
    """The relay cannot number them any more, and cannot note what it has sent: it waits, and loses nothing."""
    since = now().isoformat()
    kill_broker(var, 1)
    waiting = take(exchange, ASKER, BULK)
    arrived = partial(arrived_in_order, exchange, "aa.seizure", waiting)
    with full(exchange.installation.places.member(ASKER)):
        up(var)
        until(lambda: relay_waits(exchange, since) or arrived(), "the relay to find no room, or enough in its file")
    until(arrived, "all to arrive in the order of acceptance")
    accepted += waiting
    tell(check_held(exchange, accepted))


def relay_waits(exchange: Exchange, since: str) -> bool:
    return "disk_full" in {fact["code"] for fact in facts(exchange, PRODUCER, "relay_waits", since=since)}
