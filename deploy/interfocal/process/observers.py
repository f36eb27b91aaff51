"""Turns what relays, loops and workers tell into metrics and log lines. It changes when they tell something new.

A line names the event, the trace of a firearm that it belongs to, and the flow of work (``w3c_trace_id``) by which one
request is followed through the logs of all processes. Heartbeats are counted and not written down; of seizures and
missing firearms many that go through at once are one line.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Histogram

from consumers.checked import CheckedEvent
from consumers.quarantine.entries import Faulty
from consumers.tracing.deciding import Taken
from consumers.tracing.worker import rule_of
from interfocal.clock import now
from interfocal.process.clocks import Clocks
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics, reader_labels, topic_labels
from interfocal.process.stages import Aged, Stage, stages_of_event, stages_of_row
from interfocal.quarantine.reasons import known_reason
from producers.intake.submission import Result
from schemas.errors import BrokerAway, ExchangeError, StoreAway, Temporary
from schemas.events.decision import Decision
from schemas.record import Entry
from schemas.topics import stream_of
from schemas.trust.gaps import Gap
from schemas.wire.traceparent import context_in, own_context, read_context

REGION_READER, DESK_READER = "region", "desk"
BROKER, STORE = "broker", "store"
UNWRITTEN = frozenset({"heartbeat"})
WRITTEN_TOGETHER = frozenset({"seizure", "missing"})
MANY = 10  # of these streams at once, as when a history is imported or a view rebuilt
NO_RULE = "-"


@dataclass(frozen=True, slots=True)
class IntakeObserver:
    """Watches what becomes of submitted records."""

    metrics: Metrics

    def accepted(self, member: str, stream: str, result: Result) -> None:
        """A record is safe in the outbox."""
        self.metrics.intake.accepted.labels(member, stream).inc()
        context = read_context(result.traceparent)
        about = {"event_id": result.event_id, "revision": result.revision, **_of_trace(result)}
        log().info(
            "accepted", member=member, stream=stream, w3c_trace_id=context.trace_id if context else None, **about
        )

    def rejected(self, member: str, stream: str, result: Result) -> None:
        """A record was not accepted; it is kept under its number."""
        self.metrics.intake.rejected.labels(member, stream).inc()
        code = result.problems[0].code
        log().info("rejected", member=member, stream=stream, code=code, rejected_id=result.rejected_id)


@dataclass(frozen=True, slots=True)
class RelayObserver:
    """Watches one relay."""

    metrics: Metrics
    owner: str

    def published(self, offsets: Mapping[Entry, int]) -> None:
        """Rows were acknowledged."""
        at = now()
        observe(self.metrics, (aged for entry in offsets for aged in stages_of_row(entry, at)))
        by_topic: dict[str, list[Entry]] = {}
        for entry in offsets:
            by_topic.setdefault(entry.draft.topic, []).append(entry)
        for topic, entries in by_topic.items():
            self.metrics.relay.published.labels(*topic_labels(topic)).inc(len(entries))
            drafts = ((entry.draft.event_id, entry.draft.headers) for entry in entries)
            abouts = (_about(event_id, headers) for event_id, headers in drafts)
            _write_down("published", topic, [offsets[entry] for entry in entries], abouts)

    def away(self, error: ExchangeError) -> None:
        """Kafka or the outbox's disk do not answer, or that disk is full."""
        log().warning("relay_waits", owner=self.owner, code=error.code, reason=str(error))

    def stands(self, topic: str, error: ExchangeError) -> None:
        """Kafka takes nothing on a topic, and its rows wait."""
        self.metrics.relay.stands.labels(*topic_labels(topic)).set(1)
        log().error("topic_stands", topic=topic, code=error.code, reason=str(error))

    def flows(self, topic: str) -> None:
        """It takes records again."""
        self.metrics.relay.stands.labels(*topic_labels(topic)).set(0)
        log().info("topic_flows", topic=topic)


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
        abouts = (_about(c.event.event_id, c.record.headers) | _of_trace(c.event) for c in events)
        _write_down("folded", topic, [checked.record.offset for checked in events], abouts)
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
        """A topic is at its limit of quarantine."""
        self.metrics.store.paused.labels(*reader_labels(self.reader, topic)).set(1)
        log().error("topic_paused", topic=topic, reason=reason)

    def resumed(self, topic: str) -> None:
        """A person let it flow again."""
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


@dataclass(frozen=True, slots=True)
class EndedTermObserver:
    """Watches the ends of embargoes and expiries."""

    metrics: Metrics

    def ended(self, decision: Decision) -> None:
        """A term was ended by a decision."""
        rule = rule_of(decision) or NO_RULE
        self.metrics.decisions.labels(decision.kind, rule).inc()
        log().info("decided", kind=decision.kind, rule=rule, event_id=decision.event_id, subject=decision.subject)

    def away(self, error: Temporary) -> None:
        """The database does not answer."""
        log().warning("terms_wait", code=error.code, reason=str(error))


@dataclass(frozen=True, slots=True)
class RouterObserver:
    """Watches the router."""

    metrics: Metrics

    def decided(self, taken: Taken) -> None:
        """A decision was taken."""
        decision, rule = taken.decision, rule_of(taken.decision) or NO_RULE
        self.metrics.decisions.labels(decision.kind, rule).inc()
        seconds = max((now() - taken.arrival.folded_at).total_seconds(), 0.0)
        self.metrics.stages.labels(Stage.FOLDED_TO_DECIDED, "decision").observe(seconds)
        about = {"event_id": decision.event_id, "subject": decision.subject, "hop": decision.hop, **_of_trace(decision)}
        log().info("decided", kind=decision.kind, rule=rule, w3c_trace_id=taken.arrival.context.trace_id, **about)

    def not_decided(self, kind: str, error: Exception) -> None:
        """A want could not be decided now; it is tried again."""
        log().error("not_decided", kind=kind, error=type(error).__name__)

    def away(self, error: Temporary) -> None:
        """The database does not answer."""
        log().warning("router_waits", code=error.code, reason=str(error))


def observe(metrics: Metrics, aged: Iterable[Aged]) -> None:
    """Add ages to the histogram of stages."""
    children: dict[tuple[str, str], Histogram] = {}
    for stage, stream, seconds in aged:
        child = children.get((stage, stream))
        if child is None:
            child = children[stage, stream] = metrics.stages.labels(stage, stream)
        child.observe(seconds)


def _write_down(fact: str, topic: str, offsets: Sequence[int], abouts: Iterable[Mapping[str, Any]]) -> None:
    """One line an event; or one for all, with their offsets, where they are many of a stream that comes in bulk."""
    stream = stream_of(topic)
    if stream in UNWRITTEN:
        return
    if stream in WRITTEN_TOGETHER and len(offsets) > MANY:
        log().info(fact, topic=topic, events=len(offsets), first_offset=min(offsets), last_offset=max(offsets))
        return
    for offset, about in zip(offsets, abouts, strict=True):
        log().info(fact, topic=topic, offset=offset, **about)


def _about(event_id: str, headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    context = context_in(headers) or own_context(event_id)
    return {"event_id": event_id, "w3c_trace_id": context.trace_id}


def _of_trace(about: object) -> dict[str, str]:
    """The trace of a firearm, where there is one."""
    trace_id = getattr(about, "trace_id", None)
    return {"trace_id": trace_id} if trace_id else {}
