"""The schema registry's addresses. It changes when one is added; what is answered is said in ``registry``.

One router, so that whoever serves it may put a guard before all of it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request, Response

from consumers.web import registry
from consumers.web.registry import Answer, Asked
from schemas.wire.subjects import Subjects

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
MAX_BODY_BYTES = 512 * 1024
WRITING = ["POST", "PUT", "PATCH", "DELETE"]
ANYWHERE = "/{rest:path}"

Question = Callable[[Subjects, Asked], Answer]

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "": registry.root,
        "/": registry.root,
        "/config": registry.config,
        "/config/{subject}": registry.config_of_subject,
        "/contexts": registry.contexts,
        "/mode": registry.mode,
        "/mode/{subject}": registry.mode_of_subject,
        "/schemas": registry.list_schemas,
        "/schemas/types": registry.schema_types,
        "/schemas/ids/{id}": registry.schema_by_id,
        "/schemas/ids/{id}/schema": registry.schema_text_by_id,
        "/schemas/ids/{id}/subjects": registry.subjects_of_id,
        "/schemas/ids/{id}/versions": registry.versions_of_id,
        "/subjects": registry.list_subjects,
        "/subjects/{subject}/versions": registry.list_versions,
        "/subjects/{subject}/versions/{version}": registry.one_version,
        "/subjects/{subject}/versions/{version}/schema": registry.schema_text_of_version,
        "/subjects/{subject}/versions/{version}/referencedby": registry.referenced_by,
    }
)


def registry_router(subjects: Subjects, prefix: str = "/registry") -> APIRouter:
    """A read-only registry of these subjects. Whatever would write is refused, and every error has the API's form."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    for path, question in QUESTIONS.items():
        router.add_api_route(path, _asking(subjects, question), methods=["GET"])
    router.add_api_route("/subjects/{subject}", _looking_up(subjects), methods=["POST"])
    for path in ("", ANYWHERE):
        router.add_api_route(path, _asking(subjects, registry.read_only), methods=WRITING)
    router.add_api_route(ANYWHERE, _asking(subjects, registry.unknown), methods=["GET"])
    return router


def _asking(subjects: Subjects, question: Question) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return _response(question(subjects, _asked(request)))

    return answer


def _looking_up(subjects: Subjects) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                return _response(registry.refusal(413, f"HTTP 413: a schema has at most {MAX_BODY_BYTES} bytes"))
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):
            return _response(registry.refusal(registry.BAD_REQUEST, "HTTP 400 Bad Request: the body is not JSON"))
        return _response(registry.look_up(subjects, _asked(request, given)))

    return answer


def _asked(request: Request, body: object = None) -> Asked:
    return Asked(request.path_params, dict(request.query_params), body)


def _response(answer: Answer) -> Response:
    text = json.dumps(answer.body) if answer.text is None else answer.text
    return Response(text, answer.status, media_type=MEDIA_TYPE)
