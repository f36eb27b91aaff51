"""Reads mapping files, and proves at start that they fit the data set. It changes when a mapping may be wrong anew."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from producers.mapping.mapping import NationalMapping, Rule
from producers.mapping.shape import ANY_TEXT, ENVELOPE, EVENTS, SEALED_PART, Leaf, leaf_at
from schemas.codes.lists import CodeList
from schemas.errors import Misconfigured, Rejected
from schemas.events.sealed_part import SealedPart
from schemas.events.seizure import Seizure

OCCURRED = "occurred"
SEIZURE_NATIONAL_ID = "request.seizure_national_id"
ITEM_KEY = "request.item_key"
NATIONAL_FIELDS = frozenset({SEIZURE_NATIONAL_ID, ITEM_KEY})
"""Paths that a trace's mapping may fill beside those of the event: intake makes ids of them."""


@dataclass(frozen=True, slots=True)
class MappingSet:
    """Every mapping of a region."""

    mappings: tuple[NationalMapping, ...] = ()

    def of_member(self, member: str) -> tuple[NationalMapping, ...]:
        """Those for one member's exports."""
        return tuple(mapping for mapping in self.mappings if mapping.serves(member))

    def find(self, member: str, name: str, stream: str | None = None) -> NationalMapping:
        """A member's mapping by name; raises Rejected (``unknown_mapping``) naming those there are for the stream."""
        there = [m for m in self.of_member(member) if stream in {None, m.stream}]
        for mapping in there:
            if mapping.name == name:
                return mapping
        names = ", ".join(mapping.name for mapping in there) or "none"
        raise Rejected(
            f"there is no mapping {name} for {member}; there are: {names}",
            code="unknown_mapping",
            parameters={"mapping": name, "member": member, "nearest": names},
        )

    def for_file(self, member: str, filename: str) -> tuple[NationalMapping, ...]:
        """Those that read a file of this name."""
        return tuple(mapping for mapping in self.of_member(member) if mapping.reads(filename))


def load_mappings(folder: Path, code_lists: Mapping[str, CodeList]) -> MappingSet:
    """Every ``*.toml`` of a folder (none when there is no folder); raises Misconfigured naming file and key."""
    return MappingSet(tuple(load_mapping(path, code_lists) for path in sorted(folder.glob("*.toml"))))


def load_mapping(path: Path, code_lists: Mapping[str, CodeList]) -> NationalMapping:
    """One mapping; raises Misconfigured naming the file, the key and what is wrong."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not TOML: {error}") from error
    try:
        mapping = NationalMapping.model_validate({**written, "name": path.stem})
    except ValidationError as error:
        lines = [_finding(found) for found in error.errors(include_url=False)]
        raise Misconfigured(f"{path}: {'; '.join(lines)}") from error
    faults = list(faults_of(mapping, code_lists))
    if faults:
        raise Misconfigured(f"{path}: {'; '.join(faults)}")
    return mapping


def faults_of(mapping: NationalMapping, code_lists: Mapping[str, CodeList]) -> Iterator[str]:
    """What does not fit the data set: paths that are not there, codes that their list does not hold."""
    for path, rule in mapping.fields.items():
        yield from _faults(f"fields.{path}", _record_leaf(mapping.stream, path), rule, code_lists)
    for path, rule in (mapping.items.fields if mapping.items else {}).items():
        yield from _faults(f"items.fields.{path}", _leaf(Seizure, f"items[0].{path}"), rule, code_lists)
    for path, rule in mapping.sealed.items():
        yield from _faults(f"sealed.{path}", _leaf(SealedPart, path), rule, code_lists)
        yield from _leaks(f"sealed.{path}", rule, mapping.open_columns)
    for spelling, reason in mapping.absent.items():
        yield from _unlisted(f"absent.{spelling}", reason, code_lists["absent-reason"])


def _finding(found: Any) -> str:
    where = ".".join(str(step) for step in found["loc"]) or "file"
    return f"{where}: {found['msg'].removeprefix('Value error, ')}"


def _record_leaf(stream: str, path: str) -> Leaf | str:
    root = path.partition(".")[0].partition("[")[0]
    if root in ENVELOPE:
        return f"{root} is given at intake, not by a mapping"
    if root == SEALED_PART:
        return "what is sealed is filled by [sealed]"
    if root == "items":
        return "items are filled by [items.fields]"
    if stream == "trace" and path in NATIONAL_FIELDS:
        return Leaf(path, ANY_TEXT)
    return Leaf(path, ANY_TEXT) if path == OCCURRED else _leaf(EVENTS[stream], path)


def _leaf(model: Any, path: str) -> Leaf | str:
    try:
        return leaf_at(model, path)
    except ValueError as error:
        return str(error)


def _faults(where: str, leaf: Leaf | str, rule: Rule, code_lists: Mapping[str, CodeList]) -> Iterator[str]:
    if isinstance(leaf, str):
        yield f"{where}: {leaf}"
        return
    if bool(rule.dates) != (leaf.path == OCCURRED or leaf.form.is_instant) and rule.constant is None:
        yield f"{where}: dates are needed for an instant, and only there"
    if rule.number != (leaf.path != OCCURRED and leaf.form.is_number) and rule.constant is None:
        yield f"{where}: number = true is needed for a number, and only there"
    for date in rule.dates:
        if (leaf.path == OCCURRED) != (date.precision is not None):
            yield f"{where}: a date has a precision in occurred, and only there"
        if date.precision is not None:
            yield from _unlisted(f"{where}.dates", date.precision, code_lists["time-precision"])
    yield from _reason_faults(where, rule, code_lists["absent-reason"])
    if leaf.form.code_list:
        for key, code in _codes(rule):
            yield from _unlisted(f"{where}.{key}", code, code_lists[leaf.form.code_list])


def _leaks(where: str, rule: Rule, open_columns: Sequence[str]) -> Iterator[str]:
    """Where the open part would tell of what is sealed: the same column, or a part of it."""
    if rule.other_absent is not None or rule.ahead_absent is not None:
        yield f"{where}: the reasons of what is absent stand in the open part; leave other_absent and ahead_absent out"
    for column in rule.columns:
        for other in open_columns:
            if column == other or column.startswith(f"{other}.") or other.startswith(f"{column}."):
                yield f"{where}: {column} is sealed, and the open part reads {other}; one of the two has to go"


def _reason_faults(where: str, rule: Rule, reasons: CodeList) -> Iterator[str]:
    for key, reason in (("other_absent", rule.other_absent), ("ahead_absent", rule.ahead_absent)):
        if reason is not None:
            yield from _unlisted(f"{where}.{key}", reason, reasons)


def _codes(rule: Rule) -> Iterator[tuple[str, str]]:
    """Every code that a rule can write, with the key that writes it."""
    constants: Sequence[Any] = rule.constant if isinstance(rule.constant, tuple) else (rule.constant,)
    yield from (("constant", str(code)) for code in constants if code is not None)
    yield from ((f"codes.{spelling}", code) for spelling, code in rule.codes.items())
    yield from ((f"contains.{text}", code) for text, code in rule.contains.items())
    if rule.other is not None:
        yield "other", rule.other
    if rule.otherwise is not None:
        yield "otherwise", str(rule.otherwise)


def _unlisted(where: str, code: str, listed: CodeList) -> Iterator[str]:
    if code not in listed:
        nearest = ", ".join(get_close_matches(code, listed.codes, n=3, cutoff=0.4)) or ", ".join(listed.codes[:5])
        yield f"{where}: {code!r} is not a code of {listed.name}; nearest: {nearest}"
