"""What the HTTP intake says of itself to other programs. It changes when submitted records look different.

The description is made from the events' models, so that it cannot say another thing than the intake does.
"""

from collections.abc import Mapping
from typing import Any

from producers.mapping.shape import ENVELOPE, EVENTS, SEALED_PART, STREAMS_WITH_SEALED_PART
from schemas.events.sealed_part import SealedPart
from schemas.wire.traceparent import MARK

REFERENCES = "#/components/schemas/{model}"
SUBMITTED: Mapping[str, Any] = {
    "national_id": {"type": "string", "description": "The record's id in its national system; never leaves the member"},
    "national_version": {"type": "string", "description": "Its own version or change time; an older one is rejected"},
    "reassert": {"type": "boolean", "description": "Say again what an earlier revision said, as the newest"},
    MARK: {"type": "string", "description": "W3C traceparent of this record alone; else that of the request's header"},
}
ITEM_KEY = {"type": "string", "description": "What tells the item from others of its record; else its position does"}
SEIZURE_ID = {"type": "string", "description": "National id of the seizure, in place of seizure_record_id and item_id"}


def submission_schema(stream: str) -> dict[str, Any]:
    """JSON Schema of one submitted record of a stream; the parts that it names are in ``parts_schemas``."""
    schema = EVENTS[stream].model_json_schema(ref_template=REFERENCES)
    properties = {name: value for name, value in schema["properties"].items() if name not in ENVELOPE}
    if stream in STREAMS_WITH_SEALED_PART:
        properties[SEALED_PART] = {"$ref": REFERENCES.format(model="SealedPart")}
    given = {*ENVELOPE, "status", *(("trace_id", "requester", "hop") if stream == "trace" else ())}
    return {
        "type": "object",
        "title": f"Submitted {stream}",
        "description": EVENTS[stream].__doc__ or "",
        "additionalProperties": False,
        "properties": {**SUBMITTED, **properties},
        "required": ["national_id", *(name for name in schema["required"] if name not in given)],
    }


def parts_schemas() -> dict[str, Any]:
    """JSON Schemas of the parts of all streams, with what submitters give in place of ids."""
    found: dict[str, Any] = {}
    for model in EVENTS.values():
        found |= model.model_json_schema(ref_template=REFERENCES).get("$defs", {})
    whole = SealedPart.model_json_schema(ref_template=REFERENCES)
    found |= {**whole.pop("$defs", {}), "SealedPart": whole}
    found["Item"] = _without(found["Item"], "item_id", item_key=ITEM_KEY)
    found["Request"] = _without(found["Request"], "", seizure_national_id=SEIZURE_ID, item_key=ITEM_KEY)
    return found


def body_of(stream: str) -> dict[str, Any]:
    """The request body of one stream: one record, an array, or one record a line."""
    one = {"$ref": REFERENCES.format(model=f"Submitted_{stream}")}
    national = {"type": "object", "description": "A row of a national form, with ?mapping="}
    several = {"type": "array", "items": {"anyOf": [one, national]}}
    content = {"application/json": {"schema": {"anyOf": [one, several, national]}}, "application/x-ndjson": {}}
    return {"requestBody": {"required": True, "content": content}}


def component_schemas() -> dict[str, Any]:
    """Everything that request bodies refer to."""
    submitted = {f"Submitted_{stream}": submission_schema(stream) for stream in EVENTS}
    return {**parts_schemas(), **submitted}


def _without(schema: Mapping[str, Any], name: str, **added: Any) -> dict[str, Any]:
    properties = {key: value for key, value in schema["properties"].items() if key != name}
    required = [key for key in schema.get("required", []) if key != name]
    return {**schema, "properties": {**properties, **added}, "required": required}
