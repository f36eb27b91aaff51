"""How often people have read, counted from entries of an audit log by a clock that the test moves."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from consumers.audit.reads import Rate, Reads
from schemas.events.types import instant_text

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONGEST_S = 59 * 60
READ = ("consultation", "export")
KINDS = ("consultation", "export", "disclosure", "alteration", "erasure")
SAID = st.tuples(
    st.integers(0, 7_200), st.sampled_from(KINDS), st.sampled_from(["AA", "BB"]), st.sampled_from(["p", "q", "r"])
)
Said = tuple[int, str, str, str]


def entry(said: Said) -> str:
    age_s, kind, member, person = said
    told = {"member": member, "person": person}
    return json.dumps({"at": instant_text(AT - timedelta(seconds=age_s)), "kind": kind, "told": told})


def counted(entries: Iterable[str]) -> Reads:
    reads = Reads()
    reads.add(enumerate(entries, start=1))
    return reads


@given(st.lists(SAID))
def test_readings_of_the_last_hour_are_counted_to_the_minute(said: list[Said]) -> None:
    by = Counter((member, person) for age_s, kind, member, person in said if age_s <= LONGEST_S and kind in READ)
    found = counted(map(entry, said)).rates(AT)
    for member in ("AA", "BB"):
        counts = [count for (of, _), count in by.items() if of == member]
        assert found.get(member, Rate(0, 0)) == Rate(sum(counts), max(counts, default=0))


@given(st.lists(SAID), st.integers(0, 10))
def test_it_is_the_same_however_often_one_looks(said: list[Said], first: int) -> None:
    entries = list(enumerate(map(entry, said), start=1))
    reads = Reads()
    reads.add(entries[:first])
    reads.rates(AT - timedelta(minutes=30))
    reads.add(entries[first:])
    assert reads.rates(AT) == counted(map(entry, said)).rates(AT)


def test_what_is_an_hour_old_counts_no_more() -> None:
    reads = counted([entry((0, "export", "AA", "p"))])
    assert reads.rates(AT + timedelta(minutes=59)) == {"AA": Rate(1, 1)}
    assert reads.rates(AT + timedelta(minutes=60)) == {}
    assert reads.rates(AT) == {}


def test_an_entry_that_somebody_broke_counts_as_none_and_ends_nothing() -> None:
    sound = entry((0, "export", "AA", "p"))
    broken = ["", "[]", "{}", '{"at": 7}', '{"at": "x", "told": {}, "kind": "export"}', sound.replace("member", "m")]
    assert counted([*broken, sound]).rates(AT) == {"AA": Rate(1, 1)}
