"""Topics: one owner each, names that do not run into each other, and how long what they hold is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from schemas.topics import (
    MAX_DELIVERY_BYTES,
    MAX_EVENT_BYTES,
    MAX_MESSAGE_BYTES,
    check_member_code,
    in_sync_replicas,
    inbox_topic,
    is_short_lived,
    member_topic,
    owner_of,
    planned_topics,
    record_topics,
    stream_of,
)

CODES = st.from_regex(r"[a-z]{2}(-[a-z0-9]{1,6})?", fullmatch=True)


@given(st.lists(CODES, min_size=1, max_size=4, unique=True))
def test_every_topic_has_one_owner_and_a_name_of_its_own(codes: list[str]) -> None:
    topics = planned_topics(codes)
    names = [topic.name for topic in topics]
    assert len(set(names)) == len(names)
    assert all(owner_of(topic.name) == topic.owner for topic in topics)
    assert {topic.owner for topic in topics} == {*codes, "region"}
    assert set(record_topics(codes)) <= set(names)


@pytest.mark.parametrize(
    ("said", "stream"), [("", ""), ("x", ""), (".", ""), ("x.", ""), ("x.y", "y"), ("x.y.z.z", "y")]
)
def test_any_text_that_is_said_to_be_a_topic_has_a_stream_or_none(said: str, stream: str) -> None:
    """A delivery names the topic of its original, and who seals it may write anything there."""
    assert stream_of(said) == stream


@given(CODES, CODES)
def test_no_name_is_the_beginning_of_anothers(one: str, other: str) -> None:
    """Rights are given by the beginnings of names: an owner and its delimiter begin that owner's topics only."""
    if one != other:
        assert not member_topic(one, "seizure").startswith(f"{other}.")
        assert inbox_topic(one) != inbox_topic(other)


@given(CODES)
def test_parts_of_a_name_are_read_back(code: str) -> None:
    assert (owner_of(member_topic(code.upper(), "trace")), stream_of(member_topic(code, "trace"))) == (code, "trace")
    assert (owner_of(inbox_topic(code)), stream_of(inbox_topic(code))) == ("region", "inbox")


def test_no_topic_is_compacted_and_only_what_is_told_again_is_not_kept_for_good() -> None:
    """The log is the record; a tombstone, or a chain with holes, cannot be."""
    days = {"heartbeat": 7, "quarantine": 90}
    for topic in planned_topics(["aa", "bb-1"]):
        assert topic.config["cleanup.policy"] == "delete"
        assert topic.config["retention.bytes"] == "-1"
        kept = days.get(stream_of(topic.name))
        assert topic.config["retention.ms"] == ("-1" if kept is None else str(kept * 86_400_000))
        assert is_short_lived(topic.name) == (kept is not None)


def test_what_the_region_tells_a_member_only_that_member_reads_beside_it() -> None:
    readers = {topic.name: set(topic.readers) for topic in planned_topics(["aa", "bb"])}
    assert readers["region.inbox.aa"] == readers["region.quarantine.aa"] == readers["aa.heartbeat"] == {"region", "aa"}
    assert readers["region.decision"] == {"region"}


def test_no_topic_has_its_broker_unpack_and_keep_what_is_compressed() -> None:
    for topic in planned_topics(["aa"]):
        assert topic.config["compression.type"] == "producer"
        assert topic.config["max.message.bytes"] == str(MAX_MESSAGE_BYTES)
    assert MAX_EVENT_BYTES < MAX_DELIVERY_BYTES < MAX_MESSAGE_BYTES


@given(st.integers(1, 9))
def test_one_broker_may_be_away_and_a_record_is_never_on_one_of_three_alone(replication: int) -> None:
    in_sync = in_sync_replicas(replication)
    assert 1 <= in_sync <= replication
    assert replication - in_sync == (0 if replication == 1 else 1)
    for topic in planned_topics(["aa", "bb"], replication):
        assert (topic.replication, topic.config["min.insync.replicas"]) == (replication, str(in_sync))
        assert topic.config["unclean.leader.election.enable"] == "false"


@pytest.mark.parametrize("code", ["region", "RS", "r", "rst", "rs.", "rs-", "rs-1234567", "rš", ""])
def test_a_code_that_would_be_no_topic_is_refused(code: str) -> None:
    with pytest.raises(Misconfigured, match="member code"):
        check_member_code(code)
