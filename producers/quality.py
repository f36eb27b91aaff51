"""How complete and how clear a member's records are, by national system and month. It changes with what is measured.

Pure, over the newest revision of each record. It says of a system what its people can better; of no record anything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from producers.intake.oddities import marks_of, oddities
from producers.mapping.shape import ENVELOPE, EVENTS
from producers.outbox import OutboxRow
from schemas.errors import Undecodable
from schemas.events.envelope import MemberEvent
from schemas.marks.lookup import Found
from schemas.marks.reference import Reference
from schemas.marks.suggest import Suggest
from schemas.topics import stream_of
from schemas.wire.codec import decode

MEASURED = ("seizure", "missing", "trace")
NOT_ASKED = ENVELOPE | {"status", "absent", "sealed", "attachments", "handling"}
NOT_RECORDED = frozenset({"not_recorded", "unknown"})
MAKES = ("resolved", "ambiguous", "unknown")

Period = tuple[str, str]
"""The national system, by the name of its mapping, and the month (yyyy-mm, UTC) in which it submitted."""


@dataclass(slots=True)
class Measured:
    """Of one system and month: records; how often each field holds something, of how often it could; makes; warnings.

    ``makes`` counts those that the reference table resolves, finds ambiguous, or does not know.
    """

    records: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    possible: Counter[str] = field(default_factory=Counter)
    makes: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    @property
    def completeness(self) -> Mapping[str, float]:
        """Field -> share of what could be there, 0 to 1."""
        return {name: self.filled[name] / count for name, count in sorted(self.possible.items())}


def measure(rows: Iterable[OutboxRow], reference: Reference, suggest: Suggest) -> Mapping[Period, Measured]:
    """Measure accepted events; what cannot be read, and what is no record of a national system, is left out."""
    found: dict[Period, Measured] = {}
    for row in rows:
        stream = stream_of(row.draft.topic)
        if stream not in MEASURED:
            continue
        try:
            _, event = decode(row.draft.value)
        except Undecodable:
            continue
        if isinstance(event, MemberEvent):
            period = event.source.mapping, f"{event.recorded_at:%Y-%m}"
            _add(found.setdefault(period, Measured()), stream, event, reference, suggest)
    return found


def measured_json(found: Mapping[Period, Measured]) -> list[dict[str, Any]]:
    """The measures for other programs, the newest month first."""
    newest_first = sorted(sorted(found.items()), key=lambda one: one[0][1], reverse=True)
    return [
        {
            "system": system,
            "month": month,
            "records": one.records,
            "completeness": {name: round(share, 4) for name, share in one.completeness.items()},
            "makes": {kind: one.makes[kind] for kind in MAKES},
            "warnings": dict(one.warnings),
        }
        for (system, month), one in newest_first
    ]


def _add(one: Measured, stream: str, event: MemberEvent, reference: Reference, suggest: Suggest) -> None:
    one.records += 1
    for name, holds in _fields(event, stream):
        one.possible[name] += 1
        one.filled[name] += holds
    for _, marks, _ in marks_of(event, ""):
        if marks.make:
            named = reference.find_maker(marks.make)
            kind = "unknown" if named is None else "resolved" if isinstance(named, Found) else "ambiguous"
            one.makes[kind] += 1
    one.warnings.update(found.code for found in oddities(event, suggest))


def _fields(part: BaseModel, path: str) -> Iterator[tuple[str, bool]]:
    """Each field of a part and of the parts that are there, without places in lists, and whether it holds something."""
    left_out = NOT_ASKED if path in EVENTS else frozenset()
    for name in type(part).model_fields:
        if name in left_out:
            continue
        value, where = getattr(part, name), f"{path}.{name}"
        inner = value if isinstance(value, tuple) else (value,)
        parts = [one for one in inner if isinstance(one, BaseModel)]
        if not parts:
            yield where, value is not None and value != () and value not in NOT_RECORDED
        for one in parts:
            yield from _fields(one, where)
