import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from producers.comparison import judge
from producers.relay import Relay, RelayEdges, RelayLimits, marked_step, within
from schemas.directory import LastHonest
from schemas.errors import (
    BrokerAway,
    ExchangeError,
    NotOurs,
    OutboxFull,
    StoreAway,
    TopicAhead,
    TopicBehind,
    TopicStands,
)
from schemas.record import SEAL_HEADER, Draft, Entry, Publisher
from schemas.steps import Step
from schemas.trust.chain import Expectation, verify_record
from schemas.trust.keys import KeyRing
from schemas.trust.seal import link_hash
from schemas.trust.sealer import sealer
from sealing import AUD, SEALED_AT, Writer, a_key, an_id, expecting, held, public
from twins import Fault, TwinDelivery, TwinLog, TwinOutbox, TwinPublisher, TwinReader, TwinRows

TOPICS = ("rs.seizure", "rs.trace", "rs.heartbeat")


@dataclass
class Told:
    """An observer that remembers."""

    published_by_topic: Counter[str] = field(default_factory=Counter)
    failures: list[ExchangeError] = field(default_factory=list)
    standing: dict[str, str] = field(default_factory=dict)
    ever_stood: list[str] = field(default_factory=list)

    def published(self, offsets: Mapping[Entry, int]) -> None:
        self.published_by_topic.update(entry.draft.topic for entry in offsets)

    def away(self, error: ExchangeError) -> None:
        self.failures.append(error)

    def stands(self, topic: str, error: TopicStands) -> None:
        self.standing[topic] = error.code
        self.ever_stood.append(topic)

    def flows(self, topic: str) -> None:
        del self.standing[topic]


@dataclass
class World:
    """A member's outbox, its topics, and relays that come and go between them."""

    rows: TwinRows = field(default_factory=TwinRows)
    log: TwinLog = field(default_factory=lambda: TwinLog(TOPICS))
    faults: list[Fault] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    steps: list[Step] = field(default_factory=list)
    connections: int = 0
    minutes: int = 0
    expected: Expectation = field(default_factory=lambda: expecting(a_key()))

    def publisher(self, topics: Sequence[str] = ()) -> Publisher:
        assert set(topics) <= self.log.topics.keys()
        self.connections += 1
        faults, self.faults = self.faults, []
        return TwinPublisher(self.log, iter(faults))

    def relay(
        self, open_publisher: Callable[[Sequence[str]], Publisher] | None = None, limits: RelayLimits | None = None
    ) -> Relay:
        self.rows.leased_by = None
        edges = RelayEdges(
            outbox=TwinOutbox(self.rows),
            open_publisher=open_publisher or self.publisher,
            open_reader=lambda: TwinReader(self.log),
            sealer=sealer(held(a_key()), AUD, lambda: SEALED_AT),
            now=lambda: SEALED_AT + timedelta(minutes=self.minutes),
            expected=self.expected,
            topics=TOPICS,
            check_in_force=lambda: None,
        )
        return Relay(edges, limits, self.told, self.steps.append)

    def accept(self, *names: str, topic: str = "rs.seizure") -> None:
        self.rows.accept(Draft(topic, an_id(name), an_id("key"), name.encode()) for name in names)

    def values(self, topic: str = "rs.seizure") -> list[bytes | None]:
        return [record.value for record in self.log.topics[topic]]


def test_accepted_rows_arrive_sealed_in_order_and_are_marked() -> None:
    world = World()
    world.accept("1", "2")
    world.accept("3", topic="rs.trace")
    assert world.relay().run_once() == 3
    assert world.values() == [b"1", b"2"]
    assert world.values("rs.trace") == [b"3"]
    assert world.rows.published == {1: 0, 2: 1, 3: 0}
    seals = [verify_record(record, expecting(a_key())) for record in world.log.topics["rs.seizure"]]
    assert [(seal.claims.life, seal.claims.seq) for seal in seals] == [(1, 1), (1, 2)]
    assert world.told.published_by_topic == {"rs.seizure": 2, "rs.trace": 1}


