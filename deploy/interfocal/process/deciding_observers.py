"""Turns what the region's router and ends of terms tell into metrics and log lines. It changes as they do."""

from dataclasses import dataclass

from consumers.tracing.deciding import Taken
from consumers.tracing.worker import rule_of
from interfocal.clock import now
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.stages import Stage
from interfocal.process.telling import of_trace
from schemas.errors import Temporary
from schemas.events.decision import Decision

NO_RULE = "-"


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
        about = {"event_id": decision.event_id, "subject": decision.subject, "hop": decision.hop, **of_trace(decision)}
        log().info("decided", kind=decision.kind, rule=rule, w3c_trace_id=taken.arrival.context.trace_id, **about)

    def not_decided(self, kind: str, error: Exception) -> None:
        """A want could not be decided now; it is tried again."""
        log().error("not_decided", kind=kind, error=type(error).__name__)

    def away(self, error: Temporary) -> None:
        """The database does not answer."""
        log().warning("router_waits", code=error.code, reason=str(error))
