"""Users, their rights and quotas, as an administrator sees and changes them. It changes with the client library."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import for_code
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from interfocal.provisioning.drift import FoundAccounts, Grant
from schemas.errors import BrokerAway, Misconfigured
from schemas.rights import Right

MECHANISM = ScramMechanism.SCRAM_SHA_512
USER = "user"
SPECIFIED = 2  # of a quota's entity: whatever name it has
SETTLE_S, LOOK_S = 15.0, 0.05


@dataclass(frozen=True, slots=True)
class Accounts:
    """What an open connection of an administrator knows of users."""

    admin: KafkaAdminClient

    def found(self) -> FoundAccounts:
        """Everybody and all that anybody was given."""
        every = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        acls, _ = self.admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, every))
        scram = self.admin.describe_user_scram_credentials()
        users = [
            user
            for user, told in scram.items()
            if any(one["mechanism"] == MECHANISM for one in told["credential_infos"])
        ]
        return FoundAccounts(frozenset(users), frozenset(map(_grant, acls)), self._quotas())

    def give(self, grants: Sequence[Grant]) -> None:
        """Give these rights; raises Misconfigured when the cluster refuses one."""
        failed = self.admin.create_acls([_acl(grant) for grant in grants])["failed"] if grants else []
        if failed:
            raise Misconfigured(f"Kafka refuses a right ({failed[0].__name__}): has it an authorizer?")

    def take_back(self, grants: Sequence[Grant]) -> None:
        """Take these rights back; raises Misconfigured when the cluster refuses one."""
        answers = self.admin.delete_acls([_filter(grant) for grant in grants]) if grants else []
        for grant, (_, _, error) in zip(grants, answers, strict=True):
            _refused(f"to take a right back from {grant.user}", error.errno)

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """From now on these users sign in by these; raises Misconfigured when the cluster refuses one."""
        wanted = [UserScramCredentialUpsertion(user, MECHANISM, password) for user, password in passwords.items()]
        for user, refusal in (self.admin.alter_user_scram_credentials(wanted) if wanted else {}).items():
            if refusal:
                raise Misconfigured(f"Kafka refuses the password of {user}: {refusal}.")

    def limit(self, quotas: Mapping[str, Mapping[str, int]]) -> None:
        """Set quotas, in bytes a second at each broker; raises Misconfigured when the cluster refuses one."""
        entity, op = AlterClientQuotasRequest.EntryData.EntityData, AlterClientQuotasRequest.EntryData.OpData
        entries = [
            AlterClientQuotasRequest.EntryData(
                entity=[entity(entity_type=USER, entity_name=user)],
                ops=[op(key=name, value=float(value), remove=False) for name, value in limits.items()],
            )
            for user, limits in quotas.items()
        ]
        if not entries:
            return
        request = AlterClientQuotasRequest(entries=entries, validate_only=False)
        for answer in self._answer_to(request).entries:
            _refused(f"a quota of {answer.entity[0].entity_name}", answer.error_code)

    def wait_until(self, settled: Callable[[FoundAccounts], bool]) -> None:
        """Return when the brokers tell of what was changed: a moment after they have taken it. Raises BrokerAway."""
        deadline = time.monotonic() + SETTLE_S
        while not settled(self.found()):
            if time.monotonic() > deadline:
                raise BrokerAway(f"users and rights are not in force {SETTLE_S:.0f} s after they were changed")
            time.sleep(LOOK_S)

    def _answer_to(self, request: Any) -> Any:
        manager = self.admin._manager  # noqa: SLF001  # nothing public knows of quotas; the client's version is pinned
        return manager.run(manager.send, request)

    def _quotas(self) -> Mapping[str, Mapping[str, int]]:
        component = DescribeClientQuotasRequest.ComponentData(entity_type=USER, match_type=SPECIFIED, match=None)
        answer = self._answer_to(DescribeClientQuotasRequest(components=[component], strict=True))
        _refused("to tell of quotas", answer.error_code)
        return {
            str(entry.entity[0].entity_name): {one.key: int(one.value) for one in entry.values}
            for entry in answer.entries or ()
        }


def _signs_in(told: Mapping[str, Any]) -> bool:
    return any(one["mechanism"] == MECHANISM for one in told["credential_infos"])


def _refused(what: str, code: int) -> None:
    if code:
        raise Misconfigured(f"Kafka refuses {what}: {for_code(code).__name__}.")


def _grant(acl: ACL) -> Grant:
    pattern = acl.resource_pattern
    right = Right(pattern.resource_type.name.lower(), pattern.resource_name, acl.operation.name.lower())
    kind = pattern.pattern_type.name.lower()
    return Grant(acl.principal.removeprefix("User:"), right, kind, acl.permission_type.name.lower(), acl.host)


def _acl(grant: Grant) -> ACL:
    right = grant.right
    pattern = ACLResourcePatternType[grant.pattern.upper()]
    return ACL(
        f"User:{grant.user}",
        grant.host,
        ACLOperation[right.operation.upper()],
        ACLPermissionType[grant.permission.upper()],
        ResourcePattern(ResourceType[right.kind.upper()], right.name, pattern),
    )


def _filter(grant: Grant) -> ACLFilter:
    """What finds just this one."""
    acl = _acl(grant)
    return ACLFilter(acl.principal, acl.host, acl.operation, acl.permission_type, acl.resource_pattern)
