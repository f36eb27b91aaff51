"""Targets: HTTP requests of any kind, handed to our applications in this process. It changes with their addresses."""

import asyncio
import atexit
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from consumers.web.registry_routes import registry_router
from fuzz.target import Octets, Target, edited
from intake_cases import MAPPING, ROW, mapping_of, open_intake, seizure
from interfocal.process.health import health_router
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import Bounds, create_app
from schemas.wire.subjects import subjects_of

KEY = "a-key"
BOUNDS = Bounds(body_bytes=20_000, records=10, wait_s=0.001, poll_s=0.001)
METHODS = ("POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW")
RECORD = json.dumps(seizure()).encode()
ROWS = json.dumps([ROW]).encode()
NONSENSE = 500

INTAKE_PATHS = (
    *("/v1/seizure", "/v1/trace", "/v1/rejected", "/v1/rejected/1", "/v1/rejected/1/resubmit", "/openapi.json"),
)
SUBJECT = "/registry/subjects/rs.seizure-value"
REGISTRY_PATHS = (
    *("/registry/schemas/ids/101", "/registry/subjects", f"{SUBJECT}/versions/1", SUBJECT, "/registry/config/x"),
    *("/registry/mode", "/registry/schemas", "/registry/schemas/ids/101/subjects", f"{SUBJECT}/versions/latest/schema"),
    *("/health/ready", "/metrics"),
)
QUERIES = (b"", b"dry_run=true", b"mapping=rs-zaplene", b"wait=published", b"language=sr-Cyrl", b"limit=2&offset=1")
HEADERS = ((b"content-type", b"application/json"), (b"content-length", b"12"), (b"content-encoding", b"gzip"))


@cache
def intake() -> FastAPI:
    """RS's intake over an outbox of its own, which takes few rows and then says 503."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder)
    side = open_intake(folder, mapping_of(folder, MAPPING), bound_rows=50)
    return create_app({"RS": side}, lambda key: Caller("RS", "fuzz") if key == KEY else None, bounds=BOUNDS)


@cache
def region() -> FastAPI:
    """What the region's process serves without a database."""
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(registry_router(subjects_of(["rs.seizure", "al.missing"])))
    app.include_router(health_router({}, CollectorRegistry()))
    return app


def run_http(app: str, data: bytes) -> None:
    """Whatever is asked, the application answers, in whole messages, and never with a failure of its own."""
    octets = Octets(data)
    served, paths = (intake(), INTAKE_PATHS) if app == "intake" else (region(), REGISTRY_PATHS)
    path = edited(octets.pick(paths).encode(), Octets(octets.some(10))).decode(errors="replace")
    query = edited(octets.pick(QUERIES), Octets(octets.some(10)))
    headers = [(b"x-api-key", KEY.encode())] if octets.number(8) else []
    headers += [_header(octets) for _ in range(octets.number(4))]
    scope = _scope(octets.pick(METHODS), path, query, headers)
    body = [edited(octets.pick((RECORD, ROWS, b"{}", b"")), Octets(octets.some(40))) for _ in range(octets.number(3))]
    status, answer = asyncio.run(_asked(served, scope, iter(body)))
    assert status == 503 or status < NONSENSE, f"{scope['method']} {path}: {status}"
    if answer and scope["method"] != "HEAD" and path.startswith("/v1/"):
        json.loads(answer)


def _header(octets: Octets) -> tuple[bytes, bytes]:
    name, value = octets.pick(HEADERS)
    return name, edited(value, Octets(octets.some(30)))


def _scope(method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("intake", 80),
    }


async def _asked(app: FastAPI, scope: dict[str, Any], body: Iterator[bytes]) -> tuple[int, bytes]:
    """Status and body of the answer; the client goes away after its last piece."""
    status, answer = 0, b""

    async def receive() -> dict[str, Any]:
        piece = next(body, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(told: Any) -> None:
        nonlocal status, answer
        status = told.get("status", status)
        answer += told.get("body", b"")

    await app(scope, receive, send)
    return status, answer


def plain() -> Sequence[bytes]:
    """Each path asked for as it is, with and without a body."""
    length = max(len(INTAKE_PATHS), len(REGISTRY_PATHS))
    return [bytes([n, 0, q, 0, 1, 0, method, 2]) for n in range(length) for q in (0, 1) for method in (0, 1)]


WORDS = (b"9" * 30, b"000000000001", b"%00", b"%2F", b"\xff", b"dry_run=2", b"latest", b'{"schema":"[]"}', b"chunked")
TARGETS = tuple(Target(f"http-{app}", partial(run_http, app), plain, WORDS) for app in ("intake", "region"))
