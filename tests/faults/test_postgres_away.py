"""PostgreSQL frozen, killed, or with a full disk: everybody waits for it, and goes on by himself.

``AWAY_S=600 make faults ARGS='-k frozen_for_longer --timeout 2400'`` for ten minutes. What time proves is
proved by less: every thread has given up a call, and has tried to connect again.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from consumers.store.bounds import USUAL
from interfocal.clock import now
from interfocal.installation.access import admin_access_of
from interfocal.stack import up
from load import submitting
from own_stack import POSTGRES, data_of_postgres, end, frozen_server, full, own_stack, process_of, small_disk
from running import DESKS, REGION, Exchange, facts, started, until
from story import ASKED, ASKER
from verdict import check_held

CONNECT_S = 10.0
AWAY_S = float(os.environ.get("AWAY_S", str(USUAL.answer_s + 2 * CONNECT_S)))
DATA_MIB, LEFT_MIB = 256 + round(AWAY_S), 2
"""What is submitted while it is away has to find room afterwards."""

FOUND_S = 120.0
PARTS = ("loop_waits", "router_waits", "teller_waits", "relay_waits")
DESK_CODES = (ASKER, ASKED)
Tell = Callable[[str], None]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a stack of these tests' own lies."""
    return tmp_path_factory.mktemp("away") / "stack"


@pytest.fixture(scope="module")
def exchange(var: Path) -> Iterator[Exchange]:
    """Two members and their region, on a PostgreSQL whose data have a small disk of their own."""
    with ExitStack() as opened:
        opened.enter_context(small_disk(data_of_postgres(var), DATA_MIB))
        stack = opened.enter_context(own_stack(var))
        yield opened.enter_context(started(stack, var.parent / "var", "away."))


@pytest.fixture(scope="module")
def accepted() -> list[str]:
    """What intakes have accepted in all of these tests."""
    return []


@pytest.fixture(autouse=True)
def server(var: Path, exchange: Exchange) -> None:
    """A server that runs, whatever the last test did to it."""
    del exchange
    up(var)


def members_of_groups(exchange: Exchange) -> dict[str, set[str]]:
    """Who is in the groups of the region and of the desks, by the ids that Kafka gave them when they joined."""
    prefix = exchange.installation.prefix
    names = [f"{prefix}{group}" for group in ("region.view", "aa.desk", "bb.desk")]
    with closing(KafkaAdminClient(**admin_access_of(exchange.installation).settings())) as admin:
        found = admin.describe_groups(names)
    return {name: {member["member_id"] for member in found[name]["members"]} for name in names}


def test_frozen_for_longer_than_any_call_waits(exchange: Exchange, var: Path, accepted: list[str], tell: Tell) -> None:
    with submitting(exchange) as load:
        load.through()
        joined = members_of_groups(exchange)
        assert all(joined.values())
        since = now().isoformat()
        with frozen_server(var, POSTGRES):
            until(lambda: every_part_waits(exchange, since), "every part to give its call up", AWAY_S + USUAL.answer_s)
            threading.Event().wait(max(AWAY_S - USUAL.answer_s, 0.0))
            taken = len(load.events)
            until(lambda: len(load.events) > taken, "an intake to accept meanwhile")
        tell(f"frozen for {AWAY_S:.0f} s, through again after {load.through():.1f} s")
        assert members_of_groups(exchange) == joined
    accepted += load.events
    tell(check_held(exchange, accepted))


def every_part_waits(exchange: Exchange, since: str) -> bool:
    """Whether view, router, teller and relay of the region, and the loops of both desks, have said so."""
    region = {fact["event"] for fact in facts(exchange, REGION, *PARTS, since=since)}
    return region == set(PARTS) and len(facts(exchange, DESKS, "loop_waits", since=since)) >= len(DESK_CODES)


def test_killed_and_started_again(exchange: Exchange, var: Path, accepted: list[str], tell: Tell) -> None:
    with submitting(exchange) as load:
        load.through()
        since = now().isoformat()
        end(var, POSTGRES, signal.SIGKILL)
        until(lambda: every_part_waits(exchange, since), "every part to wait")
        taken = len(load.events)
        until(lambda: len(load.events) > taken, "an intake to accept meanwhile")
        up(var)
        tell(f"killed, through again after {load.through():.1f} s")
    accepted += load.events
    tell(check_held(exchange, accepted))


def test_a_disk_that_is_full(exchange: Exchange, var: Path, accepted: list[str], tell: Tell) -> None:
    """It refuses, or it ends when it cannot write its log: nothing of what it has committed goes."""
    with submitting(exchange) as load:
        load.through()
        since = now().isoformat()
        with full(data_of_postgres(var), leave=LEFT_MIB * 1024 * 1024):
            until(lambda: facts(exchange, REGION, "loop_waits", since=since), "the region to find no room", FOUND_S)
            taken = len(load.events)
            until(lambda: len(load.events) > taken, "an intake to accept meanwhile")
            tell("the server refuses and runs on" if process_of(var, POSTGRES) else "the server ended by itself")
        up(var)
        tell(f"with room, through again after {load.through():.1f} s")
    accepted += load.events
    tell(check_held(exchange, accepted))
