"""The pages of the data set: all of the contract is on them, every link leads somewhere, and nothing is loaded."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

import pytest

from html_pages import Page, read_page
from interfocal.commands.main import run
from interfocal.contract.pages.changes import changes, history
from interfocal.contract.pages.described import describe
from interfocal.contract.pages.kinds import text_kinds
from interfocal.contract.pages.region import shown_region
from interfocal.contract.pages.site import Contract, site
from interfocal.contract.pages.written import write_site
from interfocal.installation.region_folder import open_region
from schemas.codes.coverage import languages_of
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured, NotOurs
from schemas.wire.catalogue import SchemaVersion, avro_folder, read_versions
from schemas.wire.lint import TEXT_KINDS
from schemas.wire.release import read_released
from source_tree import ROOT

HISTORIES = ROOT / "tests" / "contract" / "histories"
OTHER_REGION = ROOT / "tests" / "regions" / "us-states"
VERSIONS = read_versions(avro_folder())
LISTS = load_code_lists()
CONTRACT = Contract(VERSIONS, read_released(avro_folder()), avro_folder(), LISTS)
REGION = shown_region(open_region())
SITE = site(CONTRACT, REGION)
PAGES: Mapping[str, Page] = {
    path: read_page(content.decode()) for path, content in SITE.items() if path.endswith(".html")
}


def target(page: str, link: str) -> tuple[str, str]:
    """File and fragment that a link of a page leads to."""
    path, _, fragment = link.partition("#")
    return normpath(str(PurePosixPath(page).parent / path)) if path else page, fragment


def fields(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field of a schema, with the record that holds it."""
    if isinstance(schema, list):
        yield from fields(schema[1])
    elif isinstance(schema, dict) and schema["type"] == "array":
        yield from fields(schema["items"])
    elif isinstance(schema, dict) and schema["type"] == "record":
        for field in schema["fields"]:
            yield schema["name"], field
            yield from fields(field["type"])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_needs_nothing_from_elsewhere(path: str) -> None:
    page = PAGES[path]
    assert page.title.endswith(" – Interfocal data set")  # noqa: RUF001  # as it stands between the two
    assert len(page.title.split()) > 4 or page.headings[0] in page.title
    assert (page.language, len(page.headings)) == ("en", 1)
    assert page.inline == []
    assert page.unclosed == []
    assert len(page.ids) == len(set(page.ids))
    assert page.loads
    for load in page.loads:
        assert target(path, load)[0] in SITE


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(path: str) -> None:
    for link in PAGES[path].links:
        file, fragment = target(path, link)
        assert file in SITE, link
        assert not fragment or fragment in PAGES[file].ids, link


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_the_footnotes_of_members_that_its_search_may_show(path: str) -> None:
    assert REGION.footnotes
    for code, footnote in REGION.footnotes.items():
        assert f"{code}: {footnote}" in PAGES[path].text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_or_file_names_another_place(path: str) -> None:
    assert not re.search(r"(?:https?:)?//\w", SITE[path].decode())
    for asset in ("assets/site.css", "assets/search.js"):
        assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|eval\(|innerHTML", SITE[asset].decode())


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_an_events_page_has_every_field_with_its_meaning_code_list_and_unit(version: SchemaVersion) -> None:
    path = f"events/{version.stream}.html"
    page, text = PAGES[path], " ".join(PAGES[path].text.split())
    found = list(fields(version.schema))
    assert found
    for record, field in found:
        assert f"{record}.{field['name']}" in page.ids
        assert field["doc"] in text
        if "codeList" in field:
            assert f"../codes/{field['codeList']}.html" in page.links
        if "textKind" in field:
            assert f"../kinds.html#kind-{field['textKind']}" in page.links
        if "unit" in field:
            assert f", in {field['unit']}" in text
    assert f"Schema id {version.schema_id}" in text


def test_an_events_page_shows_its_example_and_gives_the_files_that_programs_read() -> None:
    for version in VERSIONS:
        example = json.loads((avro_folder() / version.name / "example.json").read_text(encoding="utf-8"))
        shown = PAGES[f"events/{version.stream}.html"].text
        assert json.dumps(example, indent=2, ensure_ascii=False) in shown
        assert SITE[f"files/{version.name}/schema.avsc"].decode() == version.text
        assert json.loads(SITE[f"files/{version.name}/example.json"]) == example


@pytest.mark.parametrize("name", LISTS)
def test_a_lists_page_has_every_code_with_definition_source_and_all_its_labels(name: str) -> None:
    page = PAGES[f"codes/{name}.html"]
    html, text = SITE[f"codes/{name}.html"].decode(), page.text
    for code, entry in LISTS[name].entries.items():
        assert f"code-{code}" in page.ids
        assert entry.definition in text
        assert entry.source in text
        for language, label in entry.labels.items():
            assert label.text in text
            assert f'lang="{language}"' in html
        for scheme, theirs in entry.maps_to.items():
            assert f"{scheme}: {theirs}" in text
    for language in languages_of(LISTS.values()):
        assert f'<th scope="col">{language}</th>' in html


def test_a_lists_page_names_the_fields_that_hold_it() -> None:
    assert "../events/seizure.html#Firearm.weapon_class" in PAGES["codes/weapon-class.html"].links
    assert "No field of an event holds it" in PAGES["codes/iafq-class.html"].text


def test_every_kind_of_text_is_told_with_its_form() -> None:
    assert {kind.name for kind in text_kinds()} == TEXT_KINDS
    assert "matches ^[A-Za-z0-9_-]{43}$" in PAGES["kinds.html"].text


def test_the_first_page_leads_to_every_event_and_every_list() -> None:
    links = set(PAGES["index.html"].links)
    assert {f"events/{version.stream}.html" for version in VERSIONS} <= links
    assert {f"codes/{name}.html" for name in LISTS} <= links
    assert "region.inbox.<member>" in PAGES["index.html"].text


def entries(files: Mapping[str, bytes]) -> list[list[Any]]:
    script = files["assets/search-index.js"].decode()
    assert script.startswith("window.interfocalIndex = [\n")
    return list(json.loads(script.removeprefix("window.interfocalIndex = ").rstrip().removesuffix(";")))


def test_everything_that_is_searched_has_its_place_on_a_page() -> None:
    found = entries(SITE)
    kinds = {kind for kind, *_ in found}
    assert kinds == {"event", "field", "code list", "code", "kind of text", "member", "place"}
    for _, title, text, url, _ in found:
        file, fragment = target("index.html", url)
        assert title
        assert text
        assert file in PAGES
        assert not fragment or fragment in PAGES[file].ids, url
    assert sum(kind == "code" for kind, *_ in found) == sum(len(listed.codes) for listed in LISTS.values())


def test_the_same_contract_gives_the_same_bytes() -> None:
    assert site(CONTRACT, REGION) == SITE


def test_another_region_has_its_own_members_no_footnotes_and_no_places() -> None:
    other = site(CONTRACT, shown_region(open_region(OTHER_REGION)))
    page = read_page(other["region.html"].decode())
    assert "US-AL" in page.text
    assert not any(footnote in page.text for footnote in REGION.footnotes.values())
    assert {kind for kind, *_ in entries(other)} == {"event", "field", "code list", "code", "kind of text", "member"}


def versions_of(history_file: Path) -> list[SchemaVersion]:
    schemas = json.loads(history_file.read_text(encoding="utf-8"))["versions"]
    return [SchemaVersion("seizure", number, json.dumps(one), one) for number, one in enumerate(schemas, start=1)]


@pytest.mark.parametrize(
    ("name", "what", "where", "detail"),
    [
        ("allowed/optional_field_added", "added", "Sighting.", ""),
        ("allowed/field_with_default_removed", "removed", "Sighting.", ""),
        ("allowed/doc_changed", "changed", "Sighting", "description: was “"),
        ("forbidden/unit_changed", "changed", "Piece.", "unit: was “"),
        ("forbidden/code_list_changed", "changed", "Sighting.", "code list: was “"),
        ("forbidden/required_made_optional", "changed", "Sighting.", "may be empty: was no, is yes"),
        ("forbidden/one_made_many", "changed", "Sighting.", "is a list: was no, is yes"),
        ("forbidden/number_widened", "changed", "Sighting.", ""),
    ],
)
def test_what_differs_between_two_versions_is_told(name: str, what: str, where: str, detail: str) -> None:
    older, newer = (describe(one, released=True) for one in versions_of(HISTORIES / f"{name}.json")[:2])
    found = [change for change in changes(older, newer) if change.what == what]
    assert found
    assert found[0].where.startswith(where)
    assert found[0].detail.startswith(detail)
    assert changes(older, older) == []


def test_a_stream_of_several_versions_tells_the_newest_and_what_each_changed(tmp_path: Path) -> None:
    first, second = versions_of(HISTORIES / "allowed" / "optional_field_added.json")[:2]
    for version in (first, second):
        (tmp_path / version.name).mkdir(parents=True)
        (tmp_path / version.name / "example.json").write_text('{"number": %d}' % version.version)  # noqa: UP031
    made = site(Contract([first, second], {"seizure/1": "hash"}, tmp_path, LISTS), REGION)
    text = " ".join(read_page(made["events/seizure.html"].decode()).text.split())
    steps = history([describe(first, released=True), describe(second, released=False)])
    (change,) = steps[0].changes
    assert f"Version 2 draft Schema id 102; its schema, its example. Against version 1: added {change.where}" in text
    assert "Version 1 released Schema id 101; its schema, its example. It is the first." in text
    assert '{ "number": 2 }' in text
    assert '{ "number": 1 }' not in text
    assert json.loads(made["files/seizure/1/example.json"]) == {"number": 1}


def test_a_missing_example_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"seizure/1/example\.json cannot be read"):
        site(Contract(VERSIONS, {}, tmp_path, LISTS), REGION)


