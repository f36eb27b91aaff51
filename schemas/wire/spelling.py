"""Whether two texts spell the same Avro schema. It changes with what registries make of a schema's text.

Registries give a schema back in a spelling of their own: without white space, attributes in another order, namespaces
left out or written out. What is compared is everything else: also docs, defaults, and our own attributes.
"""

import json
from typing import Any

import fastavro

from schemas.errors import Malformed


def meaning_of_schema(text: str) -> Any:
    """A value that is equal for equal schemas; raises Malformed (``not_avro``) for any other text."""
    try:
        parsed = fastavro.parse_schema(json.loads(text))
    except Exception as error:  # noqa: BLE001  # JSON too deep, and whatever the library raises at what is no schema
        message = f"this is no Avro schema ({type(error).__name__}); send the text of a schema file"
        raise Malformed(message, code="not_avro") from None
    if not isinstance(parsed, dict):
        return parsed
    return {name: value for name, value in parsed.items() if not name.startswith("__")}


def same_schema(one: str, other: str) -> bool:
    """Whether two texts spell the same schema; what is no schema is the same as nothing."""
    try:
        return bool(meaning_of_schema(one) == meaning_of_schema(other))
    except Malformed:
        return False
