"""An embargoed act takes part in nothing until the end of its embargo is decided, in whatever order all arrives."""

from datetime import timedelta
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from consumers.tracing.fold import EMBARGOED, fold
from consumers.tracing.table import Standing, State
from consumers.tracing.trace import Trace
from consumers.tracing.wants import Want, settled_by, wants
from histories import FIRST, KEY, START, STRANGER, act_event, decision, ended, on_log, request_event
from schemas.events.decision import Decision
from schemas.events.envelope import Handling
from schemas.events.ids import term_id
from schemas.events.trace import TraceAct
from schemas.handling.rules import EMBARGO_END, EXPIRY
from strategies import History, histories

UNTIL = START + timedelta(days=3)
EMBARGO = Handling(embargo_until=UNTIL)
REQUEST = request_event(handling=EMBARGO)
ROUTED = decision("routing", 1, KEY.request_id, to=FIRST)


def trace_of(*facts: TraceAct | Decision) -> Trace:
    acts = [on_log(fact, seq) for seq, fact in enumerate(facts) if isinstance(fact, TraceAct)]
    return fold(KEY, acts, [fact for fact in facts if isinstance(fact, Decision)])


def reasons(trace: Trace) -> list[tuple[Standing, str | None]]:
    return [(told.standing, told.reason) for told in trace.standings]


def test_an_embargoed_request_waits_and_calls_for_nothing() -> None:
    trace = trace_of(REQUEST)
    assert trace.state is State.WAITING
    assert reasons(trace) == [(Standing.WAITING, EMBARGOED)]
    assert (trace.request, trace.marks, trace.counted) == (None, None, ())
    assert wants(trace, []) == ()


def test_the_end_of_its_embargo_opens_it() -> None:
    trace = trace_of(REQUEST, ended(REQUEST))
    assert trace.state is State.SUBMITTED
    assert [want.kind for want in wants(trace, [ended(REQUEST)])] == ["routing"]


def test_an_end_that_is_about_another_instant_or_term_opens_nothing() -> None:
    other = REQUEST.model_copy(update={"handling": Handling(embargo_until=UNTIL + timedelta(seconds=1))})
    expired = REQUEST.model_copy(update={"handling": Handling(expires_at=UNTIL)})
    assert trace_of(REQUEST, ended(other)).state is State.WAITING
    assert trace_of(REQUEST, ended(expired, EXPIRY)).state is State.WAITING


def test_an_embargoed_answer_changes_no_state_and_goes_to_nobody_before_its_time() -> None:
    request = request_event()
    answer = act_event("answer", FIRST, KEY.request_id, minutes=5, handling=EMBARGO)
    before = trace_of(request, ROUTED, answer)
    assert before.state is State.ROUTED
    assert wants(before, [ROUTED]) == ()
    after = trace_of(request, ROUTED, answer, ended(answer))
    assert after.state is State.ANSWERED
    assert [want.subject for want in wants(after, [ROUTED, ended(answer)])] == [answer.event_id]


def test_an_act_that_is_not_its_members_to_send_is_set_aside_embargoed_or_not() -> None:
    forged = act_event("closure", STRANGER, KEY.request_id, handling=EMBARGO)
    assert reasons(trace_of(request_event(), forged))[-1] == (Standing.SET_ASIDE, "not_the_asker")


def test_the_end_of_a_term_settles_the_work_for_it_and_no_other() -> None:
    end = ended(REQUEST)
    cause = term_id(REQUEST.event_id, EMBARGO_END, UNTIL)
    assert settled_by(end) == Want(EMBARGO_END, REQUEST.event_id, 0, cause)
    assert settled_by(ROUTED) == Want("routing", KEY.request_id, 1, KEY.request_id)


@given(history=histories())
def test_what_is_embargoed_counts_for_nothing(history: History) -> None:
    # Under one id one value is folded: another is a conflict, whichever of them is embargoed.
    assume(len({act.event.event_id for act in history.acts}) == len(history.acts))
    trace = fold(KEY, history.acts, history.decisions)
    ended_ids = {d.subject for d in history.decisions if d.kind == EMBARGO_END}
    embargoed = {a.event.event_id for a in history.acts if a.event.handling.embargo_until} - ended_ids
    assert embargoed.isdisjoint(act.event_id for act in trace.counted)
    without = [act for act in history.acts if act.event.event_id not in embargoed]
    alone = fold(KEY, without, history.decisions)
    assert (trace.state, trace.outcome, trace.counted) == (alone.state, alone.outcome, alone.counted)
    assert wants(trace, history.decisions) == wants(alone, history.decisions)


@given(history=histories(), shuffle=st.randoms(use_true_random=False))
def test_ends_of_embargoes_may_come_before_or_after_what_they_are_about(history: History, shuffle: Random) -> None:
    acts, decisions = list(history.acts), list(history.decisions)
    shuffle.shuffle(acts)
    shuffle.shuffle(decisions)
    assert fold(KEY, acts, decisions) == fold(KEY, history.acts, history.decisions)
