"""Where a desk's next act belongs, and what a desk knows of a trace."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.desk.known import in_causal_order, known_trace
from consumers.desk.standpoint import ACTS_OF_A_DESK, standpoint
from consumers.tracing.table import Standing, State
from desk_cases import ANSWERERS, Exchange, a_submission, an_entry
from histories import ASKER, FIRST, KEY, SECOND, STRANGER, act_event, decision, request_event
from schemas.errors import Rejected

MEMBERS = (ASKER, FIRST, SECOND, STRANGER)
SAYINGS = st.lists(st.tuples(st.sampled_from(MEMBERS), st.sampled_from(sorted(ACTS_OF_A_DESK))), max_size=30)
SKEWS = st.fixed_dictionaries({member: st.integers(-50, 50) for member in MEMBERS})


def after(*sayings: tuple[str, str]) -> Exchange:
    """The exchange after these acts, each delivered before the next is said."""
    exchange = Exchange()
    exchange.deliver()
    for member, act in sayings:
        assert exchange.say(member, act) is not None
        exchange.deliver()
    return exchange


@given(sayings=SAYINGS, skew=SKEWS)
def test_what_a_desk_thinks_in_turn_counts_in_the_region_and_nothing_else_does(
    sayings: Sequence[tuple[str, str]], skew: dict[str, int]
) -> None:
    exchange = Exchange(skew)
    exchange.deliver()
    for member, act in sayings:
        known = exchange.known(member)
        event = exchange.say(member, act)
        if event is None:
            continue
        expected = Standing.COUNTED if known.is_in_turn(act, event.hop) else Standing.OUT_OF_TURN
        assert exchange.standing(event) is expected
        exchange.deliver()


@given(sayings=SAYINGS, skew=SKEWS, delivered=st.lists(st.booleans(), min_size=30, max_size=30))
def test_no_desk_sends_what_is_set_aside_or_waits_for_ever(
    sayings: Sequence[tuple[str, str]], skew: dict[str, int], delivered: list[bool]
) -> None:
    exchange = Exchange(skew)
    for (member, act), arrives in zip(sayings, delivered, strict=False):
        exchange.say(member, act)
        if arrives:
            exchange.deliver()
    exchange.deliver()
    standings = {told.standing for told in exchange.region().standings}
    assert standings <= {Standing.COUNTED, Standing.OUT_OF_TURN}


@given(sayings=SAYINGS)
def test_a_desk_and_the_region_agree_on_the_state(sayings: Sequence[tuple[str, str]]) -> None:
    exchange = after()
    for member, act in sayings:
        exchange.say(member, act)
        exchange.deliver()
    region, asker = exchange.region(), exchange.known(ASKER)
    assert (asker.state, asker.outcome) == (region.state, region.outcome)
    for number, member in ANSWERERS.items():
        known, hop = exchange.known(member), region.hop(number)
        if hop and known.own_hop == number and hop.state not in (State.ROUTED, State.CLOSED):
            assert known.state is hop.state


def test_the_first_answer_is_to_the_request() -> None:
    place = standpoint(after().known(FIRST), "acknowledgement")
    assert (place.requester, place.trace_id, place.hop, place.cause) == (ASKER, KEY.trace_id, 1, KEY.request_id)


def test_an_answer_after_information_is_to_the_information() -> None:
    exchange = after((FIRST, "question"), (ASKER, "information"))
    assert standpoint(exchange.known(FIRST), "answer").cause == exchange.acts[-1].event_id


def test_information_is_for_the_question() -> None:
    exchange = after((FIRST, "acknowledgement"), (FIRST, "question"))
    place = standpoint(exchange.known(ASKER), "information")
    assert (place.hop, place.cause) == (1, exchange.acts[-1].event_id)


def test_a_member_that_was_referred_to_answers_the_request_on_its_own_hop() -> None:
    place = standpoint(after((FIRST, "referral")).known(SECOND), "delay")
    assert (place.hop, place.cause) == (2, KEY.request_id)


def test_a_request_can_be_withdrawn_before_anything_is_heard_of_it() -> None:
    exchange = Exchange()
    place = standpoint(exchange.known(ASKER), "closure")
    assert (place.hop, place.cause) == (1, KEY.request_id)
    assert exchange.known(ASKER).state is State.SUBMITTED
    exchange.say(ASKER, "closure")
    assert exchange.region().state is State.CLOSED


def test_a_reopening_follows_the_closure() -> None:
    exchange = after((FIRST, "answer"), (ASKER, "closure"))
    assert standpoint(exchange.known(ASKER), "reopening").cause == exchange.acts[-1].event_id
    exchange.say(ASKER, "reopening")
    exchange.deliver()
    assert exchange.known(FIRST).state is State.DELIVERED


def test_an_act_of_the_other_party_is_refused_at_the_desk() -> None:
    exchange = after()
    for member, act in ((ASKER, "answer"), (FIRST, "closure"), (SECOND, "answer")):
        with pytest.raises(Rejected) as refused:
            standpoint(exchange.known(member), act)
        assert refused.value.code == "wrong_party"


def test_an_asker_that_has_heard_nothing_has_nothing_to_answer() -> None:
    with pytest.raises(Rejected) as refused:
        standpoint(after().known(ASKER), "information")
    assert refused.value.code == "missing_cause"


@pytest.mark.parametrize("act", ["request", "probe_answer", "answr"])
def test_what_no_desk_says_is_rejected_with_the_acts_there_are(act: str) -> None:
    with pytest.raises(Rejected, match="acknowledgement") as refused:
        standpoint(after().known(FIRST), act)
    assert refused.value.code == "unknown_code"


def test_a_member_that_asks_its_own_register_is_both_parties() -> None:
    request = request_event()
    routed = decision("routing", 1, KEY.request_id, to=ASKER, rule="own_register")
    entries = [an_entry(request, routed, ASKER, "accountable")]
    question = act_event("question", ASKER, KEY.request_id, minutes=1)
    known = known_trace(KEY, ASKER, entries, [a_submission(question)])
    assert known.state is State.QUESTIONED
    assert standpoint(known, "information").cause == question.event_id
    assert standpoint(known, "answer").cause == KEY.request_id


@pytest.mark.parametrize(("kind", "state"), [("handed_over", "handed_over"), ("routing", "with_duty_officer")])
def test_where_nobody_is_accountable_only_the_asker_can_act(kind: str, state: str) -> None:
    told = decision(kind, 1, KEY.request_id)
    known = known_trace(KEY, ASKER, [an_entry(request_event(), told, ASKER, "accountable")], [])
    assert known.state == state
    assert standpoint(known, "closure").cause == KEY.request_id
    with pytest.raises(Rejected):
        standpoint(known, "answer")


def test_who_is_named_after_the_duty_officer_had_it_holds_the_hop() -> None:
    first = decision("routing", 1, KEY.request_id)
    second = decision("routing", 1, first.event_id, to=FIRST, minutes=9)
    entries = [an_entry(request_event(), told, ASKER, "copy") for told in (first, second)]
    (hop,) = known_trace(KEY, ASKER, entries, []).hops
    assert (hop.accountable, hop.state) == (FIRST, State.ROUTED)
    assert hop.deliveries == tuple(entry.event_id for entry in entries)


def test_acts_come_after_their_cause_whatever_the_clocks_say_and_none_is_left_out() -> None:
    exchange = Exchange({FIRST: -500, SECOND: -900})
    exchange.deliver()
    for member, act in ((FIRST, "referral"), (SECOND, "question"), (ASKER, "information")):
        exchange.say(member, act)
        exchange.deliver()
    assert [act.act for act in exchange.known(ASKER).acts] == ["request", "referral", "question", "information"]
    acts = exchange.known(ASKER).acts
    assert in_causal_order(reversed(acts)) == list(acts)


def test_acts_that_are_each_others_cause_are_shown_all_the_same() -> None:
    first, second = (act_event("question", FIRST, None, name) for name in ("first", "second"))
    circle = [first.model_copy(update={"cause": second.event_id}), second.model_copy(update={"cause": first.event_id})]
    known = known_trace(KEY, ASKER, [], [a_submission(event) for event in circle])
    assert {act.event_id for act in known.acts} == {first.event_id, second.event_id}


def test_what_was_said_on_an_earlier_hop_is_not_what_the_next_hop_answers() -> None:
    exchange = after((FIRST, "question"), (ASKER, "information"), (FIRST, "referral"))
    with pytest.raises(Rejected):
        standpoint(exchange.known(ASKER), "clarification")


def test_a_closure_that_names_an_earlier_hop_closes_the_trace_for_the_last_one_too() -> None:
    exchange = after((FIRST, "referral"))
    exchange.take(act_event("closure", ASKER, KEY.request_id, minutes=9))
    exchange.deliver()
    assert exchange.region().state is State.CLOSED
    assert (exchange.known(SECOND).state, exchange.known(SECOND).outcome) == (State.CLOSED, "withdrawn")
