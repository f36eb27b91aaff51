"""Turns what intakes tell into metrics and log lines. It changes when they tell something new."""

from dataclasses import dataclass

from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.telling import of_trace
from producers.intake.result import Result
from schemas.wire.traceparent import read_context


@dataclass(frozen=True, slots=True)
class IntakeObserver:
    """Watches what becomes of submitted records."""

    metrics: Metrics

    def accepted(self, member: str, stream: str, result: Result) -> None:
        """A record is safe in the outbox."""
        self.metrics.intake.accepted.labels(member, stream).inc()
        context = read_context(result.traceparent)
        about = {"event_id": result.event_id, "revision": result.revision, **of_trace(result)}
        log().info(
            "accepted", member=member, stream=stream, w3c_trace_id=context.trace_id if context else None, **about
        )

    def rejected(self, member: str, stream: str, result: Result) -> None:
        """A record was not accepted; it is kept under its number."""
        self.metrics.intake.rejected.labels(member, stream).inc()
        code = result.problems[0].code
        log().info("rejected", member=member, stream=stream, code=code, rejected_id=result.rejected_id)
