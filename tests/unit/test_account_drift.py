"""Plan and cluster: users, rights and quotas that are missing, too many, or somebody else's."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from interfocal.provisioning.drift import Account, FoundAccounts, Grant, Plan, accounts_drift
from schemas.rights import Right
from schemas.topics import planned_topics

READ, WRITE = Right("topic", "p.rs.seizure", "read"), Right("topic", "p.rs.seizure", "write")
USER = "p.rs.producer"
QUOTAS = {"producer_byte_rate": 5}
PLAN = Plan(planned_topics(["rs"]), "p.", {USER: Account(frozenset({READ, WRITE}), QUOTAS)})
WHOLE = FoundAccounts(frozenset({USER, "else"}), frozenset({Grant(USER, READ), Grant(USER, WRITE)}), {USER: QUOTAS})


def drifts(found: FoundAccounts, plan: Plan = PLAN) -> list[tuple[str, str, bool]]:
    """Code, user, and whether it waits for a person."""
    return [(drift.code, drift.where, bool(drift.person)) for drift in accounts_drift(plan, found)]


def test_what_is_as_planned_differs_in_nothing() -> None:
    assert drifts(WHOLE) == []


def test_a_user_that_is_missing_or_whose_password_is_not_here_is_mended() -> None:
    assert drifts(replace(WHOLE, users=frozenset())) == [("user_missing", USER, False)]
    assert drifts(WHOLE, replace(PLAN, without_password=frozenset({USER}))) == [("password_missing", USER, False)]


def test_a_user_under_an_owners_name_that_nobody_planned_waits_for_a_person() -> None:
    assert drifts(replace(WHOLE, users=WHOLE.users | {"p.rs.helper"})) == [("user_unplanned", "p.rs.helper", True)]


def test_a_right_that_is_missing_is_given() -> None:
    assert drifts(replace(WHOLE, grants=frozenset({Grant(USER, READ)}))) == [("right_missing", USER, False)]


@pytest.mark.parametrize(
    "grant",
    [
        Grant(USER, Right("topic", "p.ba.seizure", "write")),
        Grant(USER, Right("topic", "p.", "read"), "prefixed"),
        Grant(USER, READ, permission="deny"),
        Grant(USER, READ, host="10.0.0.1"),
    ],
)
def test_a_right_beyond_the_plan_is_taken_back(grant: Grant) -> None:
    assert drifts(replace(WHOLE, grants=WHOLE.grants | {grant})) == [("right_unplanned", USER, False)]


@pytest.mark.parametrize(
    ("right", "pattern", "reaches"),
    [
        (READ, "literal", True),
        (Right("topic", "p.rs.", "read"), "prefixed", True),
        (Right("topic", "*", "all"), "literal", True),
        (Right("topic", "p.rs", "read"), "literal", False),
        (Right("topic", "q.", "read"), "prefixed", False),
    ],
)
def test_a_strangers_right_counts_where_it_reaches_what_is_ours(right: Right, pattern: str, *, reaches: bool) -> None:
    found = replace(WHOLE, grants=WHOLE.grants | {Grant("else", right, pattern)})
    assert drifts(found) == ([("right_foreign", "else", True)] if reaches else [])


@pytest.mark.parametrize("quotas", [{}, {USER: {}}, {USER: {"producer_byte_rate": 6}}])
def test_a_quota_that_is_missing_or_differs_is_set(quotas: Mapping[str, Mapping[str, int]]) -> None:
    assert drifts(replace(WHOLE, quotas=quotas)) == [("quota_differs", USER, False)]
