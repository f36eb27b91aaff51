"""What is made of several records is never shown to anybody to whom one of them is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_strategies import events, parts
from records import a_seizure
from schemas.codes.lists import load_code_lists
from schemas.events.envelope import Absent, Handling, MemberEvent
from schemas.events.ids import term_id
from schemas.handling.combined import SEVERAL_TEXTS, Combined, Owed, Stated, combined, flattened, joined
from schemas.handling.rules import (
    EMBARGO_END,
    EXPIRY,
    MEANINGS,
    RULES,
    SILENT,
    Rule,
    Terms,
    leaves,
    redacted,
    rule_for,
    shown_fields,
    shows,
    terms_at,
    terms_decided,
)
from schemas.wire.codec import event_json

MEMBERS = ("AA", "BB", "CC", "DD")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEAR = st.integers(-3, 3).map(lambda hours: NOON + timedelta(hours=hours))
READERS = st.sampled_from(MEMBERS)
HANDLINGS = parts(
    Handling,
    releasable_to=st.none() | st.lists(READERS, max_size=4).map(tuple),
    embargo_until=st.none() | NEAR,
    expires_at=st.none() | NEAR,
)
STATED = st.builds(Stated, READERS, HANDLINGS)
SOURCES = st.lists(STATED, max_size=5)
STREAMS = st.sampled_from(["seizure", "missing", "trace"])
A_SEIZURE = a_seizure("a case")


def hidden(source: Stated, reader: str, at: datetime) -> bool:
    return not shows(source, reader, terms_at(source.handling, at))


@given(SOURCES, SOURCES, SOURCES)
def test_joining_is_commutative_associative_and_idempotent(
    one: list[Stated], other: list[Stated], third: list[Stated]
) -> None:
    a, b, c = combined(one), combined(other), combined(third)
    assert joined(a, b) == joined(b, a)
    assert joined(joined(a, b), c) == joined(a, joined(b, c))
    assert joined(a, a) == a
    assert joined(a, Combined()) == a
    assert combined([*one, *other]) == joined(a, b)


@given(SOURCES, READERS, NEAR)
def test_a_reader_sees_the_whole_exactly_when_it_sees_every_source(
    sources: list[Stated], reader: str, at: datetime
) -> None:
    assert combined(sources).hides_from(reader, at) == any(hidden(source, reader, at) for source in sources)


@given(SOURCES, STATED, READERS, NEAR)
def test_one_more_source_never_widens(sources: list[Stated], more: Stated, reader: str, at: datetime) -> None:
    before, after = combined(sources), combined([*sources, more])
    assert after.hides_from(reader, at) or not before.hides_from(reader, at)
    assert {code.value for code in before.codes} <= {code.value for code in after.codes}
    assert {text.value for text in before.h3_texts} <= {text.value for text in after.h3_texts}
    assert before.releasable_to is None or (after.releasable_to or frozenset()) <= before.releasable_to
    assert before.releasable_to is None or after.releasable_to is not None
    assert before.embargo is None or (after.embargo is not None and after.embargo.at >= before.embargo.at)
    assert before.expiry is None or (after.expiry is not None and after.expiry.at <= before.expiry.at)


@given(SOURCES, READERS, NEAR)
def test_an_owner_sees_what_is_made_of_its_own_records_alone(sources: list[Stated], owner: str, at: datetime) -> None:
    own = [Stated(owner, source.handling) for source in sources]
    assert not combined(own).hides_from(owner, at)
    assert all(rule_for(source, owner, terms_at(source.handling, at)) is Rule.OWN_RECORD for source in own)


@given(SOURCES)
def test_every_demand_is_kept_with_its_originators(sources: list[Stated]) -> None:
    whole = combined(sources)
    for source in sources:
        handling = source.handling
        for owed, values in ((whole.codes, handling.codes), (whole.h3_texts, [handling.h3_code])):
            assert {v for v in values if v} <= {one.value for one in owed if source.originator in one.originators}
        if handling.releasable_to is not None:
            assert source.originator in whole.narrowed_by
    assert {who for owed in (*whole.codes, *whole.h3_texts) for who in owed.originators} <= {
        source.originator for source in sources
    }
    latest = [s.handling.embargo_until for s in sources if s.handling.embargo_until]
    earliest = [s.handling.expires_at for s in sources if s.handling.expires_at]
    assert (whole.embargo.at if whole.embargo else None) == max(latest, default=None)
    assert (whole.expiry.at if whole.expiry else None) == min(earliest, default=None)


@given(SOURCES, READERS, NEAR)
def test_one_handling_for_several_records_is_as_strict_as_they_are(
    sources: list[Stated], reader: str, at: datetime
) -> None:
    whole, flat = combined(sources), flattened(sources)
    assert set(flat.codes) == {code.value for code in whole.codes}
    outsider = Stated("REGION", flat)
    if whole.hides_from(reader, at) and reader not in {source.originator for source in sources}:
        assert hidden(outsider, reader, at)
    if not hidden(outsider, reader, at):
        assert not whole.hides_from(reader, at)


def test_what_is_owed_names_who_asked_for_it() -> None:
    strict = Stated("AA", Handling(codes=("H1", "H3"), h3_code="intelligence_only", releasable_to=("BB",)))
    plain = Stated("BB", Handling(codes=("H1",), h3_code="delete_after_use", expires_at=NOON))
    whole = combined([strict, plain])
    assert whole.codes == (Owed("H1", ("AA", "BB")), Owed("H3", ("AA",)))
    assert whole.releasable_to == frozenset({"AA", "BB"})
    assert whole.narrowed_by == ("AA",)
    assert whole.expiry is not None
    assert whole.expiry.originators == ("BB",)
    assert flattened([strict, plain]).h3_code == SEVERAL_TEXTS
    assert flattened([strict]).h3_code == "intelligence_only"


def test_reliability_is_kept_only_where_every_source_agrees() -> None:
    sure, unsure = (Stated("AA", Handling(source=source, information="1")) for source in "AC")
    assert flattened([sure]).source == "A"
    assert (flattened([sure, unsure]).source, flattened([sure, unsure]).information) == ("X", "4")


def test_the_text_that_stands_for_several_is_a_code_of_its_list() -> None:
    assert SEVERAL_TEXTS in load_code_lists()["h3-text"]


@pytest.mark.parametrize(
    ("handling", "terms", "rule", "shown"),
    [
        ({}, Terms(), Rule.RELEASED_TO_ALL, True),
        ({"releasable_to": ["BB"]}, Terms(), Rule.RELEASED_TO_MEMBER, True),
        ({"releasable_to": ["CC"]}, Terms(), Rule.NOT_RELEASABLE, False),
        ({"releasable_to": []}, Terms(), Rule.NOT_RELEASABLE, False),
        ({"embargo_until": NOON}, Terms(), Rule.EMBARGOED, False),
        ({"embargo_until": NOON}, Terms(embargo_over=True), Rule.RELEASED_TO_ALL, True),
        ({"embargo_until": NOON, "releasable_to": ["CC"]}, Terms(), Rule.EMBARGOED, False),
        ({"expires_at": NOON}, Terms(), Rule.RELEASED_TO_ALL, True),
        ({"expires_at": NOON}, Terms(expired=True), Rule.EXPIRED, False),
        ({"expires_at": NOON, "releasable_to": ["CC"]}, Terms(expired=True), Rule.EXPIRED, False),
    ],
)
def test_the_first_row_that_applies_decides(handling: dict[str, Any], terms: Terms, rule: Rule, *, shown: bool) -> None:
    stated = Stated("AA", Handling.model_validate(handling))
    assert (rule_for(stated, "BB", terms), shows(stated, "BB", terms)) == (rule, shown)
    assert (rule in SILENT) == (rule in {Rule.EMBARGOED, Rule.EXPIRED})


def test_every_rule_has_a_meaning_and_is_of_a_record_or_of_a_field() -> None:
    assert set(MEANINGS) == set(Rule)
    assert set(Rule) - set(RULES) == {Rule.OWNER_ONLY, Rule.SEALED, Rule.WITHHELD, Rule.NO_VALUE}


@given(STREAMS.flatmap(lambda stream: events(stream, handling=HANDLINGS)), READERS, NEAR)
def test_every_field_is_shown_or_hidden_by_a_named_rule(event: MemberEvent, reader: str, at: datetime) -> None:
    terms = terms_at(event.handling, at)
    fields = shown_fields(event, reader, terms)
    assert [field.path for field in fields] == [path for path, _ in leaves(event_json(event))]
    assert {field.originator for field in fields} == {event.member}
    seen = redacted(event, reader, terms)
    values = dict(leaves(seen)) if seen else {}
    for field in fields:
        if field.path in values and values[field.path] is not None:
            assert field.shown, field
        if not field.shown:
            assert values.get(field.path) is None, field


@given(events("seizure", handling=HANDLINGS), READERS, NEAR)
def test_a_hidden_record_shows_no_field_at_all(event: MemberEvent, reader: str, at: datetime) -> None:
    terms = terms_at(event.handling, at)
    if not shows(Stated(event.member, event.handling), reader, terms):
        assert redacted(event, reader, terms) is None
        assert not any(field.shown for field in shown_fields(event, reader, terms))


def field_of(event: MemberEvent, path: str, reader: str) -> tuple[bool, Rule]:
    found = {field.path: field for field in shown_fields(event, reader, Terms())}
    return found[path].shown, found[path].rule


def test_fields_have_rules_of_their_own() -> None:
    event = A_SEIZURE.model_copy(update={"absent": (Absent(field="occurred", reason="withheld"),), "occurred": None})
    assert field_of(event, "source.content", "ZZ") == (False, Rule.OWNER_ONLY)
    assert field_of(event, "source.content", event.member) == (True, Rule.OWN_RECORD)
    assert field_of(event, "occurred", "ZZ") == (False, Rule.WITHHELD)
    assert field_of(event, "sealed", "ZZ") == (True, Rule.NO_VALUE)
    assert field_of(event, "own_reference", "ZZ") == (True, Rule.RELEASED_TO_ALL)


@given(HANDLINGS, NEAR, st.booleans(), st.booleans())
def test_an_embargo_ends_by_decision_only_and_an_expiry_by_either(
    handling: Handling, at: datetime, embargo_decided: bool, expiry_decided: bool
) -> None:
    event = A_SEIZURE.model_copy(update={"handling": handling})
    until, expires_at = handling.embargo_until, handling.expires_at
    ended = {term_id(event.event_id, EMBARGO_END, until)} if until and embargo_decided else set()
    ended |= {term_id(event.event_id, EXPIRY, expires_at)} if expires_at and expiry_decided else set()
    terms = terms_decided(event, frozenset(ended), at)
    assert terms.embargo_over == (until is None or embargo_decided)
    assert terms.expired == (expires_at is not None and (expiry_decided or expires_at <= at))


def test_another_instant_is_another_term() -> None:
    event = A_SEIZURE.event_id
    terms = [(EMBARGO_END, NOON), (EXPIRY, NOON), (EMBARGO_END, NOON + timedelta(milliseconds=1))]
    assert len({term_id(event, kind, at) for kind, at in terms}) == len(terms)
