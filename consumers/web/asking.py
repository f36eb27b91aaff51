"""Who asks the region's API, and how often: what every address of it wants to know. It changes with what that is.

A read token decides the member, and has so many requests. Who reads, why and for which case is said in headers.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from consumers.audit.log import Reason
from consumers.audit.reason import reason_of
from consumers.store.connection import Connect
from consumers.view.reading import token_sha256
from consumers.view.second_person import Second, two_persons
from schemas.directory import Directory
from schemas.errors import Misconfigured, Rejected, Temporary

BEARER = HTTPBearer(auto_error=False, description="A read token of the member's desk")
PERSON, PURPOSE, CASE = "Interfocal-Person", "Interfocal-Purpose", "Interfocal-Case"
RETRY_AFTER_S = "5"
FORBIDDEN, TOO_MANY = 403, 429


class Refused(BaseModel):
    """Why nothing is shown."""

    detail: str = Field(description="What is wrong, and what to do")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the routes need: the reader's own connection, the directory in force, and the limits that are told.

    ``wait_s`` counts a request of the reader and says how many seconds it has to wait, 0 for not at all. More rows
    than ``rows_alone`` at once are shown to two persons only.
    """

    connect: Connect
    directory: Directory
    limits: tuple[str, ...]
    wait_s: Callable[[Hashable], float]
    rows_alone: int


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: its token, and what it says of itself."""

    token: str
    person: str
    purpose: str
    case: str

    @property
    def reason(self) -> Reason:
        """Who reads, why and for which case. Raises Misconfigured for what is missing or cannot be."""
        if not (self.person and self.purpose and self.case):
            raise Misconfigured(f"say who reads, why and for which case, in the headers {PERSON}, {PURPOSE} and {CASE}")
        return reason_of(self.person, self.purpose, self.case)


def asking(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    person: Annotated[str, Header(alias=PERSON, description="Who reads: a mark, no name")] = "",
    purpose: Annotated[str, Header(alias=PURPOSE, description="Why, as a code of the list reading-purpose")] = "",
    case: Annotated[str, Header(alias=CASE, description="For which case, as its pseudonymous reference")] = "",
) -> Asking:
    """Who asks; 401 without a token."""
    if bearer is None:
        raise nobody()
    return Asking(bearer.credentials, person, purpose, case)


Asker = Annotated[Asking, Depends(asking)]
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "Person, purpose, case or a filter is not usable"},
    401: {"model": Refused, "description": "No read token, or an unknown or revoked one"},
    403: {"model": Refused, "description": "So many rows at once are shown when a second person has confirmed it"},
    429: {"model": Refused, "description": "Too many requests with one read token: nothing was read; see Retry-After"},
    503: {"model": Refused, "description": "The view does not answer now; see Retry-After"},
}


def check_allowed(reading: Reading, asker: Asking) -> None:
    """Count a request of a read token, before anything else is done for it; 429 where it has sent too many.

    A token that is nobody's is counted as well: it is not known yet whose it is.
    """
    if wait_s := reading.wait_s(token_sha256(asker.token)):
        seconds = ceil(wait_s)
        detail = f"This desk asks too often: nothing was read, and nothing logged. Ask again in {seconds} seconds."
        raise HTTPException(TOO_MANY, detail, {"Retry-After": str(seconds)})


def second_wanted(second: Second, alone: int) -> HTTPException:
    """The answer to who would be shown more rows at once than one person is."""
    return HTTPException(FORBIDDEN, two_persons(second, alone))


def nobody() -> HTTPException:
    """The answer to who has no read token."""
    detail = "A read token of a member's desk is needed: Authorization: Bearer TOKEN. The region gives them out."
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


def answer_errors(app: FastAPI) -> None:
    """Answers for errors of the tree: what the reader can mend, and what may work later."""

    @app.exception_handler(Misconfigured)
    @app.exception_handler(Rejected)
    def unusable(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 400)

    @app.exception_handler(Temporary)
    def away(_request: Request, error: Temporary) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"Retry-After": RETRY_AFTER_S})
