"""Turns what relays, loops and workers tell into metrics and log lines. It changes when they tell something new."""

from dataclasses import dataclass, field

from consumers.heartbeats import CLOCK_TOLERANCE_S, clock_skew_s
from interfocal.clock import now
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics, topic_labels
from schemas.errors import ExchangeError
from schemas.topics import owner_of, stream_of
from schemas.trust.gaps import Gap


@dataclass(frozen=True, slots=True)
class RelayObserver:
    """Watches one relay."""

    metrics: Metrics
    owner: str

    def published(self, topic: str, count: int) -> None:
        """Rows of a topic were acknowledged."""
        self.metrics.published.labels(*topic_labels(topic)).inc(count)

    def away(self, error: ExchangeError) -> None:
        """Kafka or the outbox's disk do not answer, or that disk is full."""
        log().warning("relay_waits", owner=self.owner, code=error.code, reason=str(error))

    def stands(self, topic: str, error: ExchangeError) -> None:
        """Kafka takes nothing on a topic, and its rows wait."""
        self.metrics.stands.labels(*topic_labels(topic)).set(1)
        log().error("topic_stands", topic=topic, code=error.code, reason=str(error))

    def flows(self, topic: str) -> None:
        """It takes records again."""
        self.metrics.stands.labels(*topic_labels(topic)).set(0)
        log().info("topic_flows", topic=topic)


@dataclass(frozen=True, slots=True)
class LoopObserver:
    """Watches one consumer loop.

    ``waiting``: topic -> since when records of it wait (POSIX seconds). ``clocks``: topic of heartbeats -> by how much
    the last one showed its member's clock to be off; ``skewed``: those whose clock is off.
    """

    metrics: Metrics
    waiting: dict[str, float] = field(default_factory=dict, kw_only=True)
    clocks: dict[str, float] = field(default_factory=dict, kw_only=True)
    skewed: set[str] = field(default_factory=set, kw_only=True)

    def folded(self, topic: str, events: int, appended_ms: int) -> None:
        """New events took effect."""
        age_s = max(now().timestamp() - appended_ms / 1000, 0.0)
        self.metrics.folded.labels(*topic_labels(topic)).inc(events)
        self.metrics.fold_latency.labels(stream_of(topic)).observe(age_s)
        self.metrics.lag_seconds.labels(*topic_labels(topic)).set(age_s)
        if topic in self.waiting:
            self.waiting[topic] = appended_ms / 1000

    def quarantined(self, topic: str, reason: str) -> None:
        """One record went to quarantine."""
        self.metrics.quarantined.labels(*topic_labels(topic)).inc()
        log().warning("quarantined", topic=topic, reason=reason)

    def conflict(self, topic: str, event_id: str) -> None:
        """Two values under one id."""
        log().warning("revision_conflict", topic=topic, event_id=event_id)

    def gap(self, topic: str, first: int, last: int) -> None:
        """Offsets are missing on a topic that is kept for good."""
        log().error("log_gap", topic=topic, first=first, last=last)

    def chain_gap(self, gap: Gap) -> None:
        """A chain lacks numbers."""
        log().error("chain_gap", topic=gap.topic, life=gap.life, first=gap.first, last=gap.last)

    def loss(self, topic: str, first: int, last: int) -> None:
        """Offsets left a topic with retention unread."""
        log().warning("log_loss", topic=topic, first=first, last=last)

    def paused(self, topic: str, reason: str) -> None:
        """A topic is at its limit of quarantine."""
        self.metrics.paused.labels(*topic_labels(topic)).set(1)
        log().error("topic_paused", topic=topic, reason=reason)

    def resumed(self, topic: str) -> None:
        """A person let it flow again."""
        self.metrics.paused.labels(*topic_labels(topic)).set(0)
        log().info("topic_resumed", topic=topic)

    def lag(self, topic: str, records: int) -> None:
        """Records that are not folded; their age grows while none of them is, and without any there is none."""
        at = now().timestamp()
        self.metrics.lag_records.labels(*topic_labels(topic)).set(records)
        if records == 0:
            self.waiting.pop(topic, None)
            self.metrics.lag_seconds.labels(*topic_labels(topic)).set(0)
        else:
            self.metrics.lag_seconds.labels(*topic_labels(topic)).set(max(at - self.waiting.setdefault(topic, at), 0.0))

    def away(self, error: ExchangeError) -> None:
        """Broker or database do not answer."""
        log().warning("loop_waits", code=error.code, reason=str(error))

    def heartbeat(self, topic: str, clock_offset_s: float) -> None:
        """A member's clock against the broker's: as two heartbeats in a row show it, and told once."""
        earlier_s = self.clocks.get(topic)
        self.clocks[topic] = clock_offset_s
        if earlier_s is None:
            return
        skew_s = clock_skew_s(clock_offset_s, earlier_s)
        member = owner_of(topic).upper()
        self.metrics.clock_skew.labels(owner_of(topic).upper()).set(skew_s)
        if abs(skew_s) > CLOCK_TOLERANCE_S and topic not in self.skewed:
            self.skewed.add(topic)
            log().warning("clock_skew", member=member, ahead_s=round(skew_s))
        elif abs(skew_s) <= CLOCK_TOLERANCE_S and topic in self.skewed:
            self.skewed.discard(topic)
            log().info("clock_right", member=member)
