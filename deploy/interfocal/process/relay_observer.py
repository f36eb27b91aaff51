"""Turns what relays tell into metrics and log lines. It changes when they tell something new."""

from collections.abc import Mapping
from dataclasses import dataclass

from interfocal.clock import now
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics, topic_labels
from interfocal.process.stages import stages_of_row
from interfocal.process.telling import observe, of_event, write_down
from schemas.errors import ExchangeError
from schemas.record import Entry


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
            abouts = (of_event(event_id, headers) for event_id, headers in drafts)
            write_down("published", topic, [offsets[entry] for entry in entries], abouts)

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
