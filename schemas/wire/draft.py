"""What the files of a draft have to be for the models as they are. It changes when a version gets another file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

from schemas.errors import Misconfigured
from schemas.wire.catalogue import SCHEMA_FILE, SchemaVersion, model_of_stream
from schemas.wire.codec import encode_with, event_with, wire_type
from schemas.wire.projection import avro_of

EXAMPLE_JSON = "example.json"
EXAMPLE_BIN = "example.bin"


@dataclass(frozen=True, slots=True)
class DraftFiles:
    """The version that is drafted, and its files by name."""

    version: SchemaVersion
    files: Mapping[str, bytes]


def draft_of(
    stream: str, versions: Sequence[SchemaVersion], released: Mapping[str, str], folder: Traversable
) -> DraftFiles:
    """The stream's draft, or the version after its last released one, made from model and example.

    ``folder`` holds the versions; a new version begins with the example of the one before. Raises Misconfigured when
    there is no example, and Malformed, naming the field, when the example does not fit the model.
    """
    last = max((v for v in versions if v.stream == stream), key=lambda v: v.version, default=None)
    number = 1 if last is None else last.version + (last.name in released)
    schema = avro_of(model_of_stream(stream))
    version = SchemaVersion(stream, number, _text(schema), schema)
    example = _example(folder / stream / str(last.version if last else number))
    value = encode_with(wire_type(version, version), event_with(version, example))
    return DraftFiles(
        version, {SCHEMA_FILE: version.text.encode(), EXAMPLE_JSON: _text(example).encode(), EXAMPLE_BIN: value}
    )


def _text(json_value: Any) -> str:
    return f"{json.dumps(json_value, indent=2, ensure_ascii=False)}\n"


def _example(folder: Traversable) -> Mapping[str, Any]:
    try:
        example = json.loads((folder / EXAMPLE_JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"a draft needs {EXAMPLE_JSON} in its folder: {error}; write one") from error
    if not isinstance(example, dict):
        raise Misconfigured(f"{EXAMPLE_JSON} is not an object; write an event in its JSON form")
    return example
