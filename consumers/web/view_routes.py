"""``GET /v1/view/...``: the shared view for members, each shown what handling allows it. It changes with what they ask.

What is asked is logged before anything is read; what was shown is logged before it is sent. Who would be shown many
rows at once is answered a proposal, which a second person of its member has to confirm.
"""

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field

from consumers.store.session import Session
from consumers.view.queries import LISTINGS, SUMMARY_COLUMNS, Wanted, filters_of, find, given, summary
from consumers.view.reading import Answer, Look, Looked, read, related_to, whole_records
from consumers.view.second_person import Question, Second, question_of
from consumers.web.asking import REFUSALS, Asker, Asking, Reading, check_allowed, nobody, second_wanted
from consumers.web.export_routes import add_exports
from schemas.errors import Misconfigured

MOST_ROWS = 1_000
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


def view_router(reading: Reading) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/view", tags=["view"], responses=REFUSALS)
    add_exports(router, reading)

    @router.get("/{listing}")
    def read_list(listing: ListName, asker: Asker, filters: Annotated[Filters, Query()]) -> Read:
        """A list of the shared view, as far as the reader may see it."""
        check_allowed(reading, asker)
        name, wanted = listing.value, filters.wanted
        check_filters(name, wanted)
        question = question_of(name, wanted, filters.limit, reading.rows_alone)
        return _told(reading, name, _read(reading, asker, question, _looking(name, wanted, filters.limit)))

    @router.get("/records/{record_id}")
    def read_record(record_id: Annotated[str, Path(pattern=f"^{UUID_FORM}$")], asker: Asker) -> Read:
        """The open part of a record, as far as the reader may see it; no rows where there is none that it may see."""
        check_allowed(reading, asker)
        shape = {"list": "records", "asked_for": record_id}
        question = Question(shape, shape, reading.rows_alone)
        return _told(reading, "records", _read(reading, asker, question, lambda open_: whole_records(open_, record_id)))

    return router


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


def _read(reading: Reading, asker: Asking, question: Question, look: Look) -> Answer:
    with closing(Session(reading.connect)) as session:
        answer = read(session, asker.token, asker.reason, question, look)
    if answer is None:
        raise nobody()
    if isinstance(answer, Second):
        raise second_wanted(answer, question.alone)
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
