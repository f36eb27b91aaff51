"""Two dumps are equal, or every row that only one has or that both have differently is told under its table."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumers.view.dump import Row
from interfocal.rebuild.comparing import KEYS, TableComparison, compare, key_of

TEXTS = ("a", "ab", "z", "ž", "ж", "\U0001f600", "￮")
"""Texts whose order differs by letter and by byte in some languages, but not in a dump."""


@st.composite
def rows(draw: st.DrawFn) -> Row:
    table = draw(st.sampled_from(sorted(KEYS)))
    columns: dict[str, Any] = {
        name: draw(st.integers(0, 2) if name in {"revision", "place", "number", "hop"} else st.sampled_from(TEXTS))
        for name in KEYS[table]
    }
    return table, {**columns, "body": {"said": draw(st.sampled_from(["this", "that"]))}}


def dumped(found: list[Row]) -> dict[Any, Row]:
    """As a database has them: one row a key, in the order of a dump."""
    return dict(sorted(((key_of(row), row) for row in found), key=lambda pair: pair[0]))


@given(st.lists(rows(), max_size=12), st.lists(rows(), max_size=12))
def test_every_difference_is_counted_and_none_is_made_up(one: list[Row], other: list[Row]) -> None:
    live, rebuilt = dumped(one), dumped(other)
    found = compare(live.values(), rebuilt.values())
    for table, told in found.items():
        ours = {key: row for key, row in live.items() if row[0] == table}
        theirs = {key: row for key, row in rebuilt.items() if row[0] == table}
        differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        assert (told.live, told.rebuilt, told.differing) == (len(ours), len(theirs), len(differing))
        first = [key_of(d.live or d.rebuilt or ("", {})) for d in told.first]
        assert first == sorted(differing)[: len(first)]
        assert len(first) == min(len(differing), 5)


@given(st.lists(rows(), max_size=12))
def test_a_dump_equals_itself(found: list[Row]) -> None:
    live = dumped(found)
    assert not any(told.differing for told in compare(live.values(), live.values()).values())


def test_a_difference_says_what_each_database_has() -> None:
    one: Row = ("decision", {"event_id": "e", "sha256": "x"})
    other: Row = ("decision", {"event_id": "e", "sha256": "y"})
    (difference,) = compare([one], [other])["decision"].first
    assert list(difference.said()) == [
        ("live", '["decision",{"event_id":"e","sha256":"x"}]'),
        ("rebuilt", '["decision",{"event_id":"e","sha256":"y"}]'),
    ]
    (alone,) = compare([one], [])["decision"].first
    assert [name for name, _ in alone.said()] == ["live"]


def test_no_more_is_kept_than_is_shown() -> None:
    many: list[Row] = [("decision", {"event_id": f"{number:04}"}) for number in range(2_000)]
    assert compare(many, [], shown=3)["decision"] == TableComparison(
        2_000, 0, 2_000, compare(many[:3], [])["decision"].first
    )
