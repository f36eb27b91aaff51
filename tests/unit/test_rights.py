"""The table of rights: what follows from the topics' owners and readers, whoever the members are."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rights import (
    OPERATOR,
    REGION_PRINCIPAL,
    Right,
    prefixed,
    principal_owner,
    producer_of,
    quotas_of,
    rights_of,
)
from schemas.topics import REGION, planned_topics

MEMBERS = st.lists(st.from_regex(r"[a-z]{2}(-[a-z0-9]{1,6})?", fullmatch=True), min_size=1, max_size=8, unique=True)
ONE = rights_of(planned_topics(["rs"]))


def named(rights: Mapping[str, frozenset[Right]], principal: str, operation: str, kind: str = "topic") -> set[str]:
    return {right.name for right in rights[principal] if (right.operation, right.kind) == (operation, kind)}


@given(MEMBERS)
def test_every_topic_has_one_writer_and_it_is_its_owners(members: list[str]) -> None:
    topics = planned_topics(members)
    rights = rights_of(topics)
    for topic in topics:
        writers = [one for one in rights if topic.name in named(rights, one, "write")]
        assert writers == [producer_of(topic.owner)]


@given(MEMBERS)
def test_nobody_reads_what_its_owner_may_not_read_but_the_regions_operator(members: list[str]) -> None:
    topics = {topic.name: topic for topic in planned_topics(members)}
    rights = rights_of(tuple(topics.values()))
    for principal in rights.keys() - {OPERATOR}:
        for name in named(rights, principal, "read"):
            assert principal_owner(principal) in topics[name].readers


@given(MEMBERS)
def test_no_group_is_shared_by_two_and_no_right_is_on_a_beginning_or_on_everything(members: list[str]) -> None:
    rights = rights_of(planned_topics(members))
    groups = [name for one in rights for name in named(rights, one, "read", "group")]
    assert len(groups) == len(set(groups)) == len(members) + 2
    every = {right for one in rights.values() for right in one}
    assert {right.kind for right in every} == {"topic", "group"}
    assert {right.operation for right in every} == {"read", "write"}
    assert not [right for right in every if "*" in right.name]


def test_a_member_has_two_users_and_the_region_two() -> None:
    assert set(ONE) == {"rs.producer", "rs.desk", REGION_PRINCIPAL, OPERATOR}
    assert principal_owner(REGION_PRINCIPAL) == principal_owner(OPERATOR) == REGION


def test_a_desk_reads_its_inbox_and_writes_nothing() -> None:
    assert named(ONE, "rs.desk", "write") == set()
    assert {"region.inbox.rs", "region.quarantine.rs", "region.directory"} <= named(ONE, "rs.desk", "read")
    assert "region.decision" not in named(ONE, "rs.desk", "read")


def test_a_producer_reads_its_own_topics_and_the_directory_only() -> None:
    assert named(ONE, "rs.producer", "read") == named(ONE, "rs.producer", "write") | {"region.directory"}


def test_the_operator_reads_everything_and_writes_nothing() -> None:
    assert named(ONE, OPERATOR, "read") == {topic.name for topic in planned_topics(["rs"])}
    assert named(ONE, OPERATOR, "write") == set()


@pytest.mark.parametrize("principal", ONE)
def test_everybody_has_bounds(principal: str) -> None:
    assert set(quotas_of(principal)) == {"producer_byte_rate", "consumer_byte_rate"}


def test_a_prefix_stands_before_every_name() -> None:
    assert prefixed("t.", {Right("topic", "rs.seizure", "read")}) == {Right("topic", "t.rs.seizure", "read")}
