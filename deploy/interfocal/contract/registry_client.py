"""Talks to somebody's schema registry over HTTP, in Confluent's API. It changes with what is asked of one.

An answer that is none of that API is raised as an error of the tree; no message shows a password of the address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from interfocal.servers.urls import without_password
from schemas.errors import Misconfigured, Temporary
from schemas.wire.catalogue import SchemaVersion

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
TIMEOUT_S = 30.0
OK, UNAUTHORISED, FORBIDDEN, NOT_FOUND, SERVER_ERROR = 200, 401, 403, 404, 500
SHOWN_CHARS = 300


@dataclass(frozen=True, slots=True)
class Kept:
    """A schema as a registry keeps it. ``schema_id`` is None where its answer does not say it."""

    text: str
    schema_id: int | None = None


@dataclass(frozen=True, slots=True)
class RegistryClient:
    """One registry. ``url`` is for messages; the connection may hold a password."""

    url: str
    http: httpx.Client

    @classmethod
    def to(cls, url: str) -> "RegistryClient":
        """A client with a connection of its own; raises Misconfigured for what is no address."""
        if not url.startswith(("http://", "https://")):
            raise Misconfigured("this is no address of a registry; give one as https://registry.example:8081")
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        try:
            return cls(
                without_password(url).rstrip("/"), httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise Misconfigured(f"this is no address of a registry: {error}") from error

    def mode(self, subject: str) -> str:
        """The mode in which a subject is, by itself or with the whole registry."""
        found = self._asked("GET", f"/mode/{_part(subject)}?defaultToGlobal=true", missing_is_none=True)
        return str(self._field(found or self._asked("GET", "/mode"), "mode", str))

    def version(self, subject: str, version: int) -> Kept | None:
        """A version of a subject, None where there is none."""
        found = self._asked("GET", f"/subjects/{_part(subject)}/versions/{version}", missing_is_none=True)
        return None if found is None else Kept(self._field(found, "schema", str), self._field(found, "id", int))

    def schema(self, schema_id: int) -> Kept | None:
        """The schema under an id, None where it is free."""
        found = self._asked("GET", f"/schemas/ids/{schema_id}", missing_is_none=True)
        return None if found is None else Kept(self._field(found, "schema", str), schema_id)

    def register(self, subject: str, version: SchemaVersion) -> int:
        """Register a version under its own id and number; the id that the registry says it has."""
        body = {"schema": version.text, "schemaType": "AVRO", "id": version.schema_id, "version": version.version}
        return int(self._field(self._asked("POST", f"/subjects/{_part(subject)}/versions", body), "id", int))

    def _asked(self, method: str, path: str, body: Any = None, *, missing_is_none: bool = False) -> Any:
        """What is answered, as JSON.

        Raises Temporary when nothing is, or the registry cannot now; Misconfigured when it refuses or is none.
        """
        try:
            answer = self.http.request(method, path, json=body)
        except httpx.HTTPError as error:
            message = f"the schema registry at {self.url} does not answer ({type(error).__name__}): is it running?"
            raise Temporary(message, code="registry_away") from error
        if answer.status_code in (UNAUTHORISED, FORBIDDEN):
            raise Misconfigured(f"the schema registry at {self.url} wants another user: {self._said(answer)}")
        if answer.status_code >= SERVER_ERROR:
            raise Temporary(f"the schema registry at {self.url} cannot now: {self._said(answer)}", code="registry_away")
        if answer.status_code == NOT_FOUND and _error(answer) is None:
            raise self._no_registry("HTTP 404")
        if answer.status_code == NOT_FOUND and missing_is_none:
            return None
        if answer.status_code != OK:
            raise Misconfigured(f"the schema registry at {self.url} refuses {method} {path}: {self._said(answer)}")
        found = _json(answer)
        if found is None:
            raise self._no_registry("it answers no JSON")
        return found

    def _field(self, found: Any, name: str, kind: type) -> Any:
        value = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(value, kind):
            raise self._no_registry(f"it says no {name}")
        return value

    def _no_registry(self, why: str) -> Misconfigured:
        return Misconfigured(
            f"what answers at {self.url} is no schema registry ({why}): check the address and its path"
        )

    @staticmethod
    def _said(answer: httpx.Response) -> str:
        error = _error(answer)
        said = f"{error['message']} ({error['error_code']})" if error else f"HTTP {answer.status_code}"
        return said[:SHOWN_CHARS]


def _part(subject: str) -> str:
    return quote(subject, safe="")


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def _error(answer: httpx.Response) -> Mapping[str, Any] | None:
    """The error in the API's form; None where it has another, as of a server that is no registry."""
    said = _json(answer)
    return said if isinstance(said, Mapping) and {"error_code", "message"} <= said.keys() else None
