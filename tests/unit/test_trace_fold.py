"""What a trace is, whatever the order in which its acts, decisions and receipts arrive."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from consumers.tracing.fold import fold
from consumers.tracing.table import ACTS, DECISIONS, Standing, State
from consumers.tracing.trace import Act, Trace
from consumers.tracing.wants import Want, addressees, wants
from histories import (
    ASKER,
    FIRST,
    KEY,
    REQUEST,
    SECOND,
    STRANGER,
    act_event,
    decision,
    on_log,
    receipt_for,
    request_event,
)
from schemas.codes.lists import load_code_lists
from schemas.events.decision import Decision
from schemas.events.trace import ACT_PARTS, TraceAct
from schemas.handling.rules import TERM_KINDS
from strategies import History, histories

ROUTED = decision("routing", 1, KEY.request_id, to=FIRST)
ACKNOWLEDGED = act_event("acknowledgement", FIRST, KEY.request_id, minutes=2)
REFERRED = act_event("referral", FIRST, ACKNOWLEDGED.event_id, minutes=3)
SECOND_ROUTED = decision("routing", 2, REFERRED.event_id, to=SECOND)


def trace_of(*facts: TraceAct | Decision) -> Trace:
    acts = [on_log(fact, seq) for seq, fact in enumerate(facts) if isinstance(fact, TraceAct)]
    return fold(KEY, acts, [fact for fact in facts if isinstance(fact, Decision)])


def standing_of(trace: Trace, event: TraceAct) -> tuple[Standing, str | None]:
    found = [s for s in trace.standings if s.act.event == event]
    assert len(found) == 1
    return found[0].standing, found[0].reason


def test_a_request_is_submitted_until_it_is_decided_who_answers() -> None:
    assert trace_of(REQUEST).state is State.SUBMITTED
    assert trace_of(REQUEST, ROUTED).state is State.ROUTED
    assert trace_of(REQUEST, decision("routing", 1, KEY.request_id)).state is State.WITH_DUTY_OFFICER
    assert trace_of(REQUEST, decision("handed_over", 1, KEY.request_id)).state is State.HANDED_OVER
    assert trace_of(REQUEST, decision("undeliverable", 1, KEY.request_id)).state is State.UNDELIVERABLE


def test_the_accountable_members_receipt_for_the_request_sets_delivered() -> None:
    trace = fold(KEY, [on_log(REQUEST)], [ROUTED], [receipt_for(ROUTED, FIRST)])
    assert trace.state is State.DELIVERED


def test_no_other_receipt_sets_delivered() -> None:
    others = [
        receipt_for(ROUTED, ASKER),
        receipt_for(SECOND_ROUTED, FIRST),
        receipt_for(ROUTED, FIRST, of=ACKNOWLEDGED),
        receipt_for(ROUTED, FIRST, of=request_event(priority="urgent")),
    ]
    assert fold(KEY, [on_log(REQUEST)], [ROUTED], others).state is State.ROUTED


def test_an_acknowledgement_counts_even_before_its_receipt() -> None:
    assert trace_of(REQUEST, ROUTED, ACKNOWLEDGED).state is State.ACKNOWLEDGED


def test_a_question_and_its_information_take_turns() -> None:
    question = act_event("question", FIRST, ACKNOWLEDGED.event_id, minutes=3)
    information = act_event("information", ASKER, question.event_id, minutes=4)
    assert trace_of(REQUEST, ROUTED, ACKNOWLEDGED, question).state is State.QUESTIONED
    assert trace_of(REQUEST, ROUTED, ACKNOWLEDGED, question, information).state is State.INFORMED


def test_a_delay_keeps_the_hop_open_for_the_answer() -> None:
    delay = act_event("delay", FIRST, ACKNOWLEDGED.event_id, minutes=3)
    answer = act_event("answer", FIRST, delay.event_id, minutes=4)
    assert trace_of(REQUEST, ROUTED, ACKNOWLEDGED, delay).state is State.DELAYED
    assert trace_of(REQUEST, ROUTED, ACKNOWLEDGED, delay, answer).state is State.ANSWERED


def test_a_referral_opens_the_next_hop() -> None:
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED)
    assert [(hop.number, hop.state) for hop in trace.hops] == [(1, State.REFERRED), (2, State.SUBMITTED)]
    assert trace.state is State.SUBMITTED
    second = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED, SECOND_ROUTED)
    assert second.hops[1].accountable == SECOND
    assert second.state is State.ROUTED


def test_a_closure_ends_the_trace_with_its_outcome_and_later_acts_are_out_of_turn() -> None:
    closure = act_event("closure", ASKER, REQUEST.event_id, minutes=3)
    late = act_event("answer", FIRST, ACKNOWLEDGED.event_id, minutes=9)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, closure, late)
    assert (trace.state, trace.outcome) == (State.CLOSED, "withdrawn")
    assert standing_of(trace, late) == (Standing.OUT_OF_TURN, "after_closure")


def test_a_reopened_trace_stands_where_routing_left_it() -> None:
    closure = act_event("closure", ASKER, REQUEST.event_id, minutes=3)
    reopening = act_event("reopening", ASKER, closure.event_id, minutes=4)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, closure, reopening)
    assert (trace.state, trace.outcome) == (State.ROUTED, None)


def test_an_act_waits_for_its_cause() -> None:
    answer = act_event("answer", FIRST, ACKNOWLEDGED.event_id)
    assert standing_of(trace_of(REQUEST, ROUTED, answer), answer) == (Standing.WAITING, "cause_not_here")
    assert standing_of(trace_of(REQUEST, ROUTED, answer, ACKNOWLEDGED), answer) == (Standing.COUNTED, None)


def test_an_act_waits_until_it_is_decided_who_is_accountable() -> None:
    waiting = (Standing.WAITING, "nobody_accountable_yet")
    assert standing_of(trace_of(REQUEST, ACKNOWLEDGED), ACKNOWLEDGED) == waiting
    with_duty_officer = decision("routing", 1, KEY.request_id)
    assert standing_of(trace_of(REQUEST, with_duty_officer, ACKNOWLEDGED), ACKNOWLEDGED) == waiting


def test_what_answers_a_waiting_act_waits_as_well() -> None:
    question = act_event("question", FIRST, ACKNOWLEDGED.event_id)
    information = act_event("information", ASKER, question.event_id)
    trace = trace_of(REQUEST, ROUTED, question, information)
    assert standing_of(trace, information) == (Standing.WAITING, "cause_not_here")


def test_an_act_by_the_wrong_member_is_set_aside() -> None:
    by_stranger = act_event("answer", STRANGER, REQUEST.event_id)
    by_accountable = act_event("closure", FIRST, REQUEST.event_id)
    by_asker = act_event("answer", ASKER, REQUEST.event_id)
    erased = act_event("erasure", STRANGER, REQUEST.event_id)
    trace = trace_of(REQUEST, ROUTED, by_stranger, by_accountable, by_asker, erased)
    assert standing_of(trace, by_stranger) == (Standing.SET_ASIDE, "not_accountable")
    assert standing_of(trace, by_accountable) == (Standing.SET_ASIDE, "not_the_asker")
    assert standing_of(trace, by_asker) == (Standing.SET_ASIDE, "not_accountable")
    assert standing_of(trace, erased) == (Standing.SET_ASIDE, "not_a_party")


def test_a_request_in_anothers_name_is_set_aside() -> None:
    forged = request_event().model_copy(update={"member": STRANGER})
    trace = trace_of(forged)
    assert standing_of(trace, forged) == (Standing.SET_ASIDE, "not_the_asker")
    assert trace.state is State.WAITING


def test_a_request_that_is_not_the_record_of_its_trace_is_set_aside() -> None:
    stray = request_event().model_copy(update={"hop": 2})
    assert standing_of(trace_of(stray), stray) == (Standing.SET_ASIDE, "not_its_own_trace")


def test_an_act_without_its_part_is_set_aside() -> None:
    empty = act_event("closure", ASKER, REQUEST.event_id, part=None)
    assert standing_of(trace_of(REQUEST, empty), empty) == (Standing.SET_ASIDE, "part_disagrees")


def test_an_act_that_only_a_later_version_knows_waits() -> None:
    unknown = act_event("closure", ASKER, REQUEST.event_id).model_copy(update={"act": "mediation"})
    assert standing_of(trace_of(REQUEST, unknown), unknown) == (Standing.WAITING, "unknown_act")


def test_what_answers_a_refused_act_does_not_count() -> None:
    forged = act_event("question", STRANGER, REQUEST.event_id)
    reply = act_event("information", ASKER, forged.event_id)
    assert standing_of(trace_of(REQUEST, ROUTED, forged, reply), reply) == (Standing.OUT_OF_TURN, "cause_set_aside")


def test_who_copies_the_id_of_anothers_act_does_not_silence_it() -> None:
    copy = act_event("answer", STRANGER, REQUEST.event_id).model_copy(update={"event_id": ACKNOWLEDGED.event_id})
    answer = act_event("answer", FIRST, ACKNOWLEDGED.event_id, minutes=5)
    trace = trace_of(copy, REQUEST, ROUTED, ACKNOWLEDGED, answer)
    assert trace.state is State.ANSWERED
    assert standing_of(trace, copy)[0] is Standing.SET_ASIDE


def test_an_act_that_names_another_hop_than_its_cause_is_out_of_turn() -> None:
    stray = act_event("acknowledgement", SECOND, ACKNOWLEDGED.event_id, hop=2, minutes=9)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED, SECOND_ROUTED, stray)
    assert standing_of(trace, stray) == (Standing.OUT_OF_TURN, "wrong_hop")


def test_an_act_of_a_later_hop_may_answer_the_request_whatever_its_members_clock_says() -> None:
    early = act_event("acknowledgement", SECOND, REQUEST.event_id, hop=2, minutes=0)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED, SECOND_ROUTED, early)
    assert trace.state is State.ACKNOWLEDGED
    late_referral = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, SECOND_ROUTED, early)
    assert standing_of(late_referral, early) == (Standing.WAITING, "cause_not_here")
    undecided = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED, early)
    assert standing_of(undecided, early) == (Standing.WAITING, "nobody_accountable_yet")


def test_of_two_values_under_one_id_the_lowest_number_counts() -> None:
    first = act_event("refusal", FIRST, REQUEST.event_id, "reply")
    second = act_event("answer", FIRST, REQUEST.event_id, "reply")
    for life, seq in ((1, 6), (2, 1)):
        trace = fold(KEY, [on_log(second, seq, life), on_log(first, 5), on_log(REQUEST)], [ROUTED])
        assert trace.state is State.REFUSED
        assert standing_of(trace, second) == (Standing.SET_ASIDE, "revision_conflict")


def test_the_duty_officers_routing_takes_the_place_of_the_one_it_answers() -> None:
    open_hop = decision("routing", 1, KEY.request_id, minutes=9)
    routed = decision("routing", 1, open_hop.event_id, to=FIRST, decided_by="duty-1", minutes=1)
    trace = trace_of(REQUEST, open_hop, routed, ACKNOWLEDGED)
    assert trace.hops[0].decision == routed
    assert trace.state is State.ACKNOWLEDGED
    assert not trace.hops[0].basis_changed


def test_a_decision_whose_act_no_longer_counts_stands_and_is_marked() -> None:
    closure = act_event("closure", ASKER, REQUEST.event_id, minutes=1)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, closure, REFERRED, SECOND_ROUTED)
    assert trace.state is State.CLOSED
    assert [hop.basis_changed for hop in trace.hops] == [False, True]


def test_routing_is_wanted_for_each_hop_that_has_none_and_no_longer_once_closed() -> None:
    first = Want("routing", KEY.request_id, 1, KEY.request_id)
    second = Want("routing", KEY.request_id, 2, REFERRED.event_id)
    assert wants(trace_of(REQUEST), ()) == (first,)
    routings = wants(trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED), (ROUTED,))
    assert [want for want in routings if want.kind == "routing"] == [second]
    closure = act_event("closure", ASKER, REQUEST.event_id)
    assert [want.kind for want in wants(trace_of(REQUEST, closure), ())] == ["delivery"]


def test_every_later_act_that_counts_wants_one_delivery() -> None:
    stray = act_event("acknowledgement", FIRST, REQUEST.event_id, "again", minutes=9)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, stray)
    want = Want("delivery", ACKNOWLEDGED.event_id, 1, ACKNOWLEDGED.event_id)
    assert wants(trace, (ROUTED,)) == (want,)
    for kind in ("delivery", "none", "undeliverable"):
        settled = decision(kind, 1, ACKNOWLEDGED.event_id, subject=ACKNOWLEDGED.event_id)
        assert wants(trace, (ROUTED, settled)) == ()


def test_an_act_goes_to_the_other_party_of_its_hop() -> None:
    clarification = act_event("clarification", ASKER, ACKNOWLEDGED.event_id)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED, SECOND_ROUTED)
    assert addressees(trace, ACKNOWLEDGED) == (ASKER,)
    assert addressees(trace, clarification) == (FIRST,)


def test_a_closure_is_told_to_its_hop_and_to_the_last() -> None:
    closure = act_event("closure", ASKER, ACKNOWLEDGED.event_id)
    trace = trace_of(REQUEST, ROUTED, ACKNOWLEDGED, REFERRED, SECOND_ROUTED)
    assert addressees(trace, closure) == (FIRST, SECOND)


def test_nobody_is_told_where_the_asker_answers_itself() -> None:
    own = decision("routing", 1, KEY.request_id, to=ASKER)
    answer = act_event("answer", ASKER, REQUEST.event_id)
    trace = trace_of(REQUEST, own, answer)
    assert trace.state is State.ANSWERED
    assert addressees(trace, answer) == ()


@given(history=histories(), shuffle=st.randoms(use_true_random=False), again=st.integers(0, 5))
def test_order_and_repetition_do_not_matter(history: History, shuffle: Random, again: int) -> None:
    acts, decisions = [*history.acts, *history.acts[:again]], [*history.decisions, *history.decisions[:again]]
    receipts = [*history.receipts, *history.receipts[:again]]
    for facts in (acts, decisions, receipts):
        shuffle.shuffle(facts)
    once = fold(KEY, history.acts, history.decisions, history.receipts)
    assert fold(KEY, acts, decisions, receipts) == once


@given(history=histories())
def test_every_act_has_exactly_one_standing(history: History) -> None:
    values = {(act.event.member, act.event.event_id, act.sha256) for act in history.acts}
    trace = fold(KEY, history.acts, history.decisions, history.receipts)
    told = [(s.act.event.member, s.act.event.event_id, s.act.sha256) for s in trace.standings]
    assert sorted(told) == sorted(values)


@given(history=histories(), part=st.integers(0, 10), decided=st.integers(0, 10))
def test_what_is_set_aside_stays_set_aside(history: History, part: int, decided: int) -> None:
    by_log = sorted(history.acts, key=lambda act: (act.life, act.seq, act.sha256))
    early = fold(KEY, by_log[:part], history.decisions[:decided])
    late = fold(KEY, by_log, history.decisions)
    assert _aside(early) <= _aside(late)


def _aside(trace: Trace) -> set[tuple[str, str]]:
    return {(s.act.event.member, s.act.sha256) for s in trace.standings if s.standing is Standing.SET_ASIDE}


def test_a_repeat_with_another_number_is_one_act() -> None:
    acts: list[Act] = [on_log(REQUEST, 1), on_log(REQUEST, 7)]
    assert fold(KEY, acts, []).standings == fold(KEY, acts[:1], []).standings


def test_the_table_has_a_row_for_every_act_and_its_codes_are_those_of_the_lists() -> None:
    lists = load_code_lists()
    assert set(ACTS) == set(ACT_PARTS) == set(lists["trace-act"].codes)
    assert {state.value for state in State} - {"waiting"} == set(lists["trace-state"].codes)
    carried = {"forwarding", "receipted", "missing_receipt"}
    assert {*DECISIONS, *TERM_KINDS, *carried, "delivery", "release", "discard"} == set(lists["decision-kind"].codes)
