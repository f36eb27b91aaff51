"""The JSON Schema of mapping files, with which editors help those who write them. It changes with the format."""

from typing import Any

from producers.mapping.mapping import NationalMapping

SCHEMA_LINE = "#:schema ../../mapping.schema.json"
"""The first line of a mapping file in a region's folder, by which an editor finds the schema."""


def mapping_schema() -> dict[str, Any]:
    """The schema of one file; its name is given by the file and stands not in it."""
    schema = NationalMapping.model_json_schema(mode="validation")
    properties = {name: value for name, value in schema["properties"].items() if name != "name"}
    required = [name for name in schema["required"] if name != "name"]
    own = {"title": "A mapping file", "description": "How one export of one national system becomes records."}
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {**draft, **schema, **own, "properties": properties, "required": required}
