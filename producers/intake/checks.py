"""What a record must hold before its event is accepted. It changes when intake checks something new.

Pure: every function takes plain JSON values and answers with problems; none stops at the first.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from producers.intake.acts import act_problems
from producers.mapping.shape import ENVELOPE, EVENTS, ITEM_PARTS, TRACE_PARTS, Steps, Value, judged_values, show_path
from producers.mapping.values import nearest, shown
from schemas.codes.lists import CodeList
from schemas.directory import Directory
from schemas.events.envelope import MemberEvent
from schemas.marks.suggest import Suggest, no_suggestions
from schemas.rejection import Problem, problem

UNUSABLE = re.compile("[\x00\ud800-\udfff]")
"""What no text may hold: U+0000, and half a surrogate pair."""

SUSPECT = re.compile(r"\\u0000|[\ud800-\udfff]")
"""What JSON text has where one of its texts may be unusable: one look at it spares the walk through a good record."""

CLOCK_TOLERANCE = timedelta(minutes=5)
MAY_LIE_AHEAD = frozenset({"delay.until", "handling.embargo_until", "handling.expires_at", "received_at"})
"""The last is said by a desk, whose clock is another: no receipt waits for days because this one is behind."""

NUMBER_LIMIT = 2**31
OFFSET_LIMIT_MINUTES = 18 * 60
LAST_YEAR = 9999
MAX_ID_CHARACTERS = 200
MAX_VERSION_CHARACTERS = 80
MADE_BY_INTAKE = ("sealed", "attachments")
"""Fields of an event that describe what intake has sealed."""

STREAMS_WITH_OWN_REFERENCE = frozenset({"seizure", "missing"})


@dataclass(frozen=True, slots=True)
class Standards:
    """What records of one member are judged by."""

    member: str
    directory: Directory
    code_lists: Mapping[str, CodeList]
    suggest: Suggest = no_suggestions


def submission_problems(fields: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the fields that only a submitter gives, and characters that no text may hold."""
    for name, limit in (("national_id", MAX_ID_CHARACTERS), ("national_version", MAX_VERSION_CHARACTERS)):
        value = fields.get(name)
        if value is None or value == "":
            if name == "national_id":
                yield problem("missing_field", field=name)
        elif not isinstance(value, str) or len(value) > limit:
            detail = f"text of at most {limit} characters is expected"
            yield problem("malformed_value", field=name, value=shown(value), detail=detail)
    if not isinstance(fields.get("reassert", False), bool):
        value = shown(fields["reassert"])
        yield problem("malformed_value", field="reassert", value=value, detail="true or false is expected")
    yield from (problem("unknown_field", field=name) for name in sorted(ENVELOPE & set(fields)))
    yield from _item_key_problems(fields.get("items"))
    for steps, sign in _unusable(fields, ()) if SUSPECT.search(json.dumps(fields, ensure_ascii=False)) else ():
        path = show_path(steps)
        if sign == "\x00":
            yield problem("unusable_character", field=path.replace("\x00", "?"))
        else:
            yield problem("malformed_value", field=path, value="a text", detail="half a surrogate pair is no character")


def validated(stream: str, encoded: str) -> tuple[MemberEvent | None, tuple[Problem, ...]]:
    """The event of its JSON text, or what its model says is wrong with it."""
    try:
        return EVENTS[stream].model_validate_json(encoded, strict=True), ()
    except ValidationError as error:
        return None, tuple(_model_problem(found) for found in error.errors(include_url=False, include_context=False))


def event_problems(stream: str, raw: Mapping[str, Any], standards: Standards, at: datetime) -> Iterator[Problem]:
    """What the model cannot know: codes, members, instants, parts, the smallest record, what only intake makes."""
    for value in judged_values(EVENTS[stream], raw):
        yield from _value_problems(value, standards, at)
    yield from part_problems(stream, raw)
    yield from act_problems(stream, raw, standards.member)
    yield from _smallest(stream, raw)
    yield from made_here(raw)


