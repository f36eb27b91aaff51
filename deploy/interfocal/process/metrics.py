"""Every metric, declared once. It changes when operators need another figure.

Labels come from closed sets: member codes and streams of the directory, and codes of our own lists. The registry is
passed in, so that two processes' worth of metrics can live in one test.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.topics import REGION, owner_of, stream_of

QUALITY = ("member", "system", "measure")
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)


def topic_labels(topic: str) -> tuple[str, str]:
    """(member, stream) of a topic; what the region writes for one member is labelled with that member."""
    stream, _, addressee = topic.removeprefix(f"{REGION}.").partition(".")
    if owner_of(topic) == REGION and addressee:
        return addressee.upper(), stream
    return owner_of(topic).upper(), stream_of(topic)


class Metrics:
    """The metrics of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        by_stream = ("member", "stream")
        self.registry = registry
        self.accepted = Counter("interfocal_accepted_total", "Records accepted at intake", by_stream, registry=registry)
        self.rejected = Counter("interfocal_rejected_total", "Records rejected at intake", by_stream, registry=registry)
        self.published = Counter(
            "interfocal_published_total", "Events acknowledged by Kafka", by_stream, registry=registry
        )
        self.folded = Counter("interfocal_folded_total", "Events folded", by_stream, registry=registry)
        self.quarantined = Counter(
            "interfocal_quarantined_total", "Records put into quarantine", by_stream, registry=registry
        )
        self.paused = Gauge(
            "interfocal_topic_paused", "1 while a topic's quarantine limit pauses it", by_stream, registry=registry
        )
        self.lag_records = Gauge(
            "interfocal_lag_records", "Records on the topic that are not folded", by_stream, registry=registry
        )
        self.lag_seconds = Gauge(
            "interfocal_lag_seconds", "Seconds for which records of the topic wait", by_stream, registry=registry
        )
        self.outbox_rows = Gauge(
            "interfocal_outbox_rows", "Outbox rows that Kafka has not acknowledged", ("member",), registry=registry
        )
        self.outbox_oldest = Gauge(
            "interfocal_outbox_oldest_seconds", "Age of the oldest such row", ("member",), registry=registry
        )
        self.worker_failed = Gauge(
            "interfocal_worker_failed", "1 for a part that failed for good", ("worker",), registry=registry
        )
        self.certificate_expires = Gauge(
            "interfocal_certificate_expiry_timestamp_seconds",
            "When a certificate ends",
            ("certificate",),
            registry=registry,
        )
        self.decisions = Counter("interfocal_decisions_total", "Decisions taken", ("kind", "rule"), registry=registry)
        self.quality = Gauge("interfocal_quality_ratio", "Shares of this month", QUALITY, registry=registry)
        self.fold_latency = Histogram(
            "interfocal_publish_to_fold_seconds",
            "From the broker's clock to the fold",
            ("stream",),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
