"""``GET /v1/view/...``: the shared view for members, each shown what handling allows it. It changes with what they ask.

A read token decides the member. Who reads, why and for which case is said in headers, and logged before anything is
read; what was shown is logged before it is sent.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from consumers.audit.reason import reason_of
from consumers.store.connection import Connect
from consumers.store.session import Session
from consumers.view.queries import LISTINGS, SUMMARY_COLUMNS, Wanted, filters_of, find, given, summary
from consumers.view.reading import Answer, Look, Looked, read, related_to, whole_records
from schemas.directory import Directory
from schemas.errors import Misconfigured, Temporary

BEARER = HTTPBearer(auto_error=False, description="A read token of the member's desk")
PERSON, PURPOSE, CASE = "Interfocal-Person", "Interfocal-Purpose", "Interfocal-Case"
MOST_ROWS = 1_000
RETRY_AFTER_S = "5"
SUMMARY = "summary"
RELATED = "A related record exists in jurisdiction {}; contact its focal point."
UUID_FORM = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
BY_NUMBER = frozenset({"seizures", "items", "missing"})


class ListName(StrEnum):
    """The lists that members read."""

    SEIZURES = "seizures"
    ITEMS = "items"
    MISSING = "missing"
    TRACES = "traces"
    SUMMARY = "summary"


class Refused(BaseModel):
    """Why nothing is shown."""

    detail: str = Field(description="What is wrong, and what to do")


class Read(BaseModel):
    """What a member is shown."""

    model_config = ConfigDict(frozen=True)

    reader: str = Field(description="The member whose token it was")
    columns: tuple[str, ...] = Field(description="Columns of the rows, in order")
    rows: list[dict[str, Any]] = Field(description="What it is shown, the newest first")
    related: list[str] = Field(
        description="Members with a record of this number that they do not release to the reader"
    )
    related_text: list[str] = Field(description="The same as sentences")
    log: dict[str, Any] = Field(description="Number and hash of the entry in the region's log: keep them")
    limits: list[str] = Field(description="What has to be said of the region: that it is an exercise, its notice")
    footnotes: dict[str, str] = Field(description="Footnotes of the members that are named")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the routes need: the reader's own connection, the directory in force, and the limits that are told."""

    connect: Connect
    directory: Directory
    limits: tuple[str, ...]


class Filters(BaseModel):
    """How a list is narrowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: str | None = Field(default=None, description="Only of this member")
    since: date | None = Field(default=None, description="From this date on (UTC)")
    until: date | None = Field(default=None, description="Up to this date, included")
    weapon_class: str | None = Field(default=None, description="Weapon class, as its code")
    make: str | None = Field(default=None, description="A part of the maker's name as read")
    serial: str | None = Field(default=None, max_length=80, description="In any spelling; ? one sign, * any signs")
    state: str | None = Field(default=None, description="Missing firearms or traces in this state")
    reference: str | None = Field(default=None, description="The member's own reference")
    retracted: bool = Field(default=False, description="Also what was retracted")
    limit: int = Field(default=100, ge=1, le=MOST_ROWS, description="At most so many, the newest")

    @property
    def wanted(self) -> Wanted:
        """What to look for. Raises Misconfigured for a text that no database holds."""
        fields = self.model_dump(exclude={"limit"})
        if any("\x00" in value for value in fields.values() if isinstance(value, str)):
            raise Misconfigured("a filter holds the sign U+0000, which no record has")
        return Wanted(**fields)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: its token, and what it says of itself."""

    token: str
    person: str
    purpose: str
    case: str


def asking(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    person: Annotated[str, Header(alias=PERSON, description="Who reads: a mark, no name")] = "",
    purpose: Annotated[str, Header(alias=PURPOSE, description="Why, as a code of the list reading-purpose")] = "",
    case: Annotated[str, Header(alias=CASE, description="For which case, as its pseudonymous reference")] = "",
) -> Asking:
    """Who asks; 401 without a token."""
    if bearer is None:
        raise _nobody()
    return Asking(bearer.credentials, person, purpose, case)


