"""Liveness, readiness and metrics over HTTP. It changes with what an operator asks of a process."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], str | None]
"""Answers None when all is well, else one sentence on what is not."""


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