def test_a_place_list_of_another_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "areas.csv").write_text("code,label\nX,Y\n", encoding="utf-8")
    (tmp_path / "directory.toml").write_text('title = "T"\n', encoding="utf-8")
    with pytest.raises(Misconfigured, match="place list areas: the columns have to be code, name, kind, jurisdiction"):
        shown_region(open_region(tmp_path))


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_later_run_replaces_what_it_wrote_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    write_site(folder, {"a.html": b"1", "codes/gone.html": b"1"})
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    write_site(folder, {"a.html": b"2"})
    assert files_in(folder) == {"a.html", "note.txt", ".interfocal-pages"}
    assert (folder / "a.html").read_bytes() == b"2"


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotOurs, match="holds other files"):
        write_site(tmp_path, {"a.html": b"1"})
    assert files_in(tmp_path) == {"thesis.txt"}


def test_a_list_of_files_that_was_tampered_with_removes_nothing_outside(tmp_path: Path) -> None:
    folder, outside = tmp_path / "pages", tmp_path / "outside.txt"
    outside.write_text("mine", encoding="utf-8")
    write_site(folder, {"a.html": b"1"})
    (folder / ".interfocal-pages").write_text(f"../outside.txt\n{outside}\n", encoding="utf-8")
    write_site(folder, {"a.html": b"2"})
    assert outside.exists()


def test_the_command_writes_the_site_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pages"
    assert run(["schemas", "docs", str(folder)]) == 0
    assert capsys.readouterr().out == f"{len(PAGES)} pages are written; open {folder / 'index.html'}.\n"
    assert files_in(folder) == {*SITE, ".interfocal-pages"}
    assert run(["schemas", "docs", str(tmp_path)]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert run(["schemas", "docs", str(folder / "index.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run(["schemas", "docs", str(folder), "--region", str(tmp_path)]) == 2
