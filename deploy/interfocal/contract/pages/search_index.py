"""What the pages' search finds: an entry for each event, field, code, list, kind of text, member and place.

It changes when the pages get something else to be found. Pure.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interfocal.contract.pages.described import DescribedVersion
from interfocal.contract.pages.kinds import Kind
from interfocal.contract.pages.region import ShownRegion
from schemas.codes.lists import CodeList

VARIABLE = "interfocalIndex"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be found: what it is, its page, and other names by which it is found."""

    kind: str
    title: str
    text: str
    url: str
    names: tuple[str, ...] = ()


def entries_of_event(described: DescribedVersion) -> Iterator[Entry]:
    """An event and the fields of all its parts."""
    page = f"events/{described.version.stream}.html"
    yield Entry("event", described.version.stream, described.event.doc, page, (described.event.name,))
    for part in described.parts:
        place = described.event.name if part is described.event else f"{described.event.name}, part {part.name}"
        for field in part.fields:
            yield Entry("field", field.name, f"{field.doc} ({place})", f"{page}#{part.name}.{field.name}")


def entries_of_list(listed: CodeList) -> Iterator[Entry]:
    """A code list and its codes, which are found by their labels in every language."""
    page = f"codes/{listed.name}.html"
    yield Entry("code list", listed.name, f"{len(listed.codes)} codes", page)
    for code, entry in listed.entries.items():
        labels = tuple(dict.fromkeys(label.text for label in entry.labels.values()))
        text = f"{listed.label(code)}: {entry.definition} ({listed.name})"
        yield Entry("code", code, text, f"{page}#code-{code}", labels)


def entries_of_kinds(kinds: Iterable[Kind]) -> Iterator[Entry]:
    """The kinds of text."""
    return (Entry("kind of text", kind.name, kind.meaning, f"kinds.html#kind-{kind.name}") for kind in kinds)


def entries_of_region(region: ShownRegion) -> Iterator[Entry]:
    """Members and places."""
    for member in region.members:
        names = tuple(member.get("names", {}).values())
        yield Entry("member", member["code"], member["name"], f"region.html#member-{member['code']}", names)
    for listed in region.places:
        for place in listed.places:
            text = f"{place['name']} ({listed.name}, {place['jurisdiction']})"
            yield Entry("place", place["code"], text, f"region.html#place-{place['code']}")


def index_script(entries: Sequence[Entry]) -> str:
    """The index as a script: a page that was opened from a folder may load one, and nothing else."""
    rows = [[entry.kind, entry.title, entry.text, entry.url, entry.names] for entry in entries]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"window.{VARIABLE} = [\n{lines}\n];\n"
