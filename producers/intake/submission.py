"""What goes into an intake. It changes with what a way in can say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from producers.mapping.harmonise import harmonise
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRecord
from producers.mapping.tree import Origin
from schemas.rejection import Problem
from schemas.wire.traceparent import MARK, TraceContext, read_context

HARMONISED = "harmonised"
"""Name in ``source.mapping`` of records that came in the harmonised form already."""


REASON_COLUMN = "interfocal_reason"
"""Column of an export of rejected records that says why; no content when the export is mended and handed in."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a record came: the way (``file``, ``http`` ...), the file's name or the system, and the flow of work."""

    way: str
    source: str
    context: TraceContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One record as it reaches an intake.

    ``fields`` are the event's fields without what intake gives, and ``national_id`` (optionally
    ``national_version``, ``status``, ``reassert``); ``content`` is what the sender sent, by which sameness is judged;
    ``kept`` is what is shown of it when it is rejected.
    """

    stream: str
    fields: Mapping[str, Any]
    content: Any
    kept: Mapping[str, Any]
    rows: tuple[int, ...]
    entrance: Entrance
    mapping: str = HARMONISED
    mapping_version: int = 1
    origins: Mapping[str, Origin] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    reassert: bool = False
    remap: bool = False
    context: TraceContext | None = None

    @property
    def national_id(self) -> str:
        """The national id, or nothing when there is no usable one."""
        given = self.fields.get("national_id")
        return given if isinstance(given, str) else ""


def harmonised_submission(stream: str, record: Mapping[str, Any], row: int, entrance: Entrance) -> Submission:
    """A record that came in the harmonised form. A flow that it names itself goes before that of its entrance."""
    said = record.get(MARK)
    plain = {name: value for name, value in record.items() if name != MARK}
    return Submission(
        stream=stream,
        fields=plain,
        content=plain,
        kept=plain,
        rows=(row,),
        entrance=entrance,
        context=(read_context(said) if isinstance(said, str) else None) or entrance.context,
    )


def national_submission(
    mapping: NationalMapping, record: NationalRecord, entrance: Entrance, at: datetime | None = None
) -> Submission:
    """A record that came in its national form, mapped. ``at`` is when it came."""
    made = harmonise(mapping, record, at)
    kept: dict[str, Any] = dict(record.rows[0].fields)
    if len(record.rows) > 1:
        kept = {"rows": [{"row": row.number, "fields": dict(row.fields)} for row in record.rows]}
    return Submission(
        stream=mapping.stream,
        fields=made.fields,
        content=national_content(mapping, record),
        kept=kept,
        rows=tuple(row.number for row in record.rows),
        entrance=entrance,
        mapping=mapping.name,
        mapping_version=mapping.version,
        origins=made.origins,
        problems=made.problems,
        context=entrance.context,
    )


def national_content(mapping: NationalMapping, record: NationalRecord) -> list[dict[str, Any]]:
    """What sameness is judged by: the rows without ignored columns, whatever their order in the file."""
    ignored = {REASON_COLUMN, *mapping.record.ignore}
    rows = [{name: value for name, value in row.fields.items() if name not in ignored} for row in record.rows]
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))