def test_the_steps_are_told_in_the_order_of_the_path() -> None:
    world = World()
    world.accept("1")
    world.relay().run_once()
    assert world.steps == [Step.SEALED, Step.SENT, Step.ACKNOWLEDGED, Step.MARKED]


def test_the_region_s_steps_are_told_apart() -> None:
    topics = ("rs.trace", "region.decision", "region.inbox.rs")
    assert [marked_step(topic) for topic in topics] == [Step.MARKED, Step.DECISION_PUBLISHED, Step.DELIVERY_PUBLISHED]


def test_nothing_is_marked_before_its_acknowledgement() -> None:
    world = World(faults=[Fault.NONE, Fault.LOST_ACK, Fault.NONE])
    world.accept("1", "2", "3")
    with pytest.raises(BrokerAway):
        world.relay().run_once()
    assert world.values() == [b"1", b"2", b"3"]
    assert world.rows.published == {1: 0}


def test_what_the_topic_holds_already_is_marked_and_not_sent_again() -> None:
    world = World(faults=[Fault.LOST_ACK] * 3)
    world.accept("1", "2", "3")
    relay = world.relay()
    with pytest.raises(BrokerAway):
        relay.run_once()
    assert relay.run_once() == 3
    assert world.values() == [b"1", b"2", b"3"]
    assert world.rows.published == {1: 0, 2: 1, 3: 2}
    assert world.connections == 2


def test_a_row_is_sent_again_with_the_same_bytes() -> None:
    world = World(faults=[Fault.LATE])
    world.accept("1")
    relay = world.relay()
    with pytest.raises(BrokerAway):
        relay.run_once()
    relay.run_once()
    world.log.land(1)
    first, second = world.log.topics["rs.seizure"]
    assert replace(second, offset=0) == first


def test_the_connection_is_kept_while_all_goes_well_and_dropped_after_a_failure() -> None:
    world = World()
    relay = world.relay()
    for name in ("1", "2"):
        world.accept(name)
        relay.run_once()
    assert world.connections == 1
    world.accept("3")
    relay.close()
    relay.run_once()
    assert world.connections == 2


def test_a_broker_that_is_away_leaves_waiting_rows_without_numbers() -> None:
    world = World()

    def refuse(_: Sequence[str]) -> Publisher:
        raise BrokerAway("nobody listens")

    world.accept("1")
    with pytest.raises(BrokerAway):
        world.relay(refuse).run_once()
    assert not world.rows.sealed


def test_only_the_holder_of_the_lease_relays() -> None:
    world = World()
    world.accept("1")
    relay = world.relay()
    world.rows.leased_by = "somebody else"
    assert relay.run_once() == 0
    assert not world.values()
    world.rows.leased_by = None
    assert relay.run_once() == 1


def test_a_relay_that_loses_its_lease_lets_go_of_kafka_and_compares_again() -> None:
    world = World()
    relay = world.relay()
    relay.run_once()
    world.rows.leased_by = "somebody else"
    relay.run_once()
    world.rows.leased_by = None
    relay.run_once()
    assert world.connections == 2


def test_what_is_in_flight_is_bounded_by_rows_and_by_bytes() -> None:
    world = World()
    world.accept(*(f"{number:04}" for number in range(10)))
    assert world.relay(limits=RelayLimits(rows=3)).run_once() == 3
    assert world.relay(limits=RelayLimits(value_bytes=8)).run_once() == 2
    assert world.relay(limits=RelayLimits(value_bytes=1)).run_once() == 1
    assert len(world.values()) == 6


def test_a_batch_within_bytes_is_the_longest_that_fits() -> None:
    world = World()
    world.accept("1", "22", "333")
    outbox = TwinOutbox(world.rows)
    outbox.seal_waiting(3, sealer(held(a_key()), AUD, lambda: SEALED_AT))
    entries = outbox.sealed(3)
    assert [len(within(entries, limit)) for limit in (0, 1, 2, 3, 5, 6, 7)] == [1, 1, 1, 2, 2, 3, 3]
    assert within([], 1) == []


