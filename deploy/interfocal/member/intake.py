"""A member's own intake, as its desk and the command line submit to it. It changes with what they need of it."""

from pathlib import Path

import httpx

from interfocal.installation.endpoints import Endpoint, producer_endpoint
from interfocal.transport.asking import client_of
from producers.intake.result import Result
from producers.ways_in.python_call import TIMEOUT_S, Exchange
from schemas.errors import Rejected

REFERENCE_REUSED = "reference_reused"


def intake_of(var: Path, member: str) -> Exchange:
    """A member's intake; raises Misconfigured when no producer serves it here."""
    return intake_at(producer_endpoint(var, member))


def intake_at(endpoint: Endpoint, http: httpx.Client | None = None) -> Exchange:
    """The intake at an endpoint, with a connection of its own where none is given."""
    client = http or client_of(endpoint.authority, TIMEOUT_S)
    return Exchange(endpoint.url, endpoint.api_key.get_secret_value(), client)


def accepted_id(result: Result) -> str:
    """The event id of a result; raises Rejected with the first problem's sentence when it was rejected."""
    if result.outcome == "rejected" or result.event_id is None:
        first = next(iter(result.problems), None)
        raise Rejected(first.message if first else "rejected", code=first.code if first else None)
    return result.event_id


def receipt_of(result: Result) -> str | Rejected:
    """The event id of a delivery's receipt, or why there is none.

    A desk that was built anew from its topic says that it received everything anew: the first receipt stands.
    """
    try:
        return accepted_id(result)
    except Rejected as error:
        return result.event_id if error.code == REFERENCE_REUSED and result.event_id else error


def record_of(result: Result) -> str | Rejected:
    """The record id of a grant, or why there is none: a second one is never made for the same part, hop and member."""
    try:
        return result.record_id or accepted_id(result)
    except Rejected as error:
        return error
