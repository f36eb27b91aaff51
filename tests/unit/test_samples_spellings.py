"""The samples of the default region: every member writes in its own format, encoding, script and words."""

import codecs
import unicodedata
from collections.abc import Iterable
from itertools import combinations
from typing import get_args

import pytest

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import folded
from sample_files import EXPECTED, MEMBERS, REGION, path_of

FORMATS = set(get_args(NationalMapping.model_fields["format"].annotation))
ENCODINGS = {"utf-8", "cp1250", "cp1251", "utf-16"}
IN_CYRILLIC = {"mk", "sr-Cyrl", "be", "ru", "uk"}
PAIRS = [(a, b) for a, b in combinations(REGION.mappings.mappings, 2) if a.member != b.member]
Translation = tuple[str, str, str]


def translations(mapping: NationalMapping) -> set[Translation]:
    """Field path, national spelling, code: every line of ``codes`` and ``contains`` of every rule."""
    rules = dict(mapping.fields)
    rules |= {f"items[].{path}": rule for path, rule in mapping.items.fields.items()} if mapping.items else {}
    return {
        (path, folded(spelling), code)
        for path, rule in rules.items()
        for spelling, code in (rule.codes | rule.contains).items()
    }


def scripts(texts: Iterable[str]) -> set[str]:
    """Scripts of the letters in texts, as Unicode names them."""
    names = (unicodedata.name(sign) for text in texts for sign in text if sign.isalpha())
    return {name.split()[0] for name in names}


def mappings_of(member: str) -> list[NationalMapping]:
    return [mapping for mapping in REGION.mappings.mappings if mapping.member == member]


def read_with() -> list[tuple[bytes, NationalMapping]]:
    """The bytes of every sample, with its mapping."""
    listed = [(path_of(one["member"], one["file"]), one) for one in EXPECTED["files"]]
    return [(path.read_bytes(), REGION.mappings.find(one["member"], one["mapping"])) for path, one in listed]


def test_every_format_that_a_mapping_can_read_occurs() -> None:
    assert {mapping.format for _, mapping in read_with()} == FORMATS


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_every_encoding_of_the_region_occurs_where_it_matters(encoding: str) -> None:
    """A file counts if its bytes say something else in UTF-8, or in UTF-8 if they are more than ASCII."""
    texts = [raw for raw, mapping in read_with() if mapping.encoding == encoding and mapping.format != "xlsx"]
    written = [raw for raw in texts if not raw.isascii()]
    assert written
    for raw in written:
        raw.decode(encoding)
    if encoding == "utf-16":
        assert all(raw.startswith(codecs.BOM_UTF16_LE) for raw in written)
    elif encoding != "utf-8":
        for raw in written:
            with pytest.raises(UnicodeDecodeError):
                raw.decode("utf-8")


def test_no_other_encoding_occurs() -> None:
    assert {mapping.encoding for _, mapping in read_with()} == ENCODINGS


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_writes_in_the_scripts_of_its_languages(member: str) -> None:
    languages = REGION.directory.member(member).languages
    expected = {"CYRILLIC" if language in IN_CYRILLIC else "LATIN" for language in languages}
    spellings = [spelling for mapping in mappings_of(member) for _, spelling, _ in translations(mapping)]
    assert scripts(spellings) >= expected


def test_members_write_in_their_own_way() -> None:
    seizing = {m.member: m for m in REGION.mappings.mappings if m.stream == "seizure"}
    assert set(seizing) == set(MEMBERS)
    assert len({(m.format, m.encoding, m.delimiter, m.header_rows) for m in seizing.values()}) == len(MEMBERS)
    assert len({m.columns for m in seizing.values()}) == len(MEMBERS)
    agencies = [frozenset(m.fields["agency"].codes) for m in seizing.values()]
    assert len(set(agencies)) == len(MEMBERS)
    dates = {tuple(d.format for d in m.fields["occurred"].dates) for m in seizing.values()}
    assert len(dates) >= 5


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_two_members_mappings_share_at_most_half_of_the_translations_of_the_smaller_one(
    pair: tuple[NationalMapping, NationalMapping],
) -> None:
    """Counted are field path, national spelling and code together; one that both have is shared."""
    first, second = map(translations, pair)
    assert min(len(first), len(second)) > 0
    assert len(first & second) <= 0.5 * min(len(first), len(second))


@pytest.mark.parametrize("mapping", REGION.mappings.mappings, ids=lambda mapping: mapping.name)
def test_no_vocabulary_was_made_different_by_leaving_words_out(mapping: NationalMapping) -> None:
    """It is the office's list of weapons, whatever of it the samples use."""
    known = {code for path, _, code in translations(mapping) if path.endswith("weapon_class")}
    assert known >= {
        *("pistol", "revolver", "rifle_bolt", "rifle_semi", "assault_rifle", "shotgun", "smg", "lmg"),
        *("rpg_light_weapon", "air", "gas_alarm_signal", "flare", "craft", "disguised", "unknown"),
    }
