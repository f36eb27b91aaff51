"""Where a request goes, and why."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.tracing.question import Knowledge, OpenMissing, Question
from consumers.tracing.rules import Choice, route
from histories import ASKER, FIRST, KEY, SECOND, START, STRANGER, act_event, marks, request_event
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory
from schemas.events.envelope import Handling
from schemas.events.firearm import Marks
from schemas.events.trace import NamedMember, Referral, TraceAct
from schemas.marks.reference import load_reference

OBSERVER, OUTSIDE, INSIDE = "UA", "TR", "XX"
DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": START,
        "expires_at": START,
        "inside": [INSIDE],
        "members": [
            *({"code": code, "name": code} for code in (ASKER, FIRST, SECOND, STRANGER)),
            {"code": OBSERVER, "name": OBSERVER, "observer": True},
        ],
        "hand_over": [{"place": "US", "system": "etrace"}],
    }
)


KNOWLEDGE = Knowledge(DIRECTORY, load_reference(), START)


def question(event: TraceAct | None = None, **fields: Any) -> Question:
    asked = event or request_event(marks=fields.pop("marks", Marks()), **fields.pop("request", {}))
    stated = asked.request.marks if asked.request else Marks()
    return Question(asked, fields.pop("hop", 1), stated, **fields)


def named(member: str) -> NamedMember:
    return NamedMember(member=member, evidence="first_sale_record")


def missing(member: str, **fields: Any) -> OpenMissing:
    read = marks(**fields.pop("marks", {}))
    return OpenMissing(member, KEY.request_id, fields.pop("weapon_class", "assault_rifle"), read, "visual", Handling())


def knowing(*records: OpenMissing) -> Knowledge:
    return replace(KNOWLEDGE, missing=records)


def with_channel(channel: str) -> Knowledge:
    pair = {"sender": ASKER, "receiver": FIRST, "channel": channel}
    directory = Directory.model_validate({**DIRECTORY.model_dump(), "channels": [pair]})
    return replace(KNOWLEDGE, directory=directory)


def reasons(choice: Choice) -> list[tuple[str, str | None, str]]:
    return [(a.rule, a.member, a.why_not) for a in choice.alternatives]


def referral(**fields: Any) -> TraceAct:
    return act_event("referral", FIRST, KEY.request_id, part=Referral(evidence="factory_book", **fields))


def test_who_names_itself_asks_its_own_register() -> None:
    choice = route(question(request={"named": named(ASKER)}), knowing(missing(FIRST)))
    assert (choice.rule, choice.accountable, choice.channel) == ("own_register", ASKER, "direct")
    assert choice.evidence[0].kind == "first_sale_record"


def test_the_owner_of_a_missing_record_comes_before_the_named_member() -> None:
    choice = route(question(marks=marks(), request={"named": named(SECOND)}), knowing(missing(FIRST)))
    assert (choice.rule, choice.accountable) == ("missing_owner", FIRST)
    assert choice.evidence[0].event_id == KEY.request_id
    assert reasons(choice) == [("own_register", None, "no_fact")]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({}, {"weapon_class": "pistol"}), ({"calibre": "7,62x39"}, {"marks": {"calibre": "9x19"}})],
)
def test_a_missing_record_that_contradicts_names_no_owner(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    choice = route(question(marks=marks(**ours)), knowing(missing(FIRST, **theirs)))
    assert choice.rule == "duty_officer"
    assert ("missing_owner", None, "partial_match") in reasons(choice)


@pytest.mark.parametrize("known", ["unknown", "not_recorded", "withheld", "other"])
def test_a_class_that_nobody_knows_contradicts_nothing(known: str) -> None:
    assert route(question(marks=marks()), knowing(missing(FIRST, weapon_class=known))).accountable == FIRST


def test_one_calibre_in_two_spellings_is_no_contradiction() -> None:
    ours, theirs = marks(calibre="7,62x39"), missing(FIRST, marks={"calibre": "7.62 x 39"})
    assert route(question(marks=ours), knowing(theirs)).accountable == FIRST


def test_several_owners_are_not_chosen_from() -> None:
    choice = route(question(marks=marks(make="Zastava")), knowing(missing(FIRST), missing(SECOND)))
    assert (choice.rule, choice.accountable) == ("duty_officer", None)
    assert [r for r in reasons(choice) if r[0] == "missing_owner"] == [
        ("missing_owner", SECOND, "ambiguous"),
        ("missing_owner", FIRST, "ambiguous"),
    ]


def test_the_askers_own_missing_record_does_not_send_it_to_itself() -> None:
    choice = route(question(marks=marks()), knowing(missing(ASKER)))
    assert ("missing_owner", ASKER, "asker_itself") in reasons(choice)


def test_the_named_member_comes_before_marks() -> None:
    choice = route(question(marks=Marks(make="Zastava"), request={"named": named(SECOND)}), KNOWLEDGE)
    assert (choice.rule, choice.accountable) == ("named_hop", SECOND)


@pytest.mark.parametrize(("code", "why_not"), [("ZZ", "not_a_member"), (OBSERVER, "not_answering")])
def test_a_rule_whose_member_does_not_take_part_does_not_apply(code: str, why_not: str) -> None:
    choice = route(question(marks=Marks(make="Zastava"), request={"named": named(code)}), KNOWLEDGE)
    assert (choice.rule, choice.accountable) == ("manufacture", FIRST)
    assert ("named_hop", code, why_not) in reasons(choice)


def test_the_latest_import_mark_decides() -> None:
    imported = marks(imported=[(FIRST, 1988), (SECOND, 1994)], make="Zastava")
    assert route(question(marks=imported), KNOWLEDGE).accountable == SECOND


def test_an_import_mark_of_a_state_that_is_no_more_points_to_its_successor() -> None:
    choice = route(question(marks=marks(imported=[("YU", 1980)])), KNOWLEDGE)
    assert (choice.rule, choice.accountable) == ("last_import", FIRST)
    assert [(e.kind, e.place) for e in choice.evidence] == [("import_mark", "YU"), ("successor_table", FIRST)]


def test_import_marks_of_which_either_may_be_the_latest_are_not_chosen_from() -> None:
    choice = route(question(marks=marks(imported=[(SECOND, None), (STRANGER, 1994)])), KNOWLEDGE)
    assert ("last_import", None, "ambiguous") in reasons(choice)


def test_the_maker_points_to_the_successor_of_its_place() -> None:
    choice = route(question(marks=Marks(make="Zastava")), KNOWLEDGE)
    assert (choice.rule, choice.accountable) == ("manufacture", FIRST)
    assert [e.kind for e in choice.evidence] == ["reference_table", "successor_table"]
    assert (choice.evidence[0].field, choice.evidence[0].transform) == ("marks.make", "as_written")


def test_the_stated_place_of_manufacture_serves_where_the_maker_is_not_known() -> None:
    choice = route(question(request={"country_of_manufacture": "YU"}), KNOWLEDGE)
    assert (choice.rule, choice.accountable, choice.evidence[0].kind) == ("manufacture", FIRST, "place_mark")


@pytest.mark.parametrize(("make", "system"), [("Ekol", "interpol"), ("Colt", "etrace")])
def test_a_weapon_made_outside_is_handed_over(make: str, system: str) -> None:
    choice = route(question(marks=Marks(make=make)), KNOWLEDGE)
    assert (choice.rule, choice.accountable, choice.system) == ("handed_over", None, system)
    assert ("manufacture", None, "outside") in reasons(choice)


def test_a_member_that_can_be_asked_comes_before_handing_over() -> None:
    choice = route(question(marks=marks(imported=[(OUTSIDE, 1990)], make="Zastava")), KNOWLEDGE)
    assert choice.accountable == FIRST


def test_a_place_inside_that_belongs_to_no_member_is_for_the_duty_officer() -> None:
    choice = route(question(request={"country_of_manufacture": INSIDE}), KNOWLEDGE)
    assert choice.rule == "duty_officer"
    assert ("manufacture", None, "not_a_member") in reasons(choice)


def test_what_the_asker_made_itself_does_not_go_to_itself() -> None:
    choice = route(question(request={"country_of_manufacture": ASKER}), KNOWLEDGE)
    assert choice.rule == "duty_officer"
    assert ("manufacture", ASKER, "asker_itself") in reasons(choice)


def test_nothing_to_go_by_is_for_the_duty_officer() -> None:
    choice = route(question(), KNOWLEDGE)
    assert (choice.rule, choice.accountable, choice.evidence) == ("duty_officer", None, ())
    assert ("register_hit", None, "not_supported") in reasons(choice)


def test_a_pair_without_a_channel_is_for_the_duty_officer() -> None:
    choice = route(question(marks=Marks(make="Zastava")), with_channel("none"))
    assert (choice.rule, choice.accountable, choice.channel) == ("no_channel", None, None)
    assert reasons(choice)[-1] == ("manufacture", FIRST, "no_channel")


def test_a_relay_is_named_with_its_organisation() -> None:
    choice = route(question(marks=Marks(make="Zastava")), with_channel("relay:SELEC"))
    assert (choice.accountable, choice.channel, choice.via) == (FIRST, "relay", "selec")


def test_a_member_that_may_not_see_the_request_does_not_get_it() -> None:
    secret = request_event(marks=Marks(make="Zastava"), handling=Handling(releasable_to=(SECOND,)))
    choice = route(question(secret), KNOWLEDGE)
    assert (choice.rule, choice.accountable) == ("not_releasable", None)


def test_a_referral_comes_before_every_other_rule() -> None:
    later = question(marks=marks(), hop=2, asked=frozenset({FIRST}), referral=referral(next_member=SECOND))
    choice = route(later, knowing(missing(STRANGER)))
    assert (choice.rule, choice.accountable, choice.evidence[0].kind) == ("named_hop", SECOND, "factory_book")


def test_a_referral_back_is_a_loop_for_the_duty_officer() -> None:
    later = question(marks=marks(), hop=2, asked=frozenset({FIRST}), referral=referral(next_member=FIRST))
    choice = route(later, knowing(missing(STRANGER)))
    assert choice.rule == "duty_officer"
    assert reasons(choice) == [("named_hop", FIRST, "loop")]


def test_a_referral_to_a_place_outside_is_handed_over() -> None:
    later = question(marks=Marks(make="Zastava"), hop=2, referral=referral(external=OUTSIDE))
    choice = route(later, KNOWLEDGE)
    assert (choice.rule, choice.system, choice.place) == ("handed_over", "interpol", OUTSIDE)


def test_a_referral_that_names_nobody_leaves_it_to_the_rules_without_members_already_asked() -> None:
    later = question(marks=Marks(make="Zastava"), hop=2, asked=frozenset({FIRST}), referral=referral())
    choice = route(later, knowing(missing(SECOND)))
    assert (choice.rule, choice.accountable) == ("missing_owner", SECOND)
    again = route(later, KNOWLEDGE)
    assert ("manufacture", FIRST, "already_asked") in reasons(again)


def test_a_referral_to_an_observer_leaves_it_to_the_rules() -> None:
    later = question(marks=marks(), hop=2, asked=frozenset({FIRST}), referral=referral(next_member=OBSERVER))
    assert route(later, knowing(missing(SECOND))).rule == "missing_owner"


CODES = st.sampled_from([ASKER, FIRST, SECOND, STRANGER, OBSERVER, OUTSIDE, INSIDE, "YU"])
MAKES = st.sampled_from([None, "Zastava", "Ekol", "Colt", "CZ"])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    imported = draw(st.lists(st.tuples(CODES, st.none() | st.integers(1980, 1982)), max_size=2))
    request = request_event(
        marks=marks(imported=imported, make=draw(MAKES)),
        named=draw(st.none() | CODES.filter(lambda code: code != "YU").map(named)),
        country_of_manufacture=draw(st.none() | CODES),
        handling=Handling(releasable_to=draw(st.none() | st.sets(CODES, max_size=4).map(tuple))),
    )
    part = referral(next_member=draw(st.none() | CODES), external=draw(st.none() | CODES))
    later = {"hop": 2, "referral": part} if draw(st.booleans()) else {}
    return question(request, asked=draw(st.frozensets(CODES, max_size=3)), **later)


@given(
    asked=questions(),
    owners=st.lists(CODES.map(missing), max_size=3),
    channel=st.sampled_from(["direct", "none", "relay:SELEC"]),
)
def test_a_route_always_gives_a_reason(asked: Question, owners: list[OpenMissing], channel: str) -> None:
    choice = route(asked, replace(with_channel(channel), missing=tuple(owners)))
    lists = load_code_lists()
    assert choice.rule in lists["route-rule"]
    assert all(a.why_not in lists["why-not"] and a.rule in lists["route-rule"] for a in choice.alternatives)
    assert all(e.kind in lists["evidence-kind"] for e in choice.evidence)
    assert choice.evidence or choice.alternatives
    if choice.accountable is None:
        assert (choice.rule == "handed_over") == (choice.system is not None)
        assert choice.rule in ("handed_over", "duty_officer", "no_channel", "not_releasable")
    else:
        assert DIRECTORY.has(choice.accountable)
        assert choice.accountable not in asked.asked
        assert choice.evidence
