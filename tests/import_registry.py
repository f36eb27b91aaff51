"""A schema registry that can be written, as Confluent's documentation and server say of IMPORT mode.

No registry that keeps given ids comes from a package index, so this one stands for it, and is no more lenient: ids only
in IMPORT mode and nothing else there; an id is never given to another schema; a version's number is, without a word; no
IMPORT mode over existing subjects unless it is forced; texts are given back in Apache Avro's spelling, not ours.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import avro.schema
from fastapi import FastAPI, Request, Response

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
NO_ID = -1


@dataclass
class ImportRegistry:
    """What it holds: subject -> version -> (id, schema), modes, and how often it was written."""

    mode: str = "READWRITE"
    modes: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, dict[int, tuple[int, str]]] = field(default_factory=dict)
    writes: int = 0
    keeps_ids: bool = True

    def app(self) -> FastAPI:
        """The application to serve."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/mode", self.tell_mode, methods=["GET"])
        app.add_api_route("/mode", self.change_mode, methods=["PUT"])
        app.add_api_route("/mode/{subject}", self.tell_mode_of, methods=["GET"])
        app.add_api_route("/schemas/ids/{schema_id}", self.schema, methods=["GET"])
        app.add_api_route("/subjects/{subject}/versions", self.register, methods=["POST"])
        app.add_api_route("/subjects/{subject}/versions/{version}", self.version, methods=["GET"])
        return app

    def put(self, subject: str, version: int, schema_id: int, schema: Any) -> None:
        """What somebody else has registered."""
        self.subjects.setdefault(subject, {})[version] = (schema_id, respelled(json.dumps(schema)))

    def tell_mode(self) -> Response:
        return answer({"mode": self.mode})

    def tell_mode_of(self, subject: str, defaultToGlobal: bool = False) -> Response:  # noqa: N803  # the API's name
        if subject not in self.modes and not defaultToGlobal:
            return error(40409, f"Subject '{subject}' does not have subject-level mode configured")
        return answer({"mode": self.modes.get(subject, self.mode)})

    async def change_mode(self, request: Request) -> Response:
        wanted = (await request.json())["mode"]
        if wanted == "IMPORT" and self.subjects and request.query_params.get("force") != "true":
            return error(42205, "Cannot import since found existing subjects")
        self.mode = wanted
        return answer({"mode": wanted})

    def schema(self, schema_id: int) -> Response:
        text = self._by_id().get(schema_id)
        return answer({"schema": text}) if text else error(40403, f"Schema {schema_id} not found")

    def version(self, subject: str, version: int) -> Response:
        if subject not in self.subjects:
            return error(40401, f"Subject '{subject}' not found.")
        if version not in self.subjects[subject]:
            return error(40402, f"Version {version} not found.")
        schema_id, text = self.subjects[subject][version]
        return answer({"subject": subject, "version": version, "id": schema_id, "schema": text})

    async def register(self, subject: str, request: Request) -> Response:
        if request.headers["content-type"] not in (MEDIA_TYPE, "application/json"):
            return error(415, "HTTP 415 Unsupported Media Type")
        body = await request.json()
        schema_id, version = body.get("id", NO_ID), body.get("version", NO_ID)
        mode = self.modes.get(subject, self.mode)
        wanted = "READWRITE" if schema_id == version == NO_ID else "IMPORT"
        if mode != wanted:
            return error(42205, f"Subject {subject} is not in {'import' if wanted == 'IMPORT' else 'read-write'} mode")
        text = respelled(body["schema"])
        if self._by_id().get(schema_id, text) != text:
            return error(42205, f"Overwrite new schema with id {schema_id} is not permitted.")
        given = schema_id if self.keeps_ids and schema_id != NO_ID else len(self._by_id()) + 1
        versions = self.subjects.setdefault(subject, {})
        versions[version if version != NO_ID else len(versions) + 1] = (given, text)
        self.writes += 1
        return answer({"id": given})

    def _by_id(self) -> dict[int, str]:
        return {schema_id: text for versions in self.subjects.values() for schema_id, text in versions.values()}


def respelled(text: str) -> str:
    return str(avro.schema.parse(text))


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type=MEDIA_TYPE)


def error(code: int, message: str) -> Response:
    return answer({"error_code": code, "message": message}, int(str(code)[:3]))
