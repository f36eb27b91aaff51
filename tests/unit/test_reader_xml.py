"""XML becomes rows; entities, document types and endless elements never do."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_cases import ROW, mapping_of
from office import XML_MAPPING, xml_export
from producers.mapping.mapping import NationalMapping
from producers.ways_in.files import rows_of
from schemas.errors import Rejected

NESTED = XML_MAPPING.replace("[items]\n", '[items]\nfrom = "oruzje.komad"\n')
BOMB = b"""<!DOCTYPE izvoz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><izvoz>&b;</izvoz>"""
OUTSIDE = b"""<!DOCTYPE izvoz SYSTEM "file:///etc/hostname"><izvoz/>"""
OPEN = b"<izvoz><predmeti><predmet>"


@pytest.fixture
def xml(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path, XML_MAPPING)


@pytest.fixture
def nested(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path, NESTED)


def one(content: str, mapping: NationalMapping) -> dict[str, object]:
    text = f"<izvoz><zaglavlje>x</zaglavlje><predmeti>{content}</predmeti></izvoz>"
    (row,) = rows_of(text.encode(), mapping)
    return dict(row.fields)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1250"])
def test_each_element_at_the_path_is_a_record_in_the_encoding_that_the_file_names(
    xml: NationalMapping, encoding: str
) -> None:
    latin = {**ROW, "BROJ": "C-41?377"}
    rows = list(rows_of(xml_export([latin, latin], encoding), xml))
    assert [(row.number, row.fields) for row in rows] == [(1, latin), (2, latin)]


def test_attributes_parts_and_lists_are_columns(xml: NationalMapping) -> None:
    inside = '<broj vrsta="ku">1</broj><mesto><ime>B</ime></mesto><z>a</z><z>b</z>'
    assert one(f'<n:predmet id="7" row="3" xmlns:n="u">{inside}</n:predmet>', xml) == {
        "@id": "7",
        "@@row": "3",
        "broj": "1",
        "broj@vrsta": "ku",
        "mesto": {"ime": "B"},
        "z": ["a", "b"],
    }


def test_items_are_a_list_also_when_there_is_one(nested: NationalMapping) -> None:
    assert one('<predmet><oruzje><komad rb="1">M57</komad></oruzje></predmet>', nested) == {
        "oruzje": {"komad": [{"@rb": "1", "#text": "M57"}]}
    }
    two = "<predmet><oruzje><komad><b>1</b></komad><komad><b>2</b></komad></oruzje></predmet>"
    assert one(two, nested) == {"oruzje": {"komad": [{"b": "1"}, {"b": "2"}]}}


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (BOMB, "document_type", "DOCTYPE"),
        (OUTSIDE, "document_type", "DOCTYPE"),
        (b"<izvoz>&nbsp;</izvoz>", "malformed_file", "line 1, column 8: undefined entity"),
        (b"", "malformed_file", "no element found"),
        (b"<izvoz><predmeti>", "malformed_file", "no element found"),
        (b"<other/>", "malformed_file", "outermost element is not izvoz"),
        (OPEN + b"<a>" * 30, "malformed_file", "more than 20 levels"),
        (OPEN + b"<a/>" * 30_000, "malformed_file", "holds more than"),
        (OPEN + b"<a>" + b"x" * 2_000_000, "line_too_long", "longer than"),
        (OPEN + (b"<a>" + b"x" * 1000 + b"</a>") * 2_000, "malformed_file", "holds more than"),
        (b"<izvoz>" + b"x" * 2_000_000, "line_too_long", "longer than"),
        (b"<izvoz><!-- " + b"x" * 2_000_000, "line_too_long", "longer than"),
        (b"<izvoz a='" + b"x" * 2_000_000, "line_too_long", "longer than"),
        (b"<izvoz>" * 100, "malformed_file", "more than 64 levels"),
        (b"<?xml version='1.0' encoding='nothing'?><izvoz/>", "malformed_file", "encoding"),
        (b"<izvoz>\xff</izvoz>", "malformed_file", "line 1, column 8"),
    ],
)
def test_xml_that_is_none_or_never_ends_is_one_sentence(
    xml: NationalMapping, content: bytes, code: str, said: str
) -> None:
    with pytest.raises(Rejected, match=said) as caught:
        list(rows_of(content, xml))
    assert caught.value.code == code


def test_an_export_without_records_is_empty(xml: NationalMapping) -> None:
    assert list(rows_of(b"<izvoz><predmeti/></izvoz>", xml)) == []


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_are_records_or_one_rejection(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, inside: bytes
) -> None:
    mapping = mapping_of(tmp_path_factory.getbasetemp(), XML_MAPPING)
    with suppress(Rejected):
        list(rows_of(before + OPEN + inside, mapping))
    with suppress(Rejected):
        list(rows_of(OPEN + inside + b"</predmet></predmeti></izvoz>", mapping))