def test_a_lost_outbox_does_not_send() -> None:
    world = World()
    world.accept("1", "2")
    world.relay().run_once()
    world.rows = TwinRows()
    world.accept("3", topic="rs.trace")
    with pytest.raises(TopicAhead, match=r"rs\.seizure") as caught:
        world.relay().run_once()
    assert caught.value.code == "topic_ahead"
    assert caught.value.parameters == {"topic": "rs.seizure", "topic_number": "1:2", "outbox_number": "1:0"}
    assert not world.rows.sealed
    assert not world.values("rs.trace")


def test_a_restored_outbox_that_numbered_other_events_does_not_send() -> None:
    world = World()
    world.accept("1")
    world.relay().run_once()
    world.rows = TwinRows()
    world.accept("other")
    TwinOutbox(world.rows).seal_waiting(1, sealer(held(a_key()), AUD, lambda: SEALED_AT))
    with pytest.raises(TopicAhead) as caught:
        world.relay().run_once()
    assert caught.value.code == "chain_differs"
    assert world.values() == [b"1"]


def test_an_event_that_stands_under_another_number_is_not_sent_again() -> None:
    world = World()
    world.accept("1", "2")
    world.relay().run_once()
    found = [record for record in world.log.topics["rs.seizure"] if record.value == b"1"]
    other = TwinOutbox()
    other.rows.accept([Draft("rs.seizure", an_id(name), an_id("key"), name.encode()) for name in ("x", "y", "1")])
    other.seal_waiting(3, sealer(held(a_key()), AUD, lambda: SEALED_AT))
    world.log.topics["rs.seizure"] = found
    world.rows = other.rows
    with pytest.raises(TopicAhead) as caught:
        world.relay().run_once()
    assert caught.value.code == "chain_differs"


def test_bytes_without_our_seal_neither_stop_a_relay_nor_count_as_published() -> None:
    world = World()
    world.accept("1", "2")
    world.relay().run_once()
    ahead = Writer(a_key(kid="mallory-1"), topic="rs.seizure")
    for number in range(1_200):
        record = ahead.write(b"forged")
        world.log.write("rs.seizure", record.key, record.value, record.headers)
        world.log.write("rs.seizure", None, b"noise %d" % number)
    world.log.write("rs.seizure", None, None, ((SEAL_HEADER, b"x"),))
    world.accept("3")
    relay = world.relay()
    assert relay.run_once() == 1
    assert world.values()[-1] == b"3"


def test_foreign_bytes_do_not_hide_that_a_topic_is_ahead() -> None:
    world = World()
    world.accept("1")
    world.relay().run_once()
    for _ in range(1_200):
        world.log.write("rs.seizure", None, b"noise")
    world.rows = TwinRows()
    with pytest.raises(TopicAhead):
        world.relay().run_once()


def test_a_late_repeat_does_not_hide_that_a_topic_is_ahead() -> None:
    world = World()
    world.accept("1")
    world.relay().run_once()
    restored = TwinRows(
        list(world.rows.drafts), dict(world.rows.sealed), dict(world.rows.published), dict(world.rows.heads)
    )
    world.accept("2")
    world.relay().run_once()
    first = world.log.topics["rs.seizure"][0]
    world.log.write(first.topic, first.key, first.value, first.headers)
    world.rows = restored
    with pytest.raises(TopicAhead):
        world.relay().run_once()


def test_a_topic_that_is_behind_its_outbox_gets_what_is_missing_of_the_unacknowledged() -> None:
    world = World()
    assert judge("rs.seizure", None, [], []) == {}
    world.accept("1", "2")
    TwinOutbox(world.rows).seal_waiting(2, sealer(held(a_key()), AUD, lambda: SEALED_AT))
    world.log.append(world.rows.sealed[1])
    assert world.relay().run_once() == 2
    assert world.values() == [b"1", b"2"]


