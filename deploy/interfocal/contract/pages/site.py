"""The data set as a site of static pages: which pages there are, and what stands on each. Pure but for the templates.

It changes when a page is added. The same contract and region give the same bytes. Nothing on a page comes from
elsewhere, and no page holds a script or a style of its own, so that a strict content security policy holds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from interfocal.contract.pages.changes import Step, history
from interfocal.contract.pages.described import DescribedVersion, describe
from interfocal.contract.pages.kinds import text_kinds
from interfocal.contract.pages.region import ShownRegion
from interfocal.contract.pages.search_index import (
    Entry,
    entries_of_event,
    entries_of_kinds,
    entries_of_list,
    entries_of_region,
    index_script,
)
from schemas.codes.coverage import languages_of
from schemas.codes.lists import CodeList
from schemas.errors import Misconfigured
from schemas.topics import planned_topics
from schemas.wire.catalogue import SCHEMA_FILE, SchemaVersion, stream_carried_by
from schemas.wire.draft import EXAMPLE_JSON

TEMPLATES = Path(__file__).with_name("templates")
STATIC = Path(__file__).with_name("static")
ANY_MEMBER, ANY_CODE = "<member>", "zz"


@dataclass(frozen=True, slots=True)
class Contract:
    """What the pages tell: schema versions and which are released, their folder, the code lists."""

    versions: Sequence[SchemaVersion]
    released: Mapping[str, str]
    folder: Traversable
    lists: Mapping[str, CodeList]


@dataclass(frozen=True, slots=True)
class Use:
    """A field that holds codes of a list."""

    stream: str
    part: str
    field: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """All versions of one stream's schema; the newest is told in full."""

    stream: str
    steps: Sequence[Step]
    topics: Sequence[str]
    examples: Mapping[str, str]

    @property
    def newest(self) -> DescribedVersion:
        """The version that is written today."""
        return self.steps[0].described


def site(contract: Contract, region: ShownRegion) -> Mapping[str, bytes]:
    """Every file of the site by its path."""
    events = list(_events(contract))
    kinds = text_kinds()
    shared = {"events": events, "lists": contract.lists, "region": region}
    render = _renderer(shared)
    pages = {
        "index.html": render("index.html", "index.html", {}),
        "kinds.html": render("kinds.html", "kinds.html", {"kinds": kinds}),
        "region.html": render("region.html", "region.html", {}),
    }
    for event in events:
        path = f"events/{event.stream}.html"
        pages[path] = render("event.html", path, {"event": event})
    languages = languages_of(contract.lists.values())
    for listed in contract.lists.values():
        path, uses = f"codes/{listed.name}.html", _uses(events, listed.name)
        pages[path] = render("code_list.html", path, {"listed": listed, "languages": languages, "uses": uses})
    entries: list[Entry] = [
        *(entry for event in events for entry in entries_of_event(event.newest)),
        *(entry for listed in contract.lists.values() for entry in entries_of_list(listed)),
        *entries_of_kinds(kinds),
        *entries_of_region(region),
    ]
    texts = {**pages, "assets/search-index.js": index_script(entries), **dict(_copies(events))}
    assets = {f"assets/{file.name}": file.read_bytes() for file in sorted(STATIC.iterdir())}
    return {path: text.encode() for path, text in texts.items()} | assets


def _renderer(shared: Mapping[str, Any]) -> Any:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def render(template: str, path: str, own: Mapping[str, Any]) -> str:
        root = "../" * path.count("/")
        return environment.get_template(template).render(**shared, **own, path=path, root=root)

    return render


def _events(contract: Contract) -> Iterator[EventPage]:
    for stream, group in groupby(contract.versions, key=lambda version: version.stream):
        described = [describe(version, released=version.name in contract.released) for version in group]
        examples = {one.version.name: _example(contract.folder, one.version) for one in described}
        yield EventPage(stream, history(described), _topics(stream), examples)


def _example(folder: Traversable, version: SchemaVersion) -> str:
    file = folder / version.stream / str(version.version) / EXAMPLE_JSON
    try:
        return json.dumps(json.loads(file.read_text(encoding="utf-8")), indent=2, ensure_ascii=False)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"schemas/avro/{version.name}/{EXAMPLE_JSON} cannot be read: {error}") from error


def _topics(stream: str) -> list[str]:
    """The topics that carry a stream, for any member."""
    names = [topic.name for topic in planned_topics([ANY_CODE])]
    return [name.replace(ANY_CODE, ANY_MEMBER) for name in names if stream_carried_by(name) == stream]


def _uses(events: Sequence[EventPage], listed: str) -> list[Use]:
    return [
        Use(event.stream, part.name, field.name)
        for event in events
        for part in event.newest.parts
        for field in part.fields
        if field.code_list == listed
    ]


def _copies(events: Sequence[EventPage]) -> Iterator[tuple[str, str]]:
    """Every schema and example as the files that programs read."""
    for event in events:
        for step in event.steps:
            version = step.described.version
            yield f"files/{version.name}/{SCHEMA_FILE}", version.text
            yield f"files/{version.name}/{EXAMPLE_JSON}", f"{event.examples[version.name]}\n"
