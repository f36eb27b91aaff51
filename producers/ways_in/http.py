"""The HTTP way into the intakes that one process serves. It changes when HTTP clients may ask something new.

A presented API key decides the member. A bulk is one transaction: one result per record, in order, or 503 and
nothing is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from producers.intake.intake import Intake, Options
from producers.intake.rejected import KeptRejection, kept_rejection
from producers.intake.resubmit import NOT_REJECTED, resubmit
from producers.intake.result import Result
from producers.intake.submission import Entrance
from producers.mapping.shape import EVENTS
from producers.ways_in.allowance import Allowance
from producers.ways_in.answers import (
    ErrorAnswers,
    NotTaken,
    answer_bulk,
    answer_misasked,
    answer_single,
    check_allowed,
)
from producers.ways_in.api_keys import Caller
from producers.ways_in.asked import Asked
from producers.ways_in.bodies import Body, national_rows, read_body
from producers.ways_in.observer import Observer
from producers.ways_in.openapi import body_of, component_schemas
from schemas.errors import ExchangeError, Misconfigured, Rejected
from schemas.messages.sentences import reading_language
from schemas.wire.traceparent import TRACEPARENT, TraceContext, read_context

BEARER = HTTPBearer(auto_error=False, description="An API key of the member")
API_KEY = APIKeyHeader(name="X-Api-Key", auto_error=False, description="The same, in another header")
Language = Annotated[
    str | None, Query(description="Language of the messages, as sr-Cyrl; else the member's first one, or English")
]
IDENTITY = "identity"
MOST_DIGITS = 18  # of the length that a body declares: a number of any more cannot be read
Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its number in the list of rejected records")]


def flow_of(request: Request) -> TraceContext | None:
    """The flow of work that a request says it is part of."""
    return read_context(request.headers.get(TRACEPARENT))


Flow = Annotated[TraceContext | None, Depends(flow_of)]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A bulk: one result per record, in order. One record: nothing new (unchanged, superseded)"},
    202: {"model": Result, "description": "One record: accepted, and safe in the outbox"},
    400: {"model": NotTaken, "description": "The body is not JSON or not UTF-8, or a parameter is not usable"},
    401: {"model": NotTaken, "description": "No API key, or an unknown or revoked one"},
    408: {"model": NotTaken, "description": "The body did not arrive in time"},
    413: {"model": NotTaken, "description": "Too many bytes or records in one request"},
    415: {"model": NotTaken, "description": "The body is compressed"},
    422: {
        "model": Result | NotTaken,
        "description": "One record: rejected, with every problem; it is kept and listed. Or nothing was taken, and why",
    },
    429: {"model": NotTaken, "description": "Too many requests of one system: nothing was kept; see Retry-After"},
    503: {"model": NotTaken, "description": "Outbox full, disk low, or store away: nothing was kept; see Retry-After"},
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may ask: bytes, records, how long its body may take, and how long it may wait for Kafka."""

    body_bytes: int = 8 * 1024 * 1024
    body_s: float = 60.0
    records: int = 5_000
    wait_s: float = 10.0
    poll_s: float = 0.02
    retry_after_s: int = 5


@dataclass(frozen=True, slots=True)
class Door:
    """What the way in needs: intakes by member code, whose key a key is, whom to tell, and bounds."""

    intakes: Mapping[str, Intake]
    caller: Callable[[str], Caller | None]
    observer: Observer
    bounds: Bounds
    allowance: Allowance | None

    def authenticated(
        self,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
        header: Annotated[str | None, Depends(API_KEY)],
    ) -> Caller:
        """Whose request it is; 401 when its key is nobody's, 429 when its system has sent too many."""
        presented = bearer.credentials if bearer else header
        caller = self.caller(presented) if presented else None
        if caller is None or caller.member not in self.intakes:
            detail = "An API key of a member is needed: Authorization: Bearer KEY, or X-Api-Key: KEY."
            raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
        check_allowed(self.allowance.wait_s(caller) if self.allowance else 0.0)
        return caller

    def language(self, caller: Caller, asked: str | None) -> str:
        """The language in which a caller's member reads messages; 400 when there are none in the one it asks for."""
        member = self.intakes[caller.member].directory.member(caller.member)
        try:
            return reading_language(member.languages, asked)
        except Misconfigured as error:
            raise HTTPException(400, str(error)) from None

    def take(
        self, caller: Caller, stream: str, body: Body, asked: Asked, context: TraceContext | None = None
    ) -> tuple[Result, ...]:
        """Hand records to the member's intake, and tell the observer what became of them."""
        intake = self.intakes[caller.member]
        entrance = Entrance("file" if asked.source else "http", asked.source or caller.system, context)
        if asked.mapping is None:
            results = intake.submit(stream, body.records, entrance, **_options(asked))
        else:
            rows = national_rows(body.records)
            intake.mappings.find(caller.member, asked.mapping, stream)  # another stream's mapping is none here
            results = intake.submit_rows(asked.mapping, rows, entrance, **_options(asked))
        if not asked.dry_run:
            self.observer.tell(caller.member, stream, results)
        return results

    async def published(self, caller: Caller, results: Sequence[Result]) -> tuple[Result, ...]:
        """Wait until Kafka has every event of the results, or until time is up."""
        reading = self.intakes[caller.member].outbox.reading
        waiting = {result.event_id for result in results if result.event_id}
        rounds = int(self.bounds.wait_s / self.bounds.poll_s)
        for _ in range(rounds):
            for event_id in tuple(waiting):
                if await run_in_threadpool(reading.published_offset, event_id) is not None:
                    waiting.discard(event_id)
            if not waiting:
                break
            await asyncio.sleep(self.bounds.poll_s)
        return tuple(
            r.model_copy(update={"published": r.event_id not in waiting}) if r.event_id else r for r in results
        )