def shortened(world: World, kept: int, topic: str = "rs.seizure") -> None:
    del world.log.topics[topic][kept:]


def test_a_topic_that_lacks_what_kafka_acknowledged_stops_the_relay_before_it_sends() -> None:
    world = World()
    world.accept("1", "2", "3")
    world.relay().run_once()
    shortened(world, 2)
    world.accept("4")
    with pytest.raises(TopicBehind) as caught:
        world.relay().run_once()
    assert caught.value.parameters == {"topic": "rs.seizure", "topic_number": "1:2", "outbox_number": "1:3"}
    assert world.values() == [b"1", b"2"]


def test_what_a_key_sealed_beyond_its_end_is_not_on_the_topic_for_its_own_relay() -> None:
    world = World()
    world.accept("1", "2")
    world.relay().run_once()
    first = world.log.topics["rs.seizure"][0]
    last = LastHonest(topic="rs.seizure", life=1, seq=1, hash=link_hash(first.header_values("seal")[0], b"1"))
    ended = replace(public(a_key()), honest={"rs.seizure": last})
    world.expected = Expectation(AUD, KeyRing.of([ended]))
    with pytest.raises(TopicBehind):
        world.relay().run_once()


def test_a_topic_that_is_not_kept_for_good_may_lose_what_was_acknowledged() -> None:
    world = World()
    world.accept("1", "2", topic="rs.heartbeat")
    world.relay().run_once()
    shortened(world, 0, "rs.heartbeat")
    world.accept("3", topic="rs.heartbeat")
    assert world.relay().run_once() == 1


def big(topic: str = "rs.seizure") -> Draft:
    return Draft(topic, an_id("big"), "", b"big" * 100)


def run(relay: Relay, times: int = 6) -> None:
    """More often than finding out which topic is to blame takes."""
    for _ in range(times):
        relay.run_once()


def test_a_topic_that_refuses_a_record_stands_and_the_others_flow() -> None:
    world = World()
    world.log.limits["rs.seizure"] = 100
    world.accept("1")
    world.rows.accept([big()])
    world.accept("2")
    world.accept("3", "4", topic="rs.trace")
    relay = world.relay()
    run(relay)
    assert world.told.standing == {"rs.seizure": "record_refused"}
    assert world.values() == [b"1"]
    assert world.values("rs.trace") == [b"3", b"4"]
    world.accept("5")
    world.accept("6", topic="rs.trace")
    run(relay)
    assert world.values() == [b"1"]
    assert world.values("rs.trace") == [b"3", b"4", b"6"]
    assert set(world.rows.published) == {1, 4, 5, 7}


def test_a_topic_that_stands_goes_on_by_itself_in_order_when_it_is_mended() -> None:
    world = World()
    world.log.limits["rs.seizure"] = 100
    world.rows.accept([big()])
    world.accept("1", "2")
    world.accept("3", topic="rs.trace")
    relay = world.relay()
    run(relay)
    world.minutes += 1
    run(relay)
    assert world.told.standing == {"rs.seizure": "record_refused"}
    del world.log.limits["rs.seizure"]
    run(relay)
    assert world.values() == []
    world.minutes += 1
    run(relay)
    assert world.values() == [big().value, b"1", b"2"]
    assert world.told.standing == {}
    assert world.told.ever_stood == ["rs.seizure"]


def test_a_topic_is_tried_again_although_the_clock_was_set_back() -> None:
    world = World()
    world.log.limits["rs.seizure"] = 100
    world.rows.accept([big()])
    relay = world.relay()
    run(relay)
    del world.log.limits["rs.seizure"]
    world.minutes -= 3 * 24 * 60
    run(relay)
    assert world.values() == [big().value]


