"""What a person is told of a route."""

import pytest

from consumers.tracing.explain import Wording, codes_named, explain
from consumers.tracing.fold import fold
from histories import ASKER, FIRST, KEY, REQUEST, SECOND, START, STRANGER, act_event, decision, on_log
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory
from schemas.events.decision import Alternative, Decision, Evidence, Routing, Seen
from schemas.events.trace import TraceAct

DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": START,
        "expires_at": START,
        "members": [{"code": code, "name": f"Land of {code}"} for code in (ASKER, FIRST, SECOND, STRANGER)],
    }
)
WORDING = Wording(load_code_lists(), DIRECTORY)


def told(*decisions: Decision, acts: tuple[TraceAct, ...] = (REQUEST,)) -> str:
    return "\n".join(explain(fold(KEY, [on_log(act) for act in acts], decisions), WORDING))


def test_a_route_is_told_with_rule_evidence_alternatives_and_positions() -> None:
    routing = Routing(
        rule="manufacture",
        accountable=FIRST,
        channel="relay",
        via="selec",
        evidence=(Evidence(kind="reference_table", field="marks.make", transform="visual_key", place="YU"),),
        alternatives=(Alternative(rule="missing_owner", member=STRANGER, why_not="ambiguous"),),
    )
    seen = (Seen(topic="mk.trace", next_offset=4),)
    text = told(decision("routing", 1, KEY.request_id, routing=routing, seen=seen))
    assert f"Land of {FIRST} ({FIRST}) has to answer, by selec as relay." in text
    assert "Rule Place of manufacture (manufacture): It was made there" in text
    assert "Evidence: The table of makers and models. Field marks.make. Compared by visual_key. It leads to YU." in text
    assert f"Looked at before: Owner of a missing record, Land of {STRANGER} ({STRANGER}). Several members" in text
    assert "directory version 1, with mk.trace up to 4." in text


def test_the_duty_officer_is_named_with_his_reason() -> None:
    open_hop = decision("routing", 1, KEY.request_id)
    routed = decision("routing", 1, open_hop.event_id, to=FIRST, decided_by="duty-7", duty_reason="documents")
    assert "the duty officer has it" in told(open_hop)
    assert "Decided by duty officer duty-7: Papers point to the member." in told(open_hop, routed)


@pytest.mark.parametrize(
    ("decided", "sentence"),
    [
        (decision("handed_over", 1, KEY.request_id), "it points to TR, outside the region; the bureau of Land of MK"),
        (decision("undeliverable", 1, KEY.request_id), "it cannot be delivered: It is larger than"),
        (decision("routing", 1, KEY.request_id, to=ASKER), "has to answer, from its own register."),
    ],
)
def test_every_kind_of_decision_has_its_sentence(decided: Decision, sentence: str) -> None:
    assert sentence in told(decided)


def test_an_undecided_hop_and_a_changed_basis_are_told() -> None:
    assert "Hop 1: nothing is decided yet." in told()
    routed = decision("routing", 1, KEY.request_id, to=FIRST)
    closure = act_event("closure", ASKER, KEY.request_id, minutes=1)
    referral = act_event("referral", FIRST, KEY.request_id, minutes=2)
    second = decision("routing", 2, referral.event_id, to=SECOND)
    assert "What this decision rests on has changed since" in told(routed, second, acts=(REQUEST, closure, referral))


def test_every_member_that_is_named_is_known_for_its_footnote() -> None:
    routing = Routing(
        rule="manufacture",
        accountable=FIRST,
        evidence=(Evidence(kind="import_mark", place=SECOND),),
        alternatives=(Alternative(rule="missing_owner", member=STRANGER, why_not="ambiguous"),),
    )
    trace = fold(KEY, [on_log(REQUEST)], [decision("routing", 1, KEY.request_id, routing=routing)])
    assert codes_named(trace) == {ASKER, FIRST, SECOND, STRANGER}
