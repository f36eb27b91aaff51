"""Operations on a cluster as requests that do no harm, even to a cluster that lets them. It changes with the library.

What is written is no batch, what is deleted is nothing, what is altered is only checked, and who joins a group asks for
a session that no broker grants. A broker looks at rights first; any other answer than "no right" counts as allowed.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import (
    AlterUserScramCredentialsRequest,
    CreateTopicsRequest,
    DeleteRecordsRequest,
    DescribeAclsRequest,
    DescribeGroupsRequest,
    IncrementalAlterConfigsRequest,
)
from kafka.protocol.consumer import FetchRequest, JoinGroupRequest, ListOffsetsRequest, OffsetFetchRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

from schemas.access import Access

NO_RIGHT = frozenset({29, 30, 31, 53})  # of a topic, a group, the cluster, a transactional id
LAST_BY_NAME = 12  # versions of Produce and Fetch after these name topics by an id that only who sees them knows
TOPIC_RESOURCE, SET, ANY = 2, 0, 1
BROKEN_BATCH = struct.pack(">qiibIhiqqqhii", 0, 49, -1, 2, 0, 0, 0, 0, 0, -1, -1, -1, 0)
"""A frame in which no record is, and whose checksum is wrong."""
TIMEOUT_MS = 5_000
BOOTSTRAP_MS = 15_000
LATEST = -1
NOBODY = "nobody"

Answers = Iterator[tuple[str, int]]
"""Names with the codes that the broker answered for them."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A connection of one principal, for any request."""

    admin: KafkaAdminClient

    def ask(self, request: Any) -> Any:
        """The broker's answer."""
        manager = self.admin._manager  # noqa: SLF001  # no public way for requests of one's own; the version is pinned
        return manager.run(manager.send, request)


@contextmanager
def asking(access: Access) -> Iterator[Asker]:
    """Sign in; raises what the library raises."""
    admin = KafkaAdminClient(**access.settings(), bootstrap_timeout_ms=BOOTSTRAP_MS)
    try:
        yield Asker(admin)
    finally:
        admin.close()


def write(asker: Asker, topics: Sequence[str]) -> Answers:
    """Write to topics."""
    topic = ProduceRequest.TopicProduceData
    part = topic.PartitionProduceData(index=0, records=BROKEN_BATCH)
    data = [topic(name=name, partition_data=[part]) for name in topics]
    request = ProduceRequest(
        transactional_id=None, acks=-1, timeout_ms=TIMEOUT_MS, topic_data=data, max_version=LAST_BY_NAME
    )
    for answer in asker.ask(request).responses:
        yield answer.name, answer.partition_responses[0].error_code


def read(asker: Asker, topics: Sequence[str]) -> Answers:
    """Read topics."""
    topic = FetchRequest.FetchTopic
    part = topic.FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1)
    wanted = [topic(topic=name, partitions=[part]) for name in topics]
    request = FetchRequest(max_wait_ms=0, min_bytes=0, max_bytes=1, topics=wanted, max_version=LAST_BY_NAME)
    for answer in asker.ask(request).responses:
        yield answer.topic, answer.partitions[0].error_code


def describe(asker: Asker, topics: Sequence[str]) -> Answers:
    """Ask how far topics reach."""
    topic = ListOffsetsRequest.ListOffsetsTopic
    part = topic.ListOffsetsPartition(partition_index=0, timestamp=LATEST)
    request = ListOffsetsRequest(topics=[topic(name=name, partitions=[part]) for name in topics])
    for answer in asker.ask(request).topics:
        yield answer.name, answer.partitions[0].error_code


def delete(asker: Asker, topics: Sequence[str]) -> Answers:
    """Delete records from topics: those before the first."""
    topic = DeleteRecordsRequest.DeleteRecordsTopic
    part = topic.DeleteRecordsPartition(partition_index=0, offset=0)
    request = DeleteRecordsRequest(
        topics=[topic(name=name, partitions=[part]) for name in topics], timeout_ms=TIMEOUT_MS
    )
    for answer in asker.ask(request).topics:
        yield answer.name, answer.partitions[0].error_code


def alter(asker: Asker, topics: Sequence[str]) -> Answers:
    """Let topics forget after a second."""
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    config = resource.AlterableConfig(name="retention.ms", config_operation=SET, value="1000")
    wanted = [resource(resource_type=TOPIC_RESOURCE, resource_name=name, configs=[config]) for name in topics]
    for answer in asker.ask(IncrementalAlterConfigsRequest(resources=wanted, validate_only=True)).responses:
        yield answer.resource_name, answer.error_code


def create(asker: Asker, topics: Sequence[str]) -> Answers:
    """Make topics."""
    topic = CreateTopicsRequest.CreatableTopic
    wanted = [topic(name=n, num_partitions=1, replication_factor=1, assignments=[], configs=[]) for n in topics]
    for answer in asker.ask(CreateTopicsRequest(topics=wanted, timeout_ms=TIMEOUT_MS, validate_only=True)).topics:
        yield answer.name, answer.error_code


def join(asker: Asker, groups: Sequence[str]) -> Answers:
    """Join groups."""
    protocol = JoinGroupRequest.JoinGroupRequestProtocol(name="roundrobin", metadata=b"")
    for group in groups:
        request = JoinGroupRequest(
            group_id=group,
            session_timeout_ms=1,
            rebalance_timeout_ms=1,
            member_id="",
            group_instance_id=None,
            protocol_type="consumer",
            protocols=[protocol],
        )
        yield group, asker.ask(request).error_code


def watch(asker: Asker, groups: Sequence[str]) -> Answers:
    """Ask who is in groups."""
    for answer in asker.ask(DescribeGroupsRequest(groups=list(groups))).groups:
        yield answer.group_id, answer.error_code


def follow(asker: Asker, groups: Sequence[str]) -> Answers:
    """Ask how far groups are."""
    for group in groups:
        yield group, asker.ask(OffsetFetchRequest(group_id=group, topics=None, max_version=7)).error_code


def transact(asker: Asker, names: Sequence[str]) -> Answers:
    """Begin transactions under these ids."""
    for name in names:
        request = InitProducerIdRequest(
            transactional_id=name, transaction_timeout_ms=1, producer_id=-1, producer_epoch=-1, max_version=5
        )
        yield name, asker.ask(request).error_code


def rule(asker: Asker, _names: Sequence[str]) -> Answers:
    """See everybody's rights, and make a user go who is not there."""
    acls = DescribeAclsRequest(
        resource_type_filter=ANY,
        resource_name_filter=None,
        pattern_type_filter=ANY,
        principal_filter=None,
        host_filter=None,
        operation=ANY,
        permission_type=ANY,
    )
    yield "rights", asker.ask(acls).error_code
    users = AlterUserScramCredentialsRequest(deletions=[(NOBODY, 2)], upsertions=[])
    yield "users", asker.ask(users).results[0].error_code


OPERATIONS: Mapping[str, Callable[[Asker, Sequence[str]], Answers]] = MappingProxyType(
    {one.__name__: one for one in (write, read, describe, delete, alter, create, join, watch, follow, transact, rule)}
)
