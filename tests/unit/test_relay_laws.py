"""The relay's law: through any failures, nothing is lost, nothing overtakes, nothing is changed."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import event, given
from hypothesis import strategies as st

from producers.relay import Relay, RelayEdges, RelayLimits
from schemas.errors import Temporary, TopicAhead
from schemas.record import Draft, Record
from schemas.steps import Step
from schemas.trust.chain import verify_records
from schemas.trust.gaps import chain_gaps
from schemas.trust.sealer import sealer
from sealing import AUD, SEALED_AT, a_key, an_id, expecting, held
from twins import Fault, TwinLog, TwinOutbox, TwinPublisher, TwinReader, TwinRows

TOPICS = ("rs.seizure", "rs.trace")
LIMITS = RelayLimits(rows=4, value_bytes=12, seal_rows=3)


class Killed(BaseException):
    """The process is gone: nothing catches this, and nothing is cleaned up."""


@dataclass
class Plan:
    """What will happen: faults of sends, steps after which the process dies, and when late records arrive."""

    faults: Iterator[Fault]
    kills: Iterator[bool]
    landings: Iterator[int]


@dataclass
class World:
    plan: Plan
    rows: TwinRows = field(default_factory=TwinRows)
    log: TwinLog = field(default_factory=lambda: TwinLog(TOPICS))
    names: int = 0
    minutes: int = 0

    def accept(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self.names += 1
            name = str(self.names)
            self.rows.accept([Draft(topic, an_id(name), an_id("key"), name.encode())])

    def now(self) -> datetime:
        self.minutes += 1
        return SEALED_AT + timedelta(minutes=self.minutes)

    def reached(self, step: Step) -> None:
        del step
        self.log.land(next(self.plan.landings, 0))
        if next(self.plan.kills, False):
            raise Killed

    def relay(self) -> Relay:
        self.rows.leased_by = None
        edges = RelayEdges(
            outbox=TwinOutbox(self.rows),
            open_publisher=lambda _: TwinPublisher(self.log, self.plan.faults),
            open_reader=lambda: TwinReader(self.log),
            sealer=sealer(held(a_key()), AUD, lambda: SEALED_AT),
            now=self.now,
            expected=expecting(a_key()),
            topics=TOPICS,
            check_in_force=lambda: None,
        )
        return Relay(edges, LIMITS, reached=self.reached)

    def run(self, turns: int) -> None:
        """So many turns of relays, a new one after each death."""
        relay = self.relay()
        for _ in range(turns):
            try:
                relay.run_once()
            except Temporary:
                event("away")
            except Killed:
                event("killed")
                relay = self.relay()
            self.check_marks()

    def check_marks(self) -> None:
        """What is marked published stands on its topic, at that offset, with exactly its bytes."""
        for row, offset in self.rows.published.items():
            entry = self.rows.sealed[row]
            record = self.log.topics[entry.draft.topic][offset]
            assert (record.value, record.headers) == (entry.draft.value, entry.headers)


def plans(faults: Sequence[Fault]) -> st.SearchStrategy[Plan]:
    mostly_well = st.sampled_from([Fault.NONE, Fault.NONE, *faults])
    return st.builds(
        Plan,
        st.lists(mostly_well, max_size=25).map(iter),
        st.lists(st.booleans(), max_size=12).map(iter),
        st.lists(st.integers(0, 3), max_size=20).map(iter),
    )


def first_occurrences(records: Sequence[Record]) -> list[bytes | None]:
    return list(dict.fromkeys(record.value for record in records))


SUBMISSIONS = st.lists(st.lists(st.sampled_from(TOPICS), max_size=5), min_size=1, max_size=6)


@given(SUBMISSIONS, plans(list(Fault)))
def test_the_relay_neither_loses_nor_reorders_nor_changes(submissions: list[list[str]], plan: Plan) -> None:
    world = World(plan)
    for topics in submissions:
        world.accept(topics)
        world.run(turns=3)
    world.run(turns=80)  # more than all planned faults and deaths together, so that the last turns go well
    world.log.land(1_000)
    assert TwinOutbox(world.rows).backlog().rows == 0
    for topic, records in world.log.topics.items():
        accepted = [draft.value for draft in world.rows.drafts if draft.topic == topic]
        assert first_occurrences(records) == accepted
        verdicts = verify_records(records, expecting(a_key()), singly=True)
        seals = [verdict.seal for verdict in verdicts if verdict.seal is not None]
        assert len(seals) == len(records)
        assert not chain_gaps(seals)
        assert len({(seal.claims.life, seal.claims.seq, seal.header) for seal in seals}) == len(accepted)
    world.check_marks()


def saved(rows: TwinRows) -> TwinRows:
    """A backup of an outbox."""
    backup = copy(rows)
    backup.drafts = list(rows.drafts)
    backup.published = dict(rows.published)
    return backup


@given(SUBMISSIONS, SUBMISSIONS, plans([Fault.AWAY, Fault.LOST_ACK]))
def test_a_restored_outbox_never_gives_one_number_to_two_events(
    before: list[list[str]], after: list[list[str]], plan: Plan
) -> None:
    world = World(plan)
    for topics in before:
        world.accept(topics)
        world.run(turns=1)
    backup = saved(world.rows)
    for topics in after:
        world.accept(topics)
        world.run(turns=2)
    world.rows = backup
    world.accept(TOPICS)
    try:
        world.run(turns=80)
    except TopicAhead:
        event("refused")
    for records in world.log.topics.values():
        seals = [verdict.seal for verdict in verify_records(records, expecting(a_key())) if verdict.seal is not None]
        events = {(seal.claims.life, seal.claims.seq, seal.claims.event_id) for seal in seals}
        assert len(events) == len({(life, seq) for life, seq, _ in events})
