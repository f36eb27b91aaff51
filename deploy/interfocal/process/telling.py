"""How what happens is told: lines in the log, ages in the histogram of stages. It changes with the lines.

A line names the event, the trace of a firearm that it belongs to, and the flow of work (``w3c_trace_id``) by which one
request is followed through the logs of all processes. Heartbeats are counted and not written down; of seizures and
missing firearms many that go through at once are one line.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import Histogram

from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.stages import Aged
from schemas.topics import stream_of
from schemas.wire.traceparent import context_in, own_context

UNWRITTEN = frozenset({"heartbeat"})
WRITTEN_TOGETHER = frozenset({"seizure", "missing"})
MANY = 10  # of these streams at once, as when a history is imported or a view rebuilt


def observe(metrics: Metrics, aged: Iterable[Aged]) -> None:
    """Add ages to the histogram of stages."""
    children: dict[tuple[str, str], Histogram] = {}
    for stage, stream, seconds in aged:
        child = children.get((stage, stream))
        if child is None:
            child = children[stage, stream] = metrics.stages.labels(stage, stream)
        child.observe(seconds)


def write_down(fact: str, topic: str, offsets: Sequence[int], abouts: Iterable[Mapping[str, Any]]) -> None:
    """One line an event; or one for all, with their offsets, where they are many of a stream that comes in bulk."""
    stream = stream_of(topic)
    if stream in UNWRITTEN:
        return
    if stream in WRITTEN_TOGETHER and len(offsets) > MANY:
        log().info(fact, topic=topic, events=len(offsets), first_offset=min(offsets), last_offset=max(offsets))
        return
    for offset, about in zip(offsets, abouts, strict=True):
        log().info(fact, topic=topic, offset=offset, **about)


def of_event(event_id: str, headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """The event, and its flow of work."""
    context = context_in(headers) or own_context(event_id)
    return {"event_id": event_id, "w3c_trace_id": context.trace_id}


def of_trace(about: object) -> dict[str, str]:
    """The trace of a firearm, where there is one."""
    trace_id = getattr(about, "trace_id", None)
    return {"trace_id": trace_id} if trace_id else {}
