"""The linter refuses what would harm readers, each by its own rule; and the gate refuses histories, each by its own."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.wire.catalogue import SchemaVersion
from schemas.wire.evolution import history_findings, pair_findings
from schemas.wire.lint import MAX_DEPTH, lint, lint_text

CODE_LISTS = {"weapon-class", "action"}
HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
WORDS = st.sampled_from(["record", "array", "string", "long", "null", "it", "Part", "mark", "action", "decimal", ""])
KEYS = st.sampled_from(
    ["type", "name", "doc", "fields", "items", "default", "codeList", "textKind", "logicalType", "namespace", "size"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=16,
)


def record(*fields: object, name: str = "Sighting") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "interfocal", "doc": "A thing.", "fields": list(fields)}


def field(kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": "it", "type": kind, "doc": "What it holds", **more}


def nested(depth: int) -> dict[str, Any]:
    inner = field("boolean") if depth == 1 else field(nested(depth - 1))
    return record(inner, name=f"Level{depth}")


PART = record(field("long"), name="Part")
SOUND = [
    field("boolean"),
    field("long", unit="gram", default=0),
    field("bytes"),
    field("string", textKind="mark"),
    field("string", codeList="action", default="bolt"),
    field({"type": "long", "logicalType": "timestamp-millis"}),
    field(["null", "string"], textKind="id", default=None),
    field({"type": "array", "items": "string"}, codeList="weapon-class", default=[]),
    field({"type": "array", "items": PART}, default=[]),
    field(["null", PART], default=None),
    field(["null", {"type": "array", "items": "string"}], textKind="member", default=None),
]
FORBIDDEN = [
    ("union", field(["string", "null"], textKind="mark", default="")),
    ("union", field(["null", "string", "long"], textKind="mark", default=None)),
    ("union", field(["null"], default=None)),
    ("union", field([], default=None)),
    ("union", field(["null", ["null", "long"]], default=None)),
    ("recursion", field(["null", "Sighting"], default=None)),
    ("recursion", field({"type": "array", "items": "Sighting"})),
    ("recursion", field(record(field({"type": "array", "items": "Sighting"}), name="Between"))),
    ("zero_width", field("null")),
    ("zero_width", field({"type": "array", "items": "null"})),
    ("zero_width", field({"type": "array", "items": record(name="Nothing")})),
    ("zero_width", field({"type": "fixed", "name": "Nothing", "size": 0})),
    ("unbounded_decimal", field({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})),
    ("unknown_logical_type", field({"type": "long", "logicalType": "timestamp-micros"})),
    ("unknown_logical_type", field({"type": "string", "logicalType": "uuid"}, textKind="id")),
    ("enum", field({"type": "enum", "name": "Colour", "symbols": ["RED"]})),
    ("map", field({"type": "map", "values": "long"})),
    ("unknown_type", field("double")),
    ("unknown_type", field("int")),
    ("unknown_type", field("Nowhere")),
    ("unknown_type", field({"type": "array"})),
    ("unknown_type", field(None)),
    ("unknown_type", field({"type": ["null", "long"]})),
    ("unsafe_name", field("long", name="../it")),
    ("unsafe_name", field("long", name="it\n")),
    ("unsafe_name", field("long", name='i"t')),
    ("unsafe_name", field("long", name="")),
    ("unsafe_name", field("long", name="a" * 65)),
    ("unsafe_name", field("long", name="їt")),
    ("unsafe_name", field(record(field("long"), name="Par t"))),
    ("unsafe_name", field({**PART, "namespace": "elsewhere"})),
    ("unsafe_name", field({**PART, "name": "string"})),
    ("unsafe_name", field({**PART, "name": None})),
    ("unsafe_name", 7),
    ("no_doc", field("long", doc="")),
    ("no_doc", field("long", doc=" ")),
    ("no_doc", field("long", doc=None)),
    ("no_doc", field({**PART, "doc": ""})),
    ("uncoded_text", field("string")),
    ("uncoded_text", field(["null", "string"], default=None)),
    ("uncoded_text", field({"type": "array", "items": "string"})),
    ("uncoded_text", field({"type": "string"})),
    ("uncoded_text", field("string", textKind="mark", codeList="action")),
    ("unknown_text_kind", field("string", textKind="remarks")),
    ("unknown_code_list", field("string", codeList="colours")),
    ("stray_code_list", field("long", codeList="action")),
    ("stray_code_list", field("bytes", textKind="mark")),
    ("default", field(["null", "long"])),
    ("default", field(["null", "long"], default=1)),
    ("default", field("long", default="1")),
    ("default", field("long", default=True)),
    ("default", field("string", textKind="mark", default=None)),
    ("default", field({"type": "array", "items": "long"}, default=[1, "2"])),
    ("default", field(PART, default={})),
    ("unknown_attribute", field("long", aliases=["that"])),
    ("unknown_attribute", field({**PART, "aliases": ["Piece"]})),
]


@pytest.mark.parametrize("sound", SOUND, ids=lambda found: json.dumps(found["type"])[:50])
def test_what_is_sound_passes(sound: dict[str, Any]) -> None:
    assert lint(record(sound), CODE_LISTS) == ()


@pytest.mark.parametrize(("rule", "forbidden"), FORBIDDEN, ids=[f"{n} {rule}" for n, (rule, _) in enumerate(FORBIDDEN)])
def test_what_is_forbidden_is_found_by_its_rule_alone(rule: str, forbidden: Any) -> None:
    assert {finding.rule for finding in lint(record(forbidden), CODE_LISTS)} == {rule}


def test_a_name_is_spelled_out_once() -> None:
    twice = record(field(PART), field(PART, name="that"))
    assert {finding.rule for finding in lint(twice, CODE_LISTS)} == {"name_twice"}
    assert lint(record(field(PART), field("Part", name="that")), CODE_LISTS) == ()
    fields = record(field("long"), field("long"))
    assert {finding.rule for finding in lint(fields, CODE_LISTS)} == {"name_twice"}


def test_records_go_so_deep_and_no_deeper() -> None:
    assert lint(nested(MAX_DEPTH), CODE_LISTS) == ()
    assert {finding.rule for finding in lint(nested(MAX_DEPTH + 1), CODE_LISTS)} == {"too_deep"}


def test_a_finding_names_the_field_inside_parts_and_arrays() -> None:
    piece = record(field("string", name="label"), name="Piece")
    (finding,) = lint(record(field({"type": "array", "items": piece})), CODE_LISTS)
    assert (finding.rule, finding.path) == ("uncoded_text", "it[].label")


def test_an_event_is_a_record_of_our_namespace() -> None:
    assert [finding.rule for finding in lint("string", CODE_LISTS)] == ["no_record"]
    elsewhere = record(field("long")) | {"namespace": "elsewhere"}
    assert {finding.rule for finding in lint(elsewhere, CODE_LISTS)} == {"unsafe_name"}


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000])
def test_a_file_that_is_no_json_is_a_finding(text: str) -> None:
    assert [finding.rule for finding in lint_text(text, CODE_LISTS)] == ["not_json"]


@settings(max_examples=300)
@given(JSON)
def test_no_schema_whatever_makes_the_linter_raise(anything: Any) -> None:
    for schema in (anything, record(anything), record(field(anything, default=anything, codeList=anything))):
        assert isinstance(lint(schema, CODE_LISTS), tuple)


def test_there_are_histories_of_both_kinds() -> None:
    assert [path.parent.name for path in HISTORIES].count("allowed") >= 8
    assert [path.parent.name for path in HISTORIES].count("forbidden") >= 24


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_history_is_refused_for_its_reasons_or_allowed(path: Path) -> None:
    history = json.loads(path.read_text(encoding="utf-8"))
    versions = [SchemaVersion("trace", n, "", schema) for n, schema in enumerate(history["versions"], start=1)]
    assert (path.parent.name == "forbidden") == bool(history["refused"])
    assert {finding.rule for finding in history_findings(versions)} == set(history["refused"]), history["says"]


def test_every_rule_of_the_gate_is_proved_by_a_history() -> None:
    proved = {rule for path in HISTORIES for rule in json.loads(path.read_text(encoding="utf-8"))["refused"]}
    assert proved == {
        "newer_cannot_read_older",
        "older_cannot_read_newer",
        "type_changed",
        "logical_type_changed",
        "precision_changed",
        "unit_changed",
        "code_list_changed",
        "text_kind_changed",
        "default_changed",
        "order_changed",
    }


def test_versions_of_different_streams_are_not_compared() -> None:
    versions = [SchemaVersion(stream, 1, "", record(field("long"), name=stream)) for stream in ("trace", "missing")]
    assert history_findings(versions) == ()


def test_what_apache_avro_does_not_accept_is_a_finding() -> None:
    sound = record(field("long"))
    broken = copy.deepcopy(sound) | {"name": "no name"}
    assert "not_avro" in {finding.rule for finding in pair_findings(sound, broken)}
