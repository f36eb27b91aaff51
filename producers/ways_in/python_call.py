"""The way in for programs in Python: records are submitted to an exchange. It changes with the HTTP way in.

with Exchange("https://intake.example", api_key) as exchange:
    results = exchange.submit("seizure", [record])
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack

import httpx
from pydantic import TypeAdapter, ValidationError

from producers.intake.result import Result
from producers.ways_in.answers import NotTaken
from schemas.errors import Misconfigured, Rejected, StoreAway

Stream = Literal["seizure", "missing", "trace", "receipt", "grant"]
TIMEOUT_S = 60.0
OK, UNAUTHORISED, TOO_MANY, UNAVAILABLE = 200, 401, 429, 503
RESULTS = TypeAdapter(tuple[Result, ...])


class How(TypedDict, total=False):
    """How records are to be taken.

    ``mapping``: they are rows of a national form, which this mapping reads; ``source``: the name of the file that they
    come from; ``dry_run``: tell what would be, and keep nothing; ``reassert``: say again what an earlier revision said;
    ``remap``: apply a mended mapping to the same content; ``wait``: answer when Kafka has the events, or after a time
    limit with ``published`` false.
    """

    mapping: str
    source: str
    dry_run: bool
    reassert: bool
    remap: bool
    wait: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """A member's intake at an address. Threads may share it. ``http`` may be given, with a certificate of its own."""

    url: str
    api_key: str = field(repr=False)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT_S), repr=False)

    def submit(self, stream: Stream, records: Sequence[Mapping[str, Any]], **how: Unpack[How]) -> tuple[Result, ...]:
        """Submit records in one transaction: one result a record, in order; a result may say rejected, and why.

        Raises Rejected when the bulk as a whole is not taken (not JSON, too large, an unknown mapping), StoreAway when
        the intake takes nothing now (nothing was kept: submit again, which changes nothing that was accepted before),
        Misconfigured for an unknown key.
        """
        return self._post(stream, list(records), _asked(how))

    def resubmit(self, number: int) -> tuple[Result, ...]:
        """Have a kept rejected record judged again; its results, usually one. Raises as ``submit``."""
        return self._post(f"rejected/{number}/resubmit", None, {})

    def _post(self, path: str, content: Any, asked: Mapping[str, str]) -> tuple[Result, ...]:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        address = f"{self.url.rstrip('/')}/v1/{path}"
        try:
            answer = self.http.post(address, json=content, params=asked, headers=headers)
        except httpx.TransportError as error:
            raise StoreAway(f"the intake at {self.url} does not answer ({type(error).__name__})") from error
        if answer.status_code != OK:
            raise _not_taken(self.url, answer)
        try:
            return RESULTS.validate_json(answer.content)
        except ValidationError as error:
            raise Misconfigured(f"what answers at {self.url} is no intake of this version") from error

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _asked(how: How) -> dict[str, str]:
    asked = {name: str(value).lower() for name, value in how.items() if name in {"dry_run", "reassert", "remap"}}
    asked |= {name: str(value) for name, value in how.items() if name in {"mapping", "source"}}
    return {**asked, "wait": "published"} if how.get("wait") else asked


def _not_taken(url: str, answer: httpx.Response) -> Rejected | StoreAway | Misconfigured:
    if answer.status_code == UNAUTHORISED:
        return Misconfigured(f"the intake at {url} does not know this API key")
    try:
        told = NotTaken.model_validate_json(answer.content)
    except ValidationError:
        return Misconfigured(f"the intake at {url} answered {answer.status_code}; is it the right address?")
    if answer.status_code == TOO_MANY or answer.status_code >= UNAVAILABLE:
        return StoreAway(f"the intake at {url} takes nothing now: {told.detail}")
    if told.problems:
        first = told.problems[0]
        return Rejected(told.detail, code=first.code, parameters=first.parameters)
    return Rejected(told.detail, code="malformed_record", parameters={"detail": told.detail})
