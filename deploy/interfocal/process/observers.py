"""Turns what loops tell into metrics and log lines. It changes when they tell something new."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from consumers.checked import CheckedEvent
from consumers.ends import MISSING
from consumers.quarantine.entries import Faulty
from interfocal.clock import now
from interfocal.process.clocks import Clocks
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics, reader_labels
from interfocal.process.stages_folded import stages_of_event
from interfocal.process.telling import observe, of_event, of_trace, write_down
from interfocal.quarantine.reasons import known_reason
from schemas.errors import BrokerAway, ExchangeError, PositionLost, StoreAway
from schemas.trust.gaps import Gap

REGION_READER, DESK_READER = "region", "desk"
BROKER, STORE = "broker", "store"
UNREAD = frozenset({MISSING, PositionLost.default_code})


@dataclass(frozen=True, slots=True)
class LoopObserver:
    """Watches one consumer loop: the region's, or the desk's of ``member``.

    ``waiting``: topic -> since when records of it wait (POSIX seconds); ``turns``: when the loop last came round.
    """

    metrics: Metrics
    reader: str
    member: str
    waiting: dict[str, float] = field(default_factory=dict, kw_only=True)
    turns: deque[float] = field(default_factory=lambda: deque([now().timestamp()], maxlen=1), kw_only=True)
    clocks: Clocks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "clocks", Clocks(self.metrics))

    def folded(self, topic: str, events: Sequence[CheckedEvent]) -> None:
        """New events took effect."""
        at, loop = now(), self.metrics.loop
        loop.folded.labels(*reader_labels(self.reader, topic)).inc(len(events))
        observe(self.metrics, (aged for checked in events for aged in stages_of_event(checked, at)))
        abouts = (of_event(c.event.event_id, c.record.headers) | of_trace(c.event) for c in events)
        write_down("folded", topic, [checked.record.offset for checked in events], abouts)
        appended_s = events[-1].record.appended_ms / 1000
        loop.lag_seconds.labels(*reader_labels(self.reader, topic)).set(max(at.timestamp() - appended_s, 0.0))
        if topic in self.waiting:
            self.waiting[topic] = appended_s

    def quarantined(self, faulty: Faulty) -> None:
        """One record went to quarantine."""
        topic, reason = faulty.record.topic, faulty.reason
        self.metrics.loop.quarantined.labels(*reader_labels(self.reader, topic), known_reason(reason)).inc()
        log().warning("quarantined", topic=topic, offset=faulty.record.offset, reason=reason, event_id=faulty.event_id)

    def conflict(self, topic: str, event_id: str) -> None:
        """Two values under one id."""
        self.metrics.loop.conflicts.labels(*reader_labels(self.reader, topic)).inc()
        log().warning("revision_conflict", topic=topic, event_id=event_id)

    def gap(self, topic: str, first: int, last: int) -> None:
        """Offsets are missing on a topic that is kept for good."""
        self.metrics.loop.offsets_missing.labels(*reader_labels(self.reader, topic)).inc(last - first + 1)
        log().error("log_gap", topic=topic, first=first, last=last)

    def chain_gap(self, gap: Gap) -> None:
        """A chain lacks numbers."""
        self.metrics.loop.gaps_found.labels(*reader_labels(self.reader, gap.topic)).inc()
        log().error("chain_gap", topic=gap.topic, life=gap.life, first=gap.first, last=gap.last)

    def loss(self, topic: str, first: int, last: int) -> None:
        """Offsets left a topic with retention unread."""
        log().warning("log_loss", topic=topic, first=first, last=last)

    def paused(self, topic: str, reason: str) -> None:
        """A topic is at its limit of quarantine, is not there, or has lost what was not folded."""
        gauge = self.metrics.loop.unread if reason in UNREAD else self.metrics.store.paused
        gauge.labels(*reader_labels(self.reader, topic)).set(1)
        log().error("topic_paused", topic=topic, reason=reason)

    def resumed(self, topic: str) -> None:
        """A person let it flow again, or mended it."""
        self.metrics.loop.unread.labels(*reader_labels(self.reader, topic)).set(0)
        self.metrics.store.paused.labels(*reader_labels(self.reader, topic)).set(0)
        log().info("topic_resumed", topic=topic)

    def lag(self, topic: str, records: int) -> None:
        """Records that are not folded; their age grows while none of them is, and without any there is none.

        Whoever can say this has had an answer of broker and database.
        """
        at, loop = now().timestamp(), self.metrics.loop
        self.turns.append(at)
        loop.lag_records.labels(*reader_labels(self.reader, topic)).set(records)
        if records == 0:
            self.waiting.pop(topic, None)
        since = self.waiting.setdefault(topic, at) if records else at
        loop.lag_seconds.labels(*reader_labels(self.reader, topic)).set(max(at - since, 0.0))
        for what in (BROKER, STORE):
            loop.away.labels(self.reader, self.member, what).set(0)

    def away(self, error: ExchangeError) -> None:
        """Broker or database do not answer."""
        self.turns.append(now().timestamp())
        what = BROKER if isinstance(error, BrokerAway) else STORE
        if isinstance(error, BrokerAway | StoreAway):
            self.metrics.loop.away.labels(self.reader, self.member, what).set(1)
        log().warning("loop_waits", reader=self.reader, member=self.member, code=error.code, reason=str(error))

    def heartbeat(self, topic: str, clock_offset_s: float) -> None:
        """A member's clock against the broker's, as one heartbeat shows it."""
        self.clocks.heard(topic, clock_offset_s)


def begin(observer: LoopObserver, topics: Sequence[str]) -> None:
    """Show at 0 what is counted and may never happen: who asks for an increase sees then also the first.

    The age of the loop's last turn is taken when somebody scrapes, so that it grows whatever the loop hangs in.
    """
    loop, turns = observer.metrics.loop, observer.turns
    for topic in topics:
        for counted in (loop.folded, loop.conflicts, loop.gaps_found, loop.offsets_missing):
            counted.labels(*reader_labels(observer.reader, topic))
    turned = loop.turned.labels(observer.reader, observer.member)
    turned.set_function(lambda: max(now().timestamp() - turns[0], 0.0))