Asker = Annotated[Asking, Depends(asking)]
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "Person, purpose, case or a filter is not usable"},
    401: {"model": Refused, "description": "No read token, or an unknown or revoked one"},
    503: {"model": Refused, "description": "The view does not answer now; see Retry-After"},
}


def view_router(reading: Reading) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/view", tags=["view"], responses=REFUSALS)

    @router.get("/{listing}")
    def read_list(listing: ListName, asker: Asker, filters: Annotated[Filters, Query()]) -> Read:
        """A list of the shared view, as far as the reader may see it."""
        wanted = filters.wanted
        check_filters(listing.value, wanted)
        what = {"list": listing.value, "narrowed_by": given(wanted)}
        return _told(
            reading, listing.value, _read(reading, asker, what, _looking(listing.value, wanted, filters.limit))
        )

    @router.get("/records/{record_id}")
    def read_record(record_id: Annotated[str, Path(pattern=f"^{UUID_FORM}$")], asker: Asker) -> Read:
        """The open part of a record, as far as the reader may see it; no rows where there is none that it may see."""
        what = {"list": "records", "asked_for": record_id}
        return _told(reading, "records", _read(reading, asker, what, lambda open_: whole_records(open_, record_id)))

    return router


def answer_errors(app: FastAPI) -> None:
    """Answers for errors of the tree: what the reader can mend, and what may work later."""

    @app.exception_handler(Misconfigured)
    def unusable(_request: Request, error: Misconfigured) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 400)

    @app.exception_handler(Temporary)
    def away(_request: Request, error: Temporary) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"Retry-After": RETRY_AFTER_S})


def check_filters(listing: str, wanted: Wanted) -> None:
    """Raise Misconfigured for a filter that would be ignored: its answer would look like a wider one."""
    known = {"member"} if listing == SUMMARY else filters_of(listing) | {"retracted"}
    if strange := sorted(set(given(wanted)) - known):
        raise Misconfigured(f"the list of {listing} cannot be narrowed by {', '.join(strange)}; leave it out")


def _looking(listing: str, wanted: Wanted, limit: int) -> Look:
    if listing == SUMMARY:
        return lambda open_: (summary(open_, wanted.member), ())

    def look(connection: Connection[Any]) -> Looked:
        related = related_to(connection, wanted) if listing in BY_NUMBER else ()
        return find(connection, listing, wanted, limit), related

    return look


def _read(reading: Reading, asker: Asking, what: Mapping[str, Any], look: Look) -> Answer:
    if not (asker.person and asker.purpose and asker.case):
        raise Misconfigured(f"say who reads, why and for which case, in the headers {PERSON}, {PURPOSE} and {CASE}")
    reason = reason_of(asker.person, asker.purpose, asker.case)
    with closing(Session(reading.connect)) as session:
        answer = read(session, asker.token, reason, what, look)
    if answer is None:
        raise _nobody()
    return answer


def _told(reading: Reading, listing: str, answer: Answer) -> Read:
    columns = _columns(listing)
    members = LISTINGS[listing].members if listing in LISTINGS else ("member",)
    named = {row[column] for row in answer.rows for column in members if row.get(column)}
    released = {code for row in answer.rows for code in _released_to(row.get("event"))}
    return Read(
        reader=answer.reader,
        columns=columns,
        rows=[dict(row) for row in answer.rows],
        related=list(answer.related),
        related_text=[RELATED.format(code) for code in answer.related],
        log={"number": answer.log.number, "hash": answer.log.hash},
        limits=list(reading.limits),
        footnotes=reading.directory.footnotes({answer.reader, *named, *released, *answer.related}),
    )


def _released_to(event: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(event["handling"]["releasable_to"] or ()) if event else ()


def _columns(listing: str) -> tuple[str, ...]:
    if listing in LISTINGS:
        return tuple(LISTINGS[listing].columns)
    return SUMMARY_COLUMNS if listing == SUMMARY else ("stream", "member", "record_id", "event")


def _nobody() -> HTTPException:
    detail = "A read token of a member's desk is needed: Authorization: Bearer TOKEN. The region gives them out."
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
