"""The ledger's accounts: a consistent world balances, and no single change of it goes unseen."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from interfocal.ledger.stores import PutAway
from interfocal.ledger.verdict import Counted, balance
from ledger_worlds import Plan, mutations, world
from schemas.events.decision import Decision

FEW = st.integers(0, 2)
PLANS = st.builds(Plan, FEW, FEW, FEW, FEW, FEW, FEW, FEW)


@given(PLANS)
def test_a_consistent_world_balances(plan: Plan) -> None:
    found = balance(world(plan))
    assert list(found.problems) == []
    assert found.holds
    assert found.in_view == 2 * (plan.seizures + plan.acts)
    assert found.quarantined == 2 * (2 * plan.unusable + plan.set_aside)
    assert found.accepted == found.published == found.in_view + found.quarantined
    assert found.foreign == 6 * plan.foreign
    assert (found.waiting, list(found.lost), list(found.doubled)) == (0, [], [])


@settings(deadline=None, max_examples=30)  # each example settles hundreds of accounts
@given(PLANS)
def test_every_single_change_is_seen(plan: Plan) -> None:
    unseen = [name for name, changed in mutations(world(plan)) if balance(changed).holds]
    assert unseen == []


def test_what_changes_are_tried_covers_every_part() -> None:
    names = {name.split()[0] for name, _ in mutations(world(Plan()))}
    assert {"aa", "region", "desk", "aa.seizure", "region.inbox.bb", "undecided"} <= names
    assert len(list(mutations(world(Plan())))) > 100


def with_outbox(counted: Counted, accepted: dict[str, str], waiting: frozenset[str]) -> Counted:
    """A world in which the first member has accepted more."""
    outbox = counted.outboxes["aa"]
    more = replace(outbox, accepted={**outbox.accepted, **accepted}, waiting=waiting)
    return replace(counted, outboxes={**counted.outboxes, "aa": more})


def test_what_is_accepted_and_nowhere_is_lost() -> None:
    found = balance(with_outbox(world(Plan()), {"gone": "trace"}, frozenset()))
    assert (list(found.lost), found.waiting) == (["gone"], 0)


def test_what_still_waits_is_not_lost_and_not_settled() -> None:
    found = balance(with_outbox(world(Plan()), {"late": "trace"}, frozenset({"late"})))
    assert (list(found.lost), found.waiting, found.holds) == ([], 1, False)
    assert list(found.problems) == []


def test_what_is_on_the_log_and_not_yet_marked_does_not_wait() -> None:
    counted = world(Plan())
    outbox = counted.outboxes["aa"]
    unmarked = replace(outbox, waiting=frozenset({"aa.seizure-0"}), published={})
    found = balance(replace(counted, outboxes={**counted.outboxes, "aa": unmarked}))
    assert (found.waiting, found.holds) == (0, True)


def test_a_receipt_is_accounted_for_but_not_counted() -> None:
    found = balance(with_outbox(world(Plan()), {"receipt": "receipt"}, frozenset()))
    assert found.accepted == balance(world(Plan())).accepted
    assert [(problem.code, problem.where) for problem in found.problems] == [("not_on_log", "aa.receipt receipt")]


def test_an_event_under_anothers_id_stands_for_its_own_topic_only() -> None:
    """A member that copies an event id onto its own topic hides no loss."""
    counted = world(Plan())
    found = balance(with_outbox(counted, {"bb.seizure-0": "seizure"}, frozenset()))
    assert list(found.lost) == ["bb.seizure-0"]


def test_a_quarantined_event_counts_by_where_it_lies() -> None:
    counted = world(Plan(unusable=1))
    store = counted.region.store
    unnamed = [PutAway(entry.topic, entry.offset, None, entry.reason) for entry in store.quarantined]
    region = replace(counted.region, store=replace(store, quarantined=unnamed))
    assert balance(replace(counted, region=region)).holds


def test_two_decisions_of_one_question_are_both_named() -> None:
    counted = world(Plan(decisions=1))
    (decision,) = counted.expected.decisions
    second = Decision.model_construct(**{**dict(decision), "event_id": "second"})
    found = balance(replace(counted, expected=replace(counted.expected, decisions=[decision, second])))
    assert set(found.doubled) == {decision.event_id, "second"}
