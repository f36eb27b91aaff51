"""What no schema of ours may hold. It changes when a kind of schema proves dangerous, or a kind of text is allowed.

A recursive schema lets a few bytes end the process, an array of nothing lets seven bytes fill the memory, a new branch
of a union breaks every old reader, and free text lets a person's name into the open part.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from schemas.wire.bounds import LEAVES
from schemas.wire.projection import NAMESPACE

RECORD_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
TEXT_KINDS = frozenset({"id", "member", "place", "reference", "mark", "hash", "name", "seal"})
RECORD_ATTRIBUTES = frozenset({"type", "name", "namespace", "doc", "fields"})
FIELD_ATTRIBUTES = frozenset({"name", "type", "doc", "default", "codeList", "textKind", "unit"})
TYPE_ATTRIBUTES = frozenset({"type", "items", "logicalType"})
MAX_DEPTH = 12
ALLOWED_LOGICAL = {"timestamp-millis": "long"}
PYTHON_TYPES: Mapping[Any, type] = {"string": str, "long": int, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a schema: a stable rule, the path of the field, and what to do."""

    rule: str
    path: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path or 'schema'}: {self.detail} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the walk stands: the path, the records around it, those spelled out so far, and the lists there are."""

    code_lists: Collection[str]
    known: set[str]
    path: str = ""
    around: tuple[str, ...] = ()

    def found(self, rule: str, detail: str) -> Finding:
        """A finding here."""
        return Finding(rule, self.path, detail)

    def inside(self, step: str) -> "Scope":
        """The scope of a field, or of an array's items (``[]``)."""
        return replace(self, path=f"{self.path}{step}" if step == "[]" or not self.path else f"{self.path}.{step}")


