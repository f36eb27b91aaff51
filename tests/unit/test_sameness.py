"""Replaying what was submitted before, in any order, changes nothing by itself."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producers.intake.sameness import Candidate, Sameness, Verdict, judge, version_order
from producers.outbox import Revision

AT = datetime(2026, 3, 1, tzinfo=UTC)
CONTENTS = st.sampled_from("abcd")
VERSIONS = st.none() | st.integers(1, 4).map(str)
FACTS = st.sampled_from(["seizure", "missing"])
ACTS = st.sampled_from(["trace", "receipt"])


@dataclass
class History:
    """A record's revisions, as an outbox keeps them."""

    stream: str
    revisions: list[Revision] = field(default_factory=list)

    def submit(self, content: str, version: str | None = None, *, reassert: bool = False) -> Verdict:
        verdict = judge(Candidate(self.stream, content, version, reassert), self.revisions)
        if verdict.sameness is Sameness.NEW:
            number = verdict.number
            self.revisions.append(Revision(self.stream, "r", number, content, version, f"e{number}", AT))
        return verdict


def played(stream: str, submitted: list[tuple[str, str | None]]) -> History:
    history = History(stream)
    for content, version in submitted:
        history.submit(content, version)
    return history


SUBMITTED = st.lists(st.tuples(CONTENTS, VERSIONS), max_size=12)


@given(FACTS, SUBMITTED, st.data())
def test_replaying_anything_submitted_before_changes_nothing(
    stream: str, submitted: list[tuple[str, str | None]], data: st.DataObject
) -> None:
    history = played(stream, submitted)
    before = list(history.revisions)
    for content, version in data.draw(st.permutations(submitted)):
        accepted = any(one.content == content for one in before)
        verdict = history.submit(content, version)
        if accepted:
            expected = Sameness.UNCHANGED if content == before[-1].content else Sameness.SUPERSEDED
            assert verdict.sameness is expected
        else:
            assert verdict.sameness is Sameness.STALE
    assert history.revisions == before


@given(FACTS, SUBMITTED)
def test_revisions_count_from_one_without_holes_and_never_go_back(
    stream: str, submitted: list[tuple[str, str | None]]
) -> None:
    revisions = played(stream, submitted).revisions
    assert [one.revision for one in revisions] == list(range(1, len(revisions) + 1))
    contents = [one.content for one in revisions]
    assert len(set(contents)) == len(contents)
    versions = [one.national_version for one in revisions if one.national_version]
    assert all(version_order(a) <= version_order(b) for a, b in pairwise(versions))


@given(ACTS, SUBMITTED.filter(bool))
def test_what_was_said_in_a_trace_is_never_changed(stream: str, submitted: list[tuple[str, str | None]]) -> None:
    history = played(stream, submitted)
    assert len(history.revisions) == 1
    for content, version in submitted:
        same = content == submitted[0][0]
        verdict = history.submit(content, version, reassert=True)
        assert verdict.sameness is (Sameness.UNCHANGED if same else Sameness.REUSED)


def test_going_back_needs_to_be_meant() -> None:
    history = played("seizure", [("a", None), ("b", None)])
    superseded = history.submit("a")
    assert (superseded.sameness, superseded.number, superseded.latest) == (Sameness.SUPERSEDED, 1, 2)
    assert history.submit("a", reassert=True).number == 3
    assert history.submit("a", reassert=True).sameness is Sameness.UNCHANGED
    assert history.submit("b").sameness is Sameness.SUPERSEDED


def test_an_older_national_version_is_stale_and_names_the_newer() -> None:
    history = played("missing", [("a", "9"), ("b", "10")])
    verdict = history.submit("c", "9")
    assert (verdict.sameness, verdict.newest) == (Sameness.STALE, "10")
    assert history.submit("c", "10").sameness is Sameness.NEW
    assert history.submit("d", None).sameness is Sameness.NEW


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_whole_numbers_are_compared_as_numbers(one: int, other: int) -> None:
    assert (version_order(str(one)) < version_order(f"00{other}")) == (one < other)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_instants_are_compared_as_instants(one: datetime, other: datetime) -> None:
    assert (version_order(one.isoformat()) < version_order(other.isoformat())) == (one < other)


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_text_is_a_version_that_has_its_place(versions: list[str]) -> None:
    ordered = sorted([*versions, "7", "2026-01-01"], key=version_order)
    assert sorted(ordered) == sorted([*versions, "7", "2026-01-01"])
    assert ordered.index("7") < ordered.index("2026-01-01")
