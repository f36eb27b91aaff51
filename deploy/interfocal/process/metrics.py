"""Every metric, declared once. It changes when operators need another figure.

Labels come from closed sets: member codes and streams of the directory, and codes of our own lists. The registry is
passed in, so that two processes' worth of metrics can live in one test.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.topics import REGION, owner_of, stream_of

OF_STREAM = ("member", "stream")
OF_READER = ("reader", "member", "stream")
QUALITY = ("member", "system", "measure")
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)


def topic_labels(topic: str) -> tuple[str, str]:
    """(member, stream) of a topic; what the region writes for one member is labelled with that member."""
    stream, _, addressee = topic.removeprefix(f"{REGION}.").partition(".")
    if owner_of(topic) == REGION and addressee:
        return addressee.upper(), stream
    return owner_of(topic).upper(), stream_of(topic)


def reader_labels(reader: str, topic: str) -> tuple[str, str, str]:
    """The same with who reads: the region, or a desk."""
    return reader, *topic_labels(topic)


class IntakeMetrics:
    """What intakes tell."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accepted = _counter(registry, "accepted", "Records accepted at intake", OF_STREAM)
        self.rejected = _counter(registry, "rejected", "Records rejected at intake", OF_STREAM)
        self.quality = _gauge(registry, "quality_ratio", "Shares of this month", QUALITY)


class RelayMetrics:
    """What relays tell, and what waits for them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.published = _counter(registry, "published", "Events acknowledged by Kafka", OF_STREAM)
        self.rows = _gauge(registry, "outbox_rows", "Outbox rows that Kafka has not acknowledged", ("member",))
        self.oldest = _gauge(registry, "outbox_oldest_seconds", "Age of the oldest such row", ("member",))
        self.stands = _gauge(registry, "topic_stands", "1 while Kafka takes nothing on a topic", OF_STREAM)


class LoopMetrics:
    """What loops tell as they read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.folded = _counter(registry, "folded", "Events folded", OF_READER)
        self.quarantined = _counter(registry, "quarantined", "Records put into quarantine", (*OF_READER, "reason"))
        self.conflicts = _counter(registry, "revision_conflicts", "Other values under a known event id", OF_READER)
        self.gaps_found = _counter(registry, "chain_gaps_found", "Jumps met in chains", OF_READER)
        self.offsets_missing = _counter(
            registry, "offsets_missing", "Offsets that a topic kept for good lacks", OF_READER
        )
        self.lag_records = _gauge(registry, "lag_records", "Records on the topic that are not folded", OF_READER)
        self.lag_seconds = _gauge(registry, "lag_seconds", "Seconds for which records of the topic wait", OF_READER)
        self.unread = _gauge(registry, "topic_unread", "1 while a loop cannot read a topic on", OF_READER)
        self.away = _gauge(registry, "away", "1 while a loop waits for this", ("reader", "member", "what"))
        self.clock_skew = _gauge(registry, "clock_skew_seconds", "Clock ahead of the broker's", ("member",))
        self.turned = _gauge(registry, "loop_turn_seconds", "Since a loop last came round", ("reader", "member"))


class StoreMetrics:
    """What the databases say: the same from every process that reads the same one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.quarantine = _gauge(registry, "quarantine_entries", "Entries that wait for a person", OF_READER)
        self.quarantine_oldest = _gauge(registry, "quarantine_oldest_seconds", "Age of the oldest of them", OF_READER)
        self.paused = _gauge(registry, "topic_paused", "1 while a topic's quarantine limit pauses it", OF_READER)
        self.gaps = _gauge(registry, "chain_gaps", "Gaps of chains that nobody has acknowledged", OF_READER)
        self.heartbeat_age = _gauge(registry, "heartbeat_age_seconds", "Since a member's last heartbeat", ("member",))
        self.work = _gauge(registry, "work_rows", "Work that no decision has settled", ("kind",))
        self.work_oldest = _gauge(registry, "work_oldest_seconds", "Age of the oldest of it", ("kind",))
        self.traces = _gauge(registry, "traces", "Traces", ("state",))
        self.reads = _gauge(registry, "reads_last_hour", "Readings logged in an hour", ("reader", "member"))
        self.reads_of_one = _gauge(
            registry, "reads_of_one_last_hour", "The most of them by one person", ("reader", "member")
        )
        self.migration = _gauge(registry, "migration_info", "Revisions of a database's tables", ("member", "revision"))


class ReceiptMetrics:
    """What the region sent and no desk has confirmed, by whose desk that is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.missing = _gauge(registry, "receipts_missing", "Deliveries without a receipt", ("member",))
        self.oldest = _gauge(registry, "receipts_oldest_seconds", "Age of the oldest of them", ("member",))


class ProcessMetrics:
    """What a process says of itself and of where it stands."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.worker_failed = _gauge(registry, "worker_failed", "1 for a part that failed for good", ("worker",))
        self.build = _gauge(registry, "build_info", "The program's version", ("version",))
        self.schemas = _gauge(registry, "schema_info", "Schemas that it knows", ("stream", "version"))
        self.disk_free = _gauge(registry, "disk_free_bytes", "Bytes that a disk has left", ("place",))
        self.disk_size = _gauge(registry, "disk_size_bytes", "Bytes that it holds", ("place",))
        self.drift = _gauge(registry, "provisioning_differences", "Where the cluster is not as planned", ())


class TrustMetrics:
    """By which directory a process goes, and until when that and the keys in it let anything be sent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.version = _gauge(registry, "directory_version", "Version of the directory in force", ())
        self.expires = _gauge(registry, "directory_expiry_timestamp_seconds", "When it expires", ())
        self.key_expires = _gauge(registry, "key_expiry_timestamp_seconds", "When the last key expires", ("member",))
        self.certificate_expires = _gauge(
            registry, "certificate_expiry_timestamp_seconds", "When a certificate ends", ("certificate",)
        )


class HeadMetrics:
    """What heartbeats and the region's heads witness."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.unseen = _gauge(registry, "records_unseen", "Records that a heartbeat names and nobody folded", OF_STREAM)
        self.unknown = _gauge(registry, "head_lines_unknown", "Lines that name no heartbeat of the member", ("member",))
        self.behind = _gauge(registry, "head_behind_seconds", "From the heartbeat named to the last one", ("member",))


class Metrics:
    """The metrics of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.intake = IntakeMetrics(registry)
        self.relay = RelayMetrics(registry)
        self.loop = LoopMetrics(registry)
        self.store = StoreMetrics(registry)
        self.process = ProcessMetrics(registry)
        self.trust = TrustMetrics(registry)
        self.heads = HeadMetrics(registry)
        self.receipts = ReceiptMetrics(registry)
        self.decisions = _counter(registry, "decisions", "Decisions taken", ("kind", "rule"))
        self.stages = Histogram(
            "interfocal_stage_seconds",
            "From one step of the path to a later one",
            ("stage", "stream"),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )


def _counter(registry: CollectorRegistry, name: str, meaning: str, labels: Sequence[str]) -> Counter:
    return Counter(f"interfocal_{name}_total", meaning, labels, registry=registry)


def _gauge(registry: CollectorRegistry, name: str, meaning: str, labels: Sequence[str]) -> Gauge:
    return Gauge(f"interfocal_{name}", meaning, labels, registry=registry)
