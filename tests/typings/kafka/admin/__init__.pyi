from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from typing import Any

from kafka.net.manager import KafkaConnectionManager
from kafka.structs import TopicPartition

class ConfigResourceType(IntEnum):
    UNKNOWN = 0
    TOPIC = 2
    BROKER = 4

class ConfigResource:
    def __init__(
        self, resource_type: ConfigResourceType | str, name: str, configs: Mapping[str, Any] | None = None
    ) -> None: ...

class ResourceType(IntEnum):
    ANY = 1
    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5

class ACLOperation(IntEnum):
    ANY = 1
    READ = 3
    WRITE = 4

class ACLPermissionType(IntEnum):
    ANY = 1
    DENY = 2
    ALLOW = 3

class ACLResourcePatternType(IntEnum):
    ANY = 1
    LITERAL = 3
    PREFIXED = 4

class ResourcePatternFilter:
    resource_type: ResourceType
    resource_name: str
    pattern_type: ACLResourcePatternType
    def __init__(
        self, resource_type: ResourceType, resource_name: str | None, pattern_type: ACLResourcePatternType
    ) -> None: ...

class ResourcePattern(ResourcePatternFilter): ...

class ACLFilter:
    principal: str
    host: str
    operation: ACLOperation
    permission_type: ACLPermissionType
    resource_pattern: ResourcePatternFilter
    def __init__(
        self,
        principal: str | None,
        host: str | None,
        operation: ACLOperation,
        permission_type: ACLPermissionType,
        resource_pattern: ResourcePatternFilter,
    ) -> None: ...

class ACL(ACLFilter): ...

class ScramMechanism(IntEnum):
    SCRAM_SHA_512 = 2

class UserScramCredentialUpsertion:
    def __init__(self, user: str, mechanism: ScramMechanism, password: str) -> None: ...

class KafkaAdminClient:
    _manager: KafkaConnectionManager
    config: dict[str, Any]
    def __init__(self, **configs: Any) -> None: ...
    def close(self) -> None: ...
    def list_topics(self) -> list[str]: ...
    def describe_topics(self, topics: Sequence[str] | None = None) -> list[dict[str, Any]]: ...
    def create_topics(
        self,
        new_topics: Sequence[str] | Mapping[str, Mapping[str, Any]],
        timeout_ms: int | None = None,
        validate_only: bool = False,
        raise_errors: bool = True,
        wait_for_metadata: bool = False,
    ) -> dict[str, Any]: ...
    def wait_for_topics(self, topic_names: Collection[str], timeout_ms: int = 10000) -> None: ...
    def delete_topics(
        self, topics: Sequence[str], timeout_ms: int | None = None, raise_errors: bool = True
    ) -> dict[str, Any]: ...
    def delete_records(
        self, records_to_delete: Mapping[TopicPartition, int], timeout_ms: int | None = None
    ) -> dict[TopicPartition, Any]: ...
    def describe_configs(
        self,
        config_resources: Sequence[ConfigResource],
        include_synonyms: bool = False,
        config_filter: str = "modified",
    ) -> dict[Any, Any]: ...
    def alter_configs(
        self,
        config_resources: Sequence[ConfigResource],
        validate_only: bool = False,
        raise_on_unknown: bool = True,
        incremental: bool | None = None,
    ) -> dict[str, Any]: ...
    def describe_cluster(self) -> dict[str, Any]: ...
    def describe_log_dirs(self, topic_partitions: Any = None, brokers: Any = None) -> Any: ...
    def list_groups(self) -> list[dict[str, Any]]: ...
    def describe_groups(self, group_ids: Sequence[str]) -> Any: ...
    def list_group_offsets(self, group_specs: Any) -> Any: ...
    def delete_groups(self, group_ids: Sequence[str]) -> Any: ...
    def describe_acls(self, acl_filter: ACLFilter) -> tuple[list[ACL], Any]: ...
    def create_acls(self, acls: Sequence[ACL]) -> dict[str, Any]: ...
    def delete_acls(self, acl_filters: Sequence[ACLFilter]) -> list[tuple[ACLFilter, list[ACL], Any]]: ...
    def alter_user_scram_credentials(
        self, alterations: Sequence[UserScramCredentialUpsertion]
    ) -> dict[str, str | None]: ...
    def describe_user_scram_credentials(self, users: Sequence[str] | None = None) -> dict[str, Any]: ...
