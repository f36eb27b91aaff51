"""kill -9 before the first step of the path and after each: nothing is lost, nothing doubled, and order is kept."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

import pytest

from consumers.desk.inbox import confirmations
from consumers.desk.sealed import opened_parts
from consumers.tracing.trace import TraceKey
from interfocal.desk.acts import DeskActs
from interfocal.installation.opening import opener_of
from interfocal.ledger.log import TopicLog
from interfocal.ledger.verify import Proof
from interfocal.wiring.killing import VARIABLE
from running import DESKS, PRODUCER, REGION, Exchange, ended
from schemas.record import SEAL_HEADER
from schemas.steps import Step
from story import ASKED, ASKER, SEALED, Story

STORIES = count(1)


@dataclass(frozen=True, slots=True)
class Death:
    """Which process dies, after it has taken a step so many times."""

    process: str
    times: int = 1


# How often: so that the request, its decision or its delivery is what the step was taken with.
DEATHS: Mapping[Step, Sequence[Death]] = {
    Step.ACCEPTED: [Death(PRODUCER, 3)],
    Step.SEALED: [Death(PRODUCER, 3), Death(REGION), Death(REGION, 2)],
    Step.SENT: [Death(PRODUCER, 3), Death(REGION, 2)],
    Step.ACKNOWLEDGED: [Death(PRODUCER, 3), Death(REGION, 2)],
    Step.MARKED: [Death(PRODUCER, 3)],
    Step.POLLED: [Death(REGION, 2), Death(DESKS)],
    Step.CHECKED: [Death(REGION, 2)],
    Step.FOLDED: [Death(REGION, 2), Death(DESKS)],
    Step.WORK_DERIVED: [Death(REGION)],
    Step.POSITIONED: [Death(REGION, 2)],
    Step.COMMITTED: [Death(REGION, 2)],
    Step.DECIDED: [Death(REGION)],
    Step.DECISION_PUBLISHED: [Death(REGION)],
    Step.DELIVERY_PUBLISHED: [Death(REGION)],
    Step.INBOX_FOLDED: [Death(DESKS)],
    Step.RECEIPT_ACCEPTED: [Death(DESKS)],
    Step.RECEIPT_FOLDED: [Death(REGION)],
    Step.RECEIPT_FORWARDED: [Death(REGION)],
    Step.GRANTED: [Death(DESKS)],
    Step.GRANT_FORWARDED: [Death(REGION)],
}
CASES = [(step, death) for step, deaths in DEATHS.items() for death in deaths]


def test_every_step_of_the_path_has_its_death() -> None:
    assert {step for step, _ in CASES} == set(Step)


@pytest.mark.parametrize(
    ("step", "death"), CASES, ids=[f"{step}-{death.process}-{death.times}" for step, death in CASES]
)
def test_killed_after_a_step_nothing_is_lost_or_doubled(exchange: Exchange, step: Step, death: Death) -> None:
    assert exchange.stop(death.process) == 0
    exchange.launch(death.process, **{VARIABLE: f"{step.value}:{death.times}"})
    story = Story(exchange, f"{next(STORIES)}")
    with ThreadPoolExecutor(1) as telling:
        told = telling.submit(story.play)
        assert ended(exchange.processes[death.process]) == -signal.SIGKILL
        assert exchange.running() == {PRODUCER, DESKS, REGION} - {death.process}
        exchange.start(death.process)
        told.result()
    check(exchange, story)


@pytest.mark.parametrize("process", [PRODUCER, DESKS, REGION])
def test_killed_before_the_first_step_nothing_is_lost_or_doubled(exchange: Exchange, process: str) -> None:
    os.kill(exchange.processes[process].running.pid, signal.SIGKILL)
    assert ended(exchange.processes[process]) == -signal.SIGKILL
    story = Story(exchange, f"{next(STORIES)}")
    with ThreadPoolExecutor(1) as telling:
        told = telling.submit(story.play)
        exchange.start(process)
        told.result()
    check(exchange, story)


def check(exchange: Exchange, story: Story) -> None:
    """At rest, by the ledger and by what national systems were told: all there, once, in order."""
    exchange.drain()
    proof = exchange.proved()
    assert proof.balance.accepted == proof.balance.in_view
    assert len(set(story.events)) == len(story.events) == 7
    applied = "select count(*) from event where event_id = any(%s)"
    assert exchange.region(applied, story.events) == [(7,)]
    check_delivered_once(story, proof)
    check_opened(story)
    for topic, log in proof.counted.logs.items():
        assert list(goes_back(log)) == [], topic


def check_delivered_once(story: Story, proof: Proof) -> None:
    """The request has one accountable inbox, one decision and one delivery to it."""
    assert [rule for _, rule in story.deliveries(ASKED, story.request, "accountable")] == ["named_hop"]
    assert story.deliveries(ASKER, story.request, "accountable") == []
    routings = "select count(*) from decision where subject = %s and kind = 'routing'"
    assert story.exchange.region(routings, story.request) == [(1,)]
    hop = "select state, accountable from trace_hop where trace_id = %s"
    assert story.exchange.region(hop, story.trace_id) == [("acknowledged", ASKED)]
    assert proof.balance.waiting == 0


def check_opened(story: Story) -> None:
    """The member that has to answer opens what the asker sealed; the asker holds its receipt for the request."""
    installation, key = story.exchange.installation, TraceKey(ASKER, story.trace_id)
    opened = DeskActs(installation, ASKED).read(lambda c: opened_parts(c, opener_of(installation, ASKED), key))
    assert [one.part.case_details for one in opened if one.part] == [SEALED["case_details"]]
    confirmed = DeskActs(installation, ASKER).read(lambda c: confirmations(c, [story.request]))
    assert [one.by for one in confirmed[story.request]] == [ASKED]


def goes_back(log: TopicLog) -> Iterator[str]:
    """Numbers that come after a higher one, but for the same bytes again."""
    seen: dict[tuple[int, int], tuple[bytes | None, tuple[bytes, ...]]] = {}
    for event in log.events:
        number = (event.claims.life, event.claims.seq)
        content = (event.record.value, event.record.header_values(SEAL_HEADER))
        if number not in seen and number < max(seen, default=number):
            yield f"{event.record.offset}: {number} after {max(seen)}"
        elif seen.setdefault(number, content) != content:
            yield f"{event.record.offset}: other bytes as {number}"