def part_problems(stream: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Exactly the part is there that an item's kind, or a trace's act, names."""
    if stream == "trace":
        yield from _parts("act", raw, TRACE_PARTS)
    for index, item in _dicts(raw.get("items")):
        yield from _parts(f"items[{index}].kind", item, ITEM_PARTS)


def made_here(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """What only intake makes is not taken: what is to be sealed comes as ``sealed_part``, and intake seals it."""
    yield from (problem("made_by_intake", field=name) for name in MADE_BY_INTAKE if raw.get(name))


def _value_problems(found: Value, standards: Standards, at: datetime) -> Iterator[Problem]:
    _, form, value = found
    if isinstance(value, str):
        if form.is_instant:
            yield from _instant_problems(found, at)
        elif form.code_list and value not in standards.code_lists[form.code_list]:
            close = nearest(value, standards.code_lists[form.code_list].codes)
            yield problem("unknown_code", field=found.path, value=shown(value), list=form.code_list, nearest=close)
        elif form.text_kind == "member" and value not in {member.code for member in standards.directory.members}:
            members = standards.directory.listed()
            yield problem("unknown_member", field=found.path, value=shown(value), nearest=members)
    elif form.is_number and isinstance(value, int) and not _fits(found):
        yield problem("malformed_value", field=found.path, value=shown(value), detail="out of range")


def _instant_problems(found: Value, at: datetime) -> Iterator[Problem]:
    ahead = _ahead(found.value, at)
    if ahead is None:
        yield problem("malformed_date", field=found.path, value=shown(found.value), format="yyyy-mm-ddTHH:MM:SSZ")
    elif ahead > CLOCK_TOLERANCE and found.path not in MAY_LIE_AHEAD:
        yield problem("in_the_future", field=found.path, value=shown(found.value))


def _ahead(value: str, at: datetime) -> timedelta | None:
    """How far an instant lies ahead; None when it is none, or its year in UTC is not within 1-9999."""
    if "T" not in value:  # the model would take a bare number for seconds since 1970
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) - at if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _fits(found: Value) -> bool:
    number = int(found.value)
    match found.steps[-1]:
        case "year":
            return 1 <= number <= LAST_YEAR
        case "offset_minutes":
            return abs(number) <= OFFSET_LIMIT_MINUTES
    return -NUMBER_LIMIT <= number < NUMBER_LIMIT


def _parts(path: str, raw: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[Problem]:
    named = raw.get(path.rpartition(".")[2])
    if isinstance(named, str) and named in parts and {p for p in parts if raw.get(p) is not None} != {named}:
        yield problem("part_disagrees", field=path, value=named)


def _smallest(stream: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Own reference, and for each firearm its class and the state of at least one number."""
    if not raw.get("own_reference") and (stream in STREAMS_WITH_OWN_REFERENCE or raw.get("act") == "request"):
        yield problem("missing_field", field="own_reference")
    for index, item in _dicts(raw.get("items")):
        marks = firearm.get("marks") if isinstance(firearm := item.get("firearm"), dict) else None
        if isinstance(marks, dict) and not marks.get("numbers"):
            yield problem("missing_field", field=f"items[{index}].firearm.marks.numbers[0].state")


def _item_key_problems(items: Any) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, item in _dicts(items):
        path = f"items[{index}].item_key"
        key = item.get("item_key", str(index + 1))
        if "item_id" in item:
            yield problem("unknown_field", field=f"items[{index}].item_id")
        if not isinstance(key, str) or not 0 < len(key) <= MAX_ID_CHARACTERS:
            detail = f"text of at most {MAX_ID_CHARACTERS} characters is expected"
            yield problem("malformed_value", field=path, value=shown(key), detail=detail)
        elif key in seen:
            yield problem("malformed_value", field=path, value=shown(key), detail="another item has this key")
        else:
            seen.add(key)


def _model_problem(found: Any) -> Problem:
    path, kind, given = show_path(found["loc"]), found["type"], found.get("input")
    if kind == "missing" or given is None:
        return problem("missing_field", field=path)
    if kind == "extra_forbidden":
        return problem("unknown_field", field=path)
    value = "a list or an object" if isinstance(given, list | dict) else shown(given)
    return problem("malformed_value", field=path, value=value, detail=found["msg"])


def _dicts(values: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, dict):
            yield index, value


def _unusable(value: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    """The first sign that no text may hold of each text in plain JSON values, keys included, with the steps to it."""
    if isinstance(value, str):
        if found := UNUSABLE.search(value):
            yield steps, found.group()
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            where = (*steps, str(name))
            if found := UNUSABLE.search(str(name)):
                yield where, found.group()
            yield from _unusable(inner, where)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unusable(inner, (*steps, index))