def lint_text(text: str, code_lists: Collection[str]) -> tuple[Finding, ...]:
    """What is wrong with the text of a schema file; never raises."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        return (Finding("not_json", "", f"the file is not JSON ({type(error).__name__}); write one Avro record"),)
    return lint(schema, code_lists)


def lint(schema: Any, code_lists: Collection[str]) -> tuple[Finding, ...]:
    """What is wrong with a schema, parsed as JSON; ``code_lists`` are the names of the lists there are."""
    scope = Scope(code_lists, set())
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return (scope.found("no_record", "an event is a record"),)
    wrong_space = schema.get("namespace") != NAMESPACE
    return (
        *([scope.found("unsafe_name", f"the namespace of an event is {NAMESPACE}")] if wrong_space else []),
        *_record(schema, scope),
    )


def _type(schema: Any, scope: Scope) -> Iterator[Finding]:
    match schema:
        case list():
            yield from _union(schema, scope)
        case str():
            yield from _named(schema, scope)
        case {"type": "record"}:
            yield from _record(schema, scope)
        case {"type": "array"}:
            yield from _attributes(schema, TYPE_ATTRIBUTES, scope)
            yield from _type(schema.get("items"), scope.inside("[]"))
        case {"type": str(kind)}:
            yield from _plain(kind, schema, scope)
        case _:
            yield scope.found("unknown_type", "this is no type; use a record, an array, or one of the plain types")


def _union(branches: list[Any], scope: Scope) -> Iterator[Finding]:
    match branches:
        case ["null", str() | dict() as inner]:
            yield from _type(inner, scope)
        case _:
            yield scope.found("union", "the only union is [null, T]; use a code and one optional part for each kind")


def _named(name: str, scope: Scope) -> Iterator[Finding]:
    if name in LEAVES or name in scope.known - set(scope.around):
        return
    if name in scope.around:
        yield scope.found("recursion", f"{name} holds itself; a few bytes of it end the process that reads them")
    elif name == "null":
        yield scope.found("zero_width", "null takes no bytes; counts of it fill the memory")
    else:
        yield scope.found("unknown_type", f"{_shown(name)} is not one of {', '.join(LEAVES)}, nor a record above")


def _plain(kind: str, schema: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    logical = schema.get("logicalType")
    match kind:
        case "map":
            yield scope.found("map", "a map's keys have no doc and no list; use an array of records")
        case "enum":
            yield scope.found("enum", "a new symbol stops old readers; use a string with a codeList")
        case "fixed" if schema.get("size") == 0:
            yield scope.found("zero_width", "a fixed of size 0 takes no bytes; counts of it fill the memory")
        case _ if logical == "decimal":
            yield scope.found("unbounded_decimal", "a decimal's size has no bound; use a long and name its unit")
        case _ if logical is not None and ALLOWED_LOGICAL.get(str(logical)) != kind:
            yield scope.found("unknown_logical_type", f"only {', '.join(ALLOWED_LOGICAL)} is used, on a long")
        case _:
            yield from _attributes(schema, TYPE_ATTRIBUTES if kind in LEAVES else frozenset(schema), scope)
            yield from _named(kind, scope)


def _record(schema: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    name, fields = schema.get("name"), schema.get("fields")
    yield from _attributes(schema, RECORD_ATTRIBUTES, scope)
    yield from _doc(schema, scope)
    if schema.get("namespace", NAMESPACE) != NAMESPACE:
        yield scope.found("unsafe_name", f"the only namespace is {NAMESPACE}")
    if not isinstance(name, str) or not _is_safe(name, RECORD_NAME):
        yield scope.found("unsafe_name", "a record's name is letters and digits, and starts with a capital")
        return
    if name in scope.known:
        yield scope.found("name_twice", f"{name} is spelled out a second time; name it only")
    if len(scope.around) >= MAX_DEPTH:
        yield scope.found("too_deep", f"records go at most {MAX_DEPTH} deep")
        return
    if not isinstance(fields, list) or not fields:
        yield scope.found("zero_width", "a record without fields takes no bytes; counts of it fill the memory")
        return
    scope.known.add(name)
    inner = replace(scope, around=(*scope.around, name))
    seen: set[str] = set()
    for field in fields:
        yield from _field(field, inner, seen)


def _field(field: Any, scope: Scope, seen: set[str]) -> Iterator[Finding]:
    if not isinstance(field, dict) or not _is_safe(field.get("name"), FIELD_NAME):
        yield scope.found("unsafe_name", "a field's name is small letters, digits and _, and starts with a letter")
        return
    inner = scope.inside(field["name"])
    if field["name"] in seen:
        yield inner.found("name_twice", "the record has two fields of this name")
    seen.add(field["name"])
    yield from _attributes(field, FIELD_ATTRIBUTES, inner)
    yield from _doc(field, inner)
    wrong_type = list(_type(field.get("type"), inner))
    yield from wrong_type
    if all(finding.path != inner.path for finding in wrong_type):
        yield from _text(field, inner)
        yield from _default(field, inner)


def _doc(schema: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    doc = schema.get("doc")
    if not isinstance(doc, str) or not doc.strip():
        yield scope.found("no_doc", "say in doc what it holds, with its unit")


def _attributes(schema: Mapping[str, Any], allowed: frozenset[str], scope: Scope) -> Iterator[Finding]:
    for name in sorted(set(schema) - allowed):
        yield scope.found(
            "unknown_attribute", f"{_shown(name)} is not an attribute that the gate compares; leave it out"
        )


def _text(field: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    listed, kind = field.get("codeList"), field.get("textKind")
    is_text = _leaf(field.get("type")) == "string"
    if is_text and (listed is None) == (kind is None):
        yield scope.found("uncoded_text", "text is either of a codeList or of a textKind; what people write is sealed")
    if not is_text and (listed is not None or kind is not None):
        yield scope.found("stray_code_list", "codeList and textKind are for text only")
    if listed is not None and not (isinstance(listed, str) and listed in scope.code_lists):
        yield scope.found("unknown_code_list", f"there is no list {_shown(listed)} in schemas/codes")
    if kind is not None and not (isinstance(kind, str) and kind in TEXT_KINDS):
        yield scope.found("unknown_text_kind", f"{_shown(kind)} is not one of {', '.join(sorted(TEXT_KINDS))}")


def _default(field: Mapping[str, Any], scope: Scope) -> Iterator[Finding]:
    kind = field.get("type")
    if isinstance(kind, list) and ("default" not in field or field["default"] is not None):
        yield scope.found("default", "the default of what may be empty is null")
    if not isinstance(kind, list) and "default" in field and not _fits(field["default"], kind):
        yield scope.found("default", "the default is not a value of the type")


def _fits(default: Any, kind: Any) -> bool:
    if isinstance(kind, dict) and kind.get("type") == "array":
        return isinstance(default, list) and all(_fits(one, kind.get("items")) for one in default)
    return isinstance(kind, str) and kind in PYTHON_TYPES and type(default) is PYTHON_TYPES[kind]


def _leaf(kind: Any) -> Any:
    """What is left of a type without null and arrays."""
    match kind:
        case ["null", inner] | {"type": "array", "items": inner}:
            return _leaf(inner)
        case {"type": str(inner)}:
            return inner
        case _:
            return kind


def _is_safe(name: Any, form: re.Pattern[str]) -> bool:
    return isinstance(name, str) and form.fullmatch(name) is not None


def _shown(name: Any) -> str:
    """A name of unknown origin as one short line."""
    return repr(name)[:60]
