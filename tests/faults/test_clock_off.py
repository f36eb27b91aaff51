"""One member's clock days off, in either direction: it is said by how much, and everything of it is taken."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from interfocal.installation.endpoints import write_endpoints
from interfocal.installation.processes import start_one, wait_ready
from interfocal.stack import Stack
from load import Load
from running import DESKS, PRODUCER, REGION, Exchange, facts, interfocal, metric, prepared, set_up, until
from seeding import with_clock
from story import ASKED, ASKER, Story
from verdict import check_held

PRODUCERS = {ASKER: PRODUCER, ASKED: f"{PRODUCER}-b"}
SKEW = "interfocal_clock_skew_seconds"
NEAR_S = 60.0
Tell = Callable[[str], None]


@pytest.fixture
def exchange(stack: Stack, tmp_path: Path) -> Iterator[Exchange]:
    """Two members with a producer process each, and their region; nothing runs yet."""
    names = (*PRODUCERS.values(), DESKS, REGION)
    with prepared(stack, tmp_path / "var", f"f{secrets.token_hex(6)}.", names) as exchange:
        set_up(exchange.installation, "[heartbeat]\nevery_s = 1.0\n")
        urls = {member: exchange.urls[name] for member, name in PRODUCERS.items()}
        write_endpoints(exchange.installation.var, {"producers": urls})
        yield exchange


@pytest.mark.parametrize("days", [3, -3])
def test_a_clock_that_is_three_days_off(exchange: Exchange, tell: Tell, days: int) -> None:
    for member, name in PRODUCERS.items():
        clock = with_clock(days if member == ASKER else 0)
        arguments = (PRODUCER, "--members", member)
        exchange.processes[name] = start_one(exchange.installation.var, name, exchange.urls[name], arguments, clock)
    wait_ready(list(exchange.processes.values()))
    exchange.start_at_once({DESKS: {}, REGION: {}})
    load = Load(exchange)
    load.through()
    load.round()
    load.events += Story(exchange, "off").play().events
    off_s = timedelta(days=days).total_seconds()
    until(lambda: abs(skew_s(exchange, ASKER) - off_s) < NEAR_S, "the clock to be found off")
    assert abs(skew_s(exchange, ASKED)) < NEAR_S
    assert {fact["member"] for fact in facts(exchange, REGION, "clock_skew")} == {ASKER}
    assert abs(shown_s(exchange, ASKER) - off_s) < NEAR_S
    assert exchange.region("select count(*) from quarantine") == [(0,)]
    tell(check_held(exchange, load.events))


def skew_s(exchange: Exchange, member: str) -> float:
    """By how much a member's clock is ahead, as the region tells it."""
    return metric(exchange, REGION, SKEW, member=member)


def shown_s(exchange: Exchange, member: str) -> float:
    """Likewise, as a person reads it; 0 where nothing is said."""
    told = interfocal("view", "members", "--json", "--var", str(exchange.installation.var))
    return next((row["clock_ahead_s"] for row in json.loads(told.stdout)["rows"] if row["member"] == member), None) or 0
