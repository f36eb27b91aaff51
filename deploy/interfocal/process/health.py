"""Liveness, readiness and metrics over HTTP. It changes with what an operator asks of a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from interfocal.process.metrics import Metrics

Check = Callable[[], str | None]
"""Answers None when all is well, else one sentence on what is not."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Workers of this process that failed for good, with the code of the error. Threads share it."""

    metrics: Metrics
    codes: dict[str, str] = field(default_factory=dict)

    def add(self, worker: str, code: str) -> None:
        """One failed."""
        self.codes[worker] = code
        self.metrics.process.worker_failed.labels(worker).set(1)

    def check(self) -> str | None:
        """Which failed."""
        failed = ", ".join(f"{worker} ({code})" for worker, code in sorted(self.codes.copy().items()))
        return f"failed for good, see the log, mend the cause and start again: {failed}" if failed else None


def health_router(checks: Mapping[str, Check], registry: CollectorRegistry) -> APIRouter:
    """``/health/live`` while the process runs, ``/health/ready`` when every check passes (else 503), ``/metrics``."""
    router = APIRouter(tags=["operation"])

    @router.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready")
    def ready(response: Response) -> dict[str, object]:
        waiting = {name: reason for name, check in checks.items() if (reason := check()) is not None}
        response.status_code = 503 if waiting else 200
        return {"status": "waiting" if waiting else "ready", "waiting": waiting}

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
