"""What the HTTP way in answers when a request is not taken, and how results look. It changes with either."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from producers.intake.result import Result, ShownProblem, show_problem
from schemas.errors import OutboxFull, Rejected, Stop
from schemas.rejection import problem

BAD_REQUEST = 400
UNPROCESSABLE = 422
TOO_MANY = 429
UNAVAILABLE = 503
UNREADABLE = frozenset({"malformed_file", "wrong_encoding"})
STATUS_OF_OUTCOME = {"accepted": 202, "unchanged": 200, "superseded": 200, "rejected": 422}


class NotTaken(BaseModel):
    """Why a whole request was not taken; nothing of it was kept."""

    model_config = ConfigDict(frozen=True)

    detail: str = Field(description="The sentence for people")
    problems: tuple[ShownProblem, ...] = Field(default=(), description="The same for programs, where there are codes")


@dataclass(frozen=True, slots=True)
class ErrorAnswers:
    """Answers for errors of the tree: what cannot be read is the client's to mend, the rest may work later."""

    retry_after_s: int

    async def __call__(self, _: Request, error: Exception) -> JSONResponse:
        """400 or 422 for a rejected request; 503 with Retry-After for everything else."""
        if isinstance(error, Rejected):
            shown = show_problem(problem(error.code, **error.parameters))
            status = BAD_REQUEST if error.code in UNREADABLE else UNPROCESSABLE
            return _answer(status, NotTaken(detail=shown.message, problems=(shown,)))
        # The error's own words may name files of this machine.
        return _answer(UNAVAILABLE, NotTaken(detail=_away(error)), {"Retry-After": str(self.retry_after_s)})


async def answer_misasked(_: Request, error: Exception) -> JSONResponse:
    """400 for a query parameter that is not one of ours, or not usable; 422 stays the answer for rejected records."""
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": ("?",), "msg": "not usable"}
    detail = f"{'.'.join(str(part) for part in found['loc'][1:])}: {found['msg']}"
    return _answer(BAD_REQUEST, NotTaken(detail=detail))


def answer_single(result: Result) -> JSONResponse:
    """One record's result, with the status that says the same."""
    return JSONResponse(result.model_dump(mode="json"), STATUS_OF_OUTCOME[result.outcome])


def answer_bulk(results: Sequence[Result]) -> JSONResponse:
    """One result per record, in order."""
    return JSONResponse([result.model_dump(mode="json") for result in results])


def check_allowed(wait_s: float) -> None:
    """Answer 429 to who has to wait before its next request."""
    if wait_s:
        detail = "This system sends too many requests: nothing of this one was kept."
        raise HTTPException(TOO_MANY, detail, {"Retry-After": str(ceil(wait_s))})


def _away(error: Exception) -> str:
    if isinstance(error, OutboxFull):
        return "The outbox is full, or its disk is: nothing of this request was kept. Send it again later."
    if isinstance(error, Stop):
        return "This producer has stopped until a person acts: nothing of this request was kept."
    return "The outbox does not answer: nothing of this request was kept. Send it again later."


def _answer(status: int, content: NotTaken, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(content.model_dump(mode="json"), status, headers=headers)
