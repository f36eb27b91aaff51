"""The loop that every consumer shares: poll, check, fold in one transaction, tell.

It changes when delivery is promised in another way. At least once, with effects once: event rows, effects, quarantine
and positions are written in one transaction, and a position moves only from where it was expected. Topics are shared
with other instances of the group; what another instance has folded meanwhile is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Event as Signal

from consumers.adoption import Adoption
from consumers.assignment import Assignment
from consumers.checking import check_records
from consumers.folding import Outcome, failed, fold
from consumers.parts import LoopParts
from consumers.plan import Batch, Hole, Items
from consumers.progress import Progress
from consumers.quarantine.retrying import Retrying
from consumers.quarantine.settling import FULL
from consumers.store import positions
from consumers.store.connection import TOO_SLOW
from consumers.store.session import Session
from schemas.errors import QuarantineFull, Stop, Temporary
from schemas.record import Position, Record
from schemas.steps import Step
from schemas.topics import DECISION_TOPIC, stream_of

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
AFTER_COMMIT = {"inbox": Step.INBOX_FOLDED, "receipt": Step.RECEIPT_FOLDED}


def never() -> bool:
    """When a consumer at work is done."""
    return False


class Loop:
    """One consumer. One thread runs it; ``caught_up`` may be asked from any."""

    def __init__(self, parts: LoopParts) -> None:
        self._parts = parts
        self._session = Session(parts.connect)
        self._assignment = Assignment(parts, self._session)
        self._progress = Progress(parts, self._session)
        self._adoption = Adoption(self._session, parts.terms, parts.rules.handlers)
        self._retrying = Retrying(self._session, parts.terms, parts.rules)
        self._holes: dict[str, Hole] = {}
        self._limit = parts.pace.limit

    def run(self, stop: Signal, done: Callable[[], bool] = never) -> None:
        """Run until ``stop`` is set, or all is ``done``; the batch in hand is finished.

        Raises Stop, above all PositionLost.
        """
        pause_s = FIRST_PAUSE_S
        while not (stop.is_set() or done()):
            try:
                self.run_once()
                pause_s = FIRST_PAUSE_S
            except Temporary as error:
                self._parts.observer.away(error)
                stop.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def run_once(self) -> int:
        """Poll once and fold what came; how many new events took effect. Raises BrokerAway, StoreAway or Stop."""
        self._retrying.due |= self._adoption.make_sure()
        read = self._parts.source.poll(self._parts.pace.poll_s, self._limit)
        try:
            sought = self._assignment.take_over()
            records = {topic: own for topic, own in read.items() if topic not in sought}
            folded = self._fold(records) if records else 0
            # At a desk nothing is read when a person releases a record; in the region a decision is.
            self._retrying.due |= not read or DECISION_TOPIC in records
            folded += self._retrying.try_all(self._progress.tell)
            self._assignment.let_flow()
            if self._progress.look(self._assignment.topics, self._assignment.lost):
                self._assignment.look_at_lost()
        except Temporary as error:
            if error.code == TOO_SLOW:  # the same batch would be too much again
                self._limit = max(self._limit // 2, 1)
            for topic, own in read.items():
                self._holes.pop(topic, None)  # nobody has gone back to before it
                self._parts.source.seek(Position(topic, own[0].offset))
            raise
        self._limit = min(self._limit * 2, self._parts.pace.limit)
        return folded

    def caught_up(self) -> bool:
        """The start barrier: whether every topic is folded to the end read at the start, or paused."""
        return self._progress.caught_up

    def close(self) -> None:
        """Let go of the database and leave the group."""
        self._session.close()
        self._parts.source.close()

    def _fold(self, records: Mapping[str, Sequence[Record]]) -> int:
        """Fold what was polled; a batch whose data fail is halved until the one record is found."""
        reached = self._parts.rules.reached
        reached(Step.POLLED)
        items: Items = {topic: check_records(topic, own, self._parts.terms) for topic, own in records.items()}
        reached(Step.CHECKED)
        waiting = [Batch(items, {topic: hole for topic, hole in self._holes.items() if topic in items})]
        holes: dict[str, Hole] = {}
        folded = 0
        while waiting:
            batch = waiting.pop()
            outcome = self._attempt(batch, waiting)
            if outcome is not None:
                self._settle(outcome)
                holes = {**outcome.holes, **holes}  # the first of a topic counts: what follows it was not looked at
                folded += len(outcome.events)
        self._seek_holes(items, holes)
        return folded

    def _attempt(self, batch: Batch, waiting: list[Batch]) -> Outcome | None:
        """One transaction; where the data fail, nothing is done but to say what to try instead."""
        try:
            return self._session.transact(
                lambda transaction: fold(self._adoption.checked(transaction), batch, self._parts.rules)
            )
        except QuarantineFull as full:
            if batch.size == 1:
                self._pause(full.parameters["topic"])
            else:
                waiting += reversed(batch.halves())
        except (Temporary, Stop):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a handler raises over one event must not stop the others
            waiting += [failed(batch, error)] if batch.size == 1 else reversed(batch.halves())
        return None

    def _settle(self, outcome: Outcome) -> None:
        """Tell what a committed transaction did."""
        parts = self._parts
        parts.rules.reached(Step.COMMITTED)
        for stream in sorted({stream_of(checked.record.topic) for checked in outcome.events} & AFTER_COMMIT.keys()):
            parts.rules.reached(AFTER_COMMIT[stream])
        parts.source.commit([Position(topic, offset) for topic, offset in outcome.positions.items()])
        self._assignment.mark_paused(outcome.paused)
        self._progress.tell(outcome)

    def _pause(self, topic: str) -> None:
        self._session.transact(lambda transaction: positions.pause(transaction, topic, FULL))
        self._assignment.mark_paused({topic: FULL})

    def _seek_holes(self, items: Items, holes: Mapping[str, Hole]) -> None:
        """Go back to before each hole, once: the same higher record again is taken."""
        for topic in items:
            self._holes.pop(topic, None)
        for topic, hole in holes.items():
            if self._assignment.go_back(topic, hole.expected):
                self._holes[topic] = hole