def test_which_topic_is_to_blame_is_found_out_though_the_client_blames_all() -> None:
    world = World(faults=[Fault.REFUSED])
    world.accept("1")
    world.accept("2", topic="rs.trace")
    run(world.relay())
    assert world.told.ever_stood == []
    assert (world.values(), world.values("rs.trace")) == ([b"1"], [b"2"])


def test_a_topic_that_is_not_there_stands_and_flows_when_it_is_made() -> None:
    world = World()
    del world.log.topics["rs.seizure"]
    world.accept("1", "2")
    world.accept("3", topic="rs.trace")
    relay = world.relay()
    run(relay)
    assert world.told.standing == {"rs.seizure": "topic_missing"}
    assert world.values("rs.trace") == [b"3"]
    assert 1 not in world.rows.sealed
    world.log.topics["rs.seizure"] = []
    world.minutes += 1
    run(relay)
    assert world.values() == [b"1", b"2"]
    assert world.told.standing == {}


def test_what_stands_takes_no_room_from_what_flows() -> None:
    world = World()
    del world.log.topics["rs.seizure"]
    world.accept(*map(str, range(20)))
    world.accept("x", topic="rs.trace")
    run(world.relay(limits=RelayLimits(rows=3)))
    assert world.values("rs.trace") == [b"x"]


def test_a_key_that_is_not_the_topic_s_owner_s_seals_nothing() -> None:
    world = World()
    world.log.topics["al.seizure"] = []
    world.accept("1", topic="al.seizure")
    with pytest.raises(NotOurs):
        world.relay().run_once()
    assert not world.values("al.seizure")


def test_a_running_relay_goes_on_when_the_broker_is_back_and_ends_when_told() -> None:
    world = World()
    world.accept("1", "2", "3")
    stop = threading.Event()
    outcomes = iter([BrokerAway("away"), StoreAway("away"), OutboxFull("full", code="disk_full")])

    def open_publisher(_: Sequence[str]) -> Publisher:
        for error in outcomes:
            raise error
        return TwinPublisher(world.log, once_empty(world, stop))

    limits = RelayLimits(rows=2, idle_s=0.001, first_backoff_s=0.001)
    world.relay(open_publisher, limits).run(stop)
    assert world.values() == [b"1", b"2", b"3"]
    assert [error.code for error in world.told.failures] == ["broker_away", "store_away", "disk_full"]


def test_what_is_away_at_the_end_is_not_waited_for_again() -> None:
    world, stop, opened = World(), threading.Event(), []
    world.accept("1")

    def open_publisher(_: Sequence[str]) -> Publisher:
        opened.append(1)
        stop.set()
        raise BrokerAway("away")

    relay = world.relay(open_publisher)
    relay.run(stop)
    assert not relay.drain(1.0)
    assert len(opened) == 1


def once_empty(world: World, stop: threading.Event) -> Iterator[Fault]:
    """No faults; tells the relay to end with the last row."""
    for _ in range(len(world.rows.drafts) - 1):
        yield Fault.NONE
    stop.set()


def test_a_drain_sends_all_that_waits() -> None:
    world = World()
    world.accept(*map(str, range(7)))
    assert world.relay(limits=RelayLimits(rows=2)).drain(60.0)
    assert len(world.values()) == 7


def test_a_drain_gives_up_when_the_broker_does_not_answer() -> None:
    world = World(faults=[Fault.AWAY])
    world.accept("1")
    assert not world.relay().drain(60.0)
    assert len(world.told.failures) == 1


def test_a_drain_ends_although_more_is_always_accepted() -> None:
    world = World()
    world.accept("1")
    relay = world.relay(lambda _: EndlessPublisher(world))
    assert not relay.drain(0.05)


class EndlessPublisher(TwinPublisher):
    """Another row is accepted whenever one is sent."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log)
        self._world = world

    def send(self, entry: Entry) -> TwinDelivery:
        self._world.accept(f"after {entry.row}")
        return super().send(entry)
