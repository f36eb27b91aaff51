"""The verdict on a fault run is worth something: bugs that are seeded into the real processes do not get past it."""

import secrets
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from interfocal.drain import wait_drained
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.provisioning.cluster import opened
from interfocal.provisioning.drift import Grant
from interfocal.stack import Stack
from load import Load
from running import ONE_OF_EACH, PRODUCER, REGION, Exchange, ended, facts, prepared, until
from schemas.rights import Right, producer_of
from schemas.topics import member_topic
from seeding import with_bug
from story import ASKED, ASKER, a_seizure
from verdict import check_held, findings

BULK = 10
SETTLED_S = 30.0
OTHER_TOPIC = member_topic(ASKED, "seizure")  # where ``wrong_origin_sent`` sends one
BUGS = {
    "drop_sent": (PRODUCER, "not_on_log aa.seizure"),
    "swap_sent": (PRODUCER, "out_of_order aa.seizure"),
    "wrong_origin_sent": (PRODUCER, "not_on_log aa.seizure"),
    "drop_folded": (REGION, "lost "),
    "double_folded": (REGION, "view_row_unexpected seizure_revision"),
    "wrong_origin_folded": (REGION, "view_row_unexpected seizure_revision"),
    "position_before_effect": (REGION, "not_applied aa.seizure"),
}
"""By name: the process that has it, and how the ledger calls what it does. A producer's shows on the raw log too."""


@pytest.fixture
def exchange(stack: Stack, tmp_path: Path) -> Iterator[Exchange]:
    """Two members and their region, of whom nothing runs yet."""
    with prepared(stack, tmp_path / "var", f"f{secrets.token_hex(6)}.", ONE_OF_EACH) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def caught(measured: list[str]) -> Iterator[set[str]]:
    """The bugs that were caught; their number is printed."""
    found: set[str] = set()
    yield found
    measured.append(f"seeded bugs caught: {len(found)} of {len(BUGS)}")


def run_with(exchange: Exchange, environments: Mapping[str, Mapping[str, str]]) -> Load:
    """Everything runs, with these variables, and has accepted of both members what a fault run submits."""
    exchange.start_at_once({name: environments.get(name, {}) for name in ONE_OF_EACH})
    load = Load(exchange)
    load.accept(ASKER, "seizure", [a_seizure(f"S-{n}", f"S-{n}-N") for n in range(BULK)])
    load.round()
    return load


def settled(exchange: Exchange) -> None:
    """Return when nothing is under way, or what is left will never arrive."""
    wait_drained(exchange.installation, SETTLED_S, lambda _left: None)


def test_without_a_bug_the_verdict_is_clean(exchange: Exchange) -> None:
    load = run_with(exchange, {})
    check_held(exchange, load.events)


def test_the_cluster_itself_refuses_what_goes_to_anothers_topic(exchange: Exchange) -> None:
    run_with(exchange, {PRODUCER: with_bug("wrong_origin_sent")})
    until(lambda: facts(exchange, PRODUCER, "topic_stands") != [], "the topic to stand")
    assert "TopicAuthorizationFailed" in facts(exchange, PRODUCER, "topic_stands")[0]["reason"]


def let_write(installation: Installation, owner: str, topic: str) -> None:
    """Give a producer what no plan gives it, so that only the verdict is left to see what it does by it."""
    user, name = installation.prefix + producer_of(owner), installation.prefix + topic
    with opened(admin_access_of(installation)) as cluster:
        cluster.accounts.give([Grant(user, Right("topic", name, "write"))])


@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_is_caught(exchange: Exchange, caught: set[str], bug: str) -> None:
    process, sign = BUGS[bug]
    if bug == "wrong_origin_sent":
        let_write(exchange.installation, ASKER.lower(), OTHER_TOPIC)
    load = run_with(exchange, {process: with_bug(bug)})
    if bug == "position_before_effect":
        assert ended(exchange.processes[process]) == -signal.SIGKILL
        exchange.start(process)
    settled(exchange)
    found = findings(exchange.installation, load.events)
    assert any(one.startswith(sign) for one in found.ledger), found
    assert bool(found.raw_log) == (process == PRODUCER), found.raw_log
    caught.add(bug)
