"""Files of a member's export for the author of a mapping. It changes with how a file's form is found out.

Nothing of them is kept or submitted.
"""

import tomllib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from interfocal.commands.submit import region_mappings
from producers.mapping.files import MappingSet, load_mapping
from producers.mapping.grouping_on_disk import bulks_on_disk
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRecord
from producers.mapping.skeleton import Column, probe
from producers.ways_in.files import read_rows
from producers.ways_in.handing import mappings_for
from producers.ways_in.rejected_workbook import as_workbook
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured, Rejected

FORMS = {".csv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}
XML = ".xml"
ENCODINGS = ("utf-8", "utf-16", "cp1250", "cp1251")
DELIMITERS = (";", "\t", ",", "|")
LOOKED_AT = 2_000


def chosen(var: Path, member: str, path: Path, named: str | None) -> list[NationalMapping]:
    """The mappings to read a file with: a mapping file (``.toml``), one by name, or those that read its name.

    Raises Rejected (``unknown_mapping``), Misconfigured for a mapping that is wrong.
    """
    if named and named.endswith(".toml"):
        mapping = load_mapping(Path(named), load_code_lists())
        if not mapping.serves(member):
            raise Misconfigured(f"{named} is for {mapping.member}, not for {member}")
        return [mapping]
    mappings: MappingSet = region_mappings(var)
    found = [mappings.find(member, named)] if named else mappings_for(mappings, member, path.name)
    return [as_workbook(mapping, path) for mapping in found]


def records(mapping: NationalMapping, member: str, path: Path) -> Iterator[NationalRecord]:
    """The records of a file; raises Rejected when it cannot be read."""
    for bulk in bulks_on_disk(mapping, member, read_rows(path, mapping)):
        yield from bulk


def look(path: Path, element: str = "", encoding: str = "") -> tuple[NationalMapping, list[Column]]:
    """How a file can be read, and its columns.

    Bytes alone do not tell cp1250 from cp1251, so ``encoding`` may say it. Raises Rejected when no way reads the file,
    Misconfigured for its ending.
    """
    fault: Rejected | None = None
    best: tuple[NationalMapping, list[Column]] | None = None
    for way in _ways(path, element, (encoding,) if encoding else ENCODINGS):
        try:
            columns = _columns(path, way)
        except Rejected as error:
            fault = fault or error
            continue
        if columns and (best is None or len(columns) > len(best[1])):
            best = way, columns
    if best is None:
        raise fault or Misconfigured(f"{path.name} has no columns")
    return best


def _ways(path: Path, element: str, encodings: Sequence[str]) -> Iterator[NationalMapping]:
    ending = path.suffix.lower()
    if ending == XML:
        if not element:
            raise Misconfigured("name the element of a record, from the outermost: --element export/cases/case")
        yield probe("xml", element=element)
    elif ending not in FORMS:
        raise Misconfigured(f"{path.name}: only {', '.join(FORMS)} and {XML} can be looked at")
    elif FORMS[ending] == "csv":
        yield from (probe("csv", encoding=code, delimiter=sign) for code in encodings for sign in DELIMITERS)
    else:
        yield probe(FORMS[ending])


def _columns(path: Path, way: NationalMapping) -> list[Column]:
    found: dict[str, Column] = {}
    for row in islice(read_rows(path, way), LOOKED_AT):
        for name, value in _flat(row.fields, ""):
            found.setdefault(name, Column(name)).see(value)
    return list(found.values())


def _flat(fields: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        where = f"{path}.{name}" if path else str(name)
        if isinstance(value, dict):
            yield from _flat(value, where)
        else:
            yield where, value


def checked_skeleton(text: str) -> str:
    """The text of a new mapping, after it was read as TOML; raises Misconfigured for a name that TOML cannot hold."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"a column has a name that no mapping can hold: {error}") from error
    return text