class IntakeApp(FastAPI):
    """The application, with the records' schemas in its description."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description; made once."""
        schema = super().openapi()
        schema.setdefault("components", {}).setdefault("schemas", {}).update(component_schemas())
        return schema


def create_app(
    intakes: Mapping[str, Intake],
    caller: Callable[[str], Caller | None],
    *,
    observer: Observer | None = None,
    bounds: Bounds | None = None,
    allowance: Allowance | None = None,
) -> FastAPI:
    """The application; further routers may be added to it. ``caller`` tells whose a presented key is, or None."""
    door = Door(intakes, caller, observer or Observer(), bounds or Bounds(), allowance)
    app = IntakeApp(
        title="Interfocal intake", version="1", description=(__doc__ or "").strip(), docs_url=None, redoc_url=None
    )
    router = APIRouter(prefix="/v1")
    for stream in EVENTS:
        router.add_api_route(
            f"/{stream}",
            _submission(door, stream),
            methods=["POST"],
            name=f"submit_{stream}",
            summary=f"Submit {stream} records: one object, an array, or one object a line",
            responses=ANSWERS,
            openapi_extra=body_of(stream),
            response_model=list[Result],
        )
    _add_rejected(router, door)
    app.include_router(router)
    app.add_exception_handler(ExchangeError, ErrorAnswers(door.bounds.retry_after_s))
    app.add_exception_handler(RequestValidationError, answer_misasked)
    return app


def _submission(door: Door, stream: str) -> Callable[..., Awaitable[JSONResponse]]:
    async def submit(
        request: Request,
        asked: Annotated[Asked, Query()],
        caller: Annotated[Caller, Depends(door.authenticated)],
        flow: Flow,
    ) -> JSONResponse:
        content = await _bounded(request, door.bounds)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await run_in_threadpool(read_body, content, media_type)
        if len(body.records) > door.bounds.records:
            raise HTTPException(413, f"At most {door.bounds.records} records are taken in one request.")
        results = await run_in_threadpool(door.take, caller, stream, body, asked, flow)
        if asked.wait and not asked.dry_run:
            results = await door.published(caller, results)
        return answer_single(results[0]) if body.single and len(results) == 1 else answer_bulk(results)

    return submit


def _add_rejected(router: APIRouter, door: Door) -> None:
    misasked: dict[int | str, dict[str, Any]] = {code: ANSWERS[code] for code in (400, 401, 429, 503)}

    @router.get("/rejected", responses=misasked)
    def list_rejected(
        caller: Annotated[Caller, Depends(door.authenticated)],
        closed: Annotated[bool, Query(description="Also those that were accepted since")] = False,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
        language: Language = None,
    ) -> list[KeptRejection]:
        """The member's rejected records, the newest first."""
        reading, spoken = door.intakes[caller.member].outbox.reading, door.language(caller, language)
        return [kept_rejection(kept, spoken) for kept in reading.rejected(closed=closed, limit=limit)]

    @router.get("/rejected/{number}", responses=misasked | {404: {"model": NotTaken}})
    def show_rejected(
        number: Number, caller: Annotated[Caller, Depends(door.authenticated)], language: Language = None
    ) -> KeptRejection:
        """One rejected record of the member."""
        kept = door.intakes[caller.member].outbox.reading.find_rejected(number)
        if kept is None:
            raise HTTPException(404, f"There is no rejected record {number}.")
        return kept_rejection(kept, door.language(caller, language))

    told = misasked | {404: {"model": NotTaken}, 422: {"model": NotTaken}}

    @router.post("/rejected/{number}/resubmit", responses=told, response_model=list[Result])
    def resubmit_rejected(
        number: Number, caller: Annotated[Caller, Depends(door.authenticated)], flow: Flow
    ) -> JSONResponse:
        """Judge a kept rejected record again, with the mappings of today; its results, usually one."""
        intake = door.intakes[caller.member]
        try:
            stream, results = resubmit(intake, number, flow)
        except Rejected as error:
            if error.code != NOT_REJECTED:
                raise
            raise HTTPException(404, str(error)) from None
        door.observer.tell(caller.member, stream, results)
        return answer_bulk(results)


def _options(asked: Asked) -> Options:
    return Options(dry_run=asked.dry_run, reassert=asked.reassert, remap=asked.remap)


async def _bounded(request: Request, bounds: Bounds) -> bytes:
    """The body as it is sent; 413 as soon as it is known to be longer than allowed, 408 when it does not come."""
    if request.headers.get("content-encoding", IDENTITY).strip().lower() != IDENTITY:
        raise HTTPException(415, "Send the body as it is: nothing compressed is opened.")
    declared = request.headers.get("content-length", "0")
    try:
        async with asyncio.timeout(bounds.body_s):
            content = await _read(request, bounds.body_bytes, declared)
    except TimeoutError:
        raise HTTPException(408, f"The body did not come within {bounds.body_s:g} seconds; send it again.") from None
    if content is None:
        raise HTTPException(413, f"At most {bounds.body_bytes} bytes are taken in one request; send smaller bulks.")
    return content


async def _read(request: Request, limit: int, declared: str) -> bytes | None:
    """The body; None for one that is longer than allowed, or says so of itself."""
    content = bytearray()
    too_long = declared.isdecimal() and (len(declared) > MOST_DIGITS or int(declared) > limit)
    async for chunk in request.stream():
        content += chunk
        too_long = too_long or len(content) > limit
        if too_long:
            return None
    return bytes(content)
