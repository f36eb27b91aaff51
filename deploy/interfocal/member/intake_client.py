"""Talks to a member's intake over HTTP: what desks, command line and demo submit through.

It changes with the HTTP interface. An answer that is not about the records is raised as an error of the tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from interfocal.installation.endpoints import Endpoint
from schemas.errors import Misconfigured, Rejected, StoreAway

TIMEOUT_S = 60.0
UNAUTHORISED = 401
UNAVAILABLE = 503
REFERENCE_REUSED = "reference_reused"
TAKEN = {200, 202, 422}


@dataclass(frozen=True, slots=True)
class IntakeClient:
    """One member's intake, at an endpoint. Thread-safe; keeps its connection."""

    endpoint: Endpoint
    http: httpx.Client

    @classmethod
    def to(cls, endpoint: Endpoint) -> "IntakeClient":
        """A client with a connection of its own."""
        headers = {"Authorization": f"Bearer {endpoint.api_key.get_secret_value()}"}
        return cls(endpoint, httpx.Client(base_url=endpoint.url, headers=headers, timeout=TIMEOUT_S))

    def submit(self, stream: str, record: Mapping[str, Any], **asked: str) -> dict[str, Any]:
        """Submit one record; its result, which may say rejected.

        Raises StoreAway when the intake cannot take anything now, Misconfigured for a wrong key.
        """
        result: dict[str, Any] = self._post(stream, record, asked)
        return result

    def submit_all(self, stream: str, records: Sequence[Mapping[str, Any]], **asked: str) -> list[dict[str, Any]]:
        """Submit a bulk, in one transaction; one result per record, in order. Raises as ``submit``."""
        results: list[dict[str, Any]] = self._post(stream, list(records), asked)
        return results

    def resubmit(self, number: int) -> list[dict[str, Any]]:
        """Have a rejected record judged again; its results. Raises as ``submit``, and Rejected when there is none."""
        results: list[dict[str, Any]] = self._post(f"rejected/{number}/resubmit", None, {})
        return results

    def _post(self, path: str, body: Any, asked: Mapping[str, str]) -> Any:
        try:
            answer = self.http.post(f"/v1/{path}", json=body, params=dict(asked))
        except httpx.TransportError as error:
            raise StoreAway(f"the intake at {self.endpoint.url} does not answer: start its producer") from error
        if answer.status_code == UNAUTHORISED:
            raise Misconfigured(f"the intake at {self.endpoint.url} does not know this API key")
        if answer.status_code == UNAVAILABLE:
            raise StoreAway(f"the intake at {self.endpoint.url} cannot take anything now: {answer.text[:300]}")
        if answer.status_code not in TAKEN:
            raise Rejected(f"the intake answered {answer.status_code}: {answer.text[:300]}", code="malformed_record")
        return answer.json()


def receipt_of(result: Mapping[str, Any]) -> str | Rejected:
    """The event id of a delivery's receipt, or why there is none.

    A desk that was built anew from its topic says that it received everything anew: the first receipt stands.
    """
    try:
        return accepted_id(result)
    except Rejected as error:
        first = result.get("event_id") if error.code == REFERENCE_REUSED else None
        return str(first) if first else error


def accepted_id(result: Mapping[str, Any]) -> str:
    """The event id of a result; raises Rejected with the first problem's sentence when it was rejected."""
    if result.get("outcome") == "rejected" or "event_id" not in result:
        problems = result.get("problems") or [{"message": "rejected", "code": "rejected"}]
        raise Rejected(problems[0]["message"], code=problems[0]["code"])
    return str(result["event_id"])
