"""Where plan and cluster differ. Pure. It changes with what is planned.

Each part of the plan has one function that compares it with what was found, and ``drift_of`` calls them all. What can
be mended without a person is mended by ``apply``; everything else says what a person has to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.rights import Right
from schemas.topics import EVERY_BROKER, Topic, owner_of

PARTITIONS = 1  # for ever: a topic's order is its chain's
IN_SYNC = "min.insync.replicas"
GROUPS_TOPIC = "__consumer_offsets"
NOTHING = "-"
ANY = "*"

OTHER_PREFIX = (
    "a chain has one partition for ever: use another kafka.prefix, or delete the topic if nothing on it counts"
)
UNKNOWN_WRITER = "nobody here is to write it: find out who made it, and delete it if nothing on it counts"
REASSIGN = "give it as many replicas by kafka-reassign-partitions"
REASSIGN_FIRST = f"{REASSIGN}, and only then apply"
TAKE_BACK = "somebody set it on this topic: take it back by kafka-configs, or plan it in schemas/topics.py"
UNKNOWN_USER = "nobody here signs in by this name: find out who made it, and delete it by kafka-configs"
FOREIGN_RIGHT = "somebody else was given it: find out who gave it, and take it back by kafka-acls"
RESTART_BROKER = "set it in the broker's own settings, and start the broker again"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A right as it lies in the cluster: whose, and whether its name is only a beginning (``prefixed``)."""

    user: str
    right: Right
    pattern: str = "literal"
    permission: str = "allow"
    host: str = ANY

    def reaches(self, name: str) -> bool:
        """Whether it is about this topic or group."""
        return name.startswith(self.right.name) if self.pattern == "prefixed" else self.right.name in (name, ANY)


@dataclass(frozen=True, slots=True)
class Account:
    """What a user may do, under the names of the cluster, and its quotas."""

    rights: frozenset[Right]
    quotas: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FoundAccounts:
    """Users that sign in by password, all rights that were given to anybody, and users' quotas."""

    users: frozenset[str]
    grants: frozenset[Grant]
    quotas: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the cluster must have. ``prefix`` stands before every topic's name.

    ``accounts`` are users by their names in the cluster; where there are none, users, rights and quotas are not
    compared. ``without_password`` are those whose password is not kept here, or not any more.
    """

    topics: Sequence[Topic]
    prefix: str = ""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    without_password: frozenset[str] = frozenset()

    def named(self) -> Mapping[str, Topic]:
        """The topics by their names in the cluster."""
        return {self.prefix + topic.name: topic for topic in self.topics}

    def owns(self, name: str) -> bool:
        """Whether a name in the cluster is one that only an owner of this plan may have."""
        inner = name.removeprefix(self.prefix)
        return name.startswith(self.prefix) and owner_of(inner) in {topic.owner for topic in self.topics}

    def looks_at(self, name: str) -> bool:
        """Whether a topic of the cluster is compared at all; others are nobody's business here."""
        return self.owns(name) or name == GROUPS_TOPIC


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic of the cluster: its settings as they are in force, and the names of those set on the topic itself."""

    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)
    set_here: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What the cluster has: topics by name, each broker's settings by its number, and accounts if they were planned."""

    topics: Mapping[str, FoundTopic]
    brokers: Mapping[int, Mapping[str, str]]
    accounts: FoundAccounts | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. ``part`` is the part of the plan, ``code`` stable, ``where`` the thing and ``what`` its property.

    ``person`` is what a person has to do; empty where ``apply`` mends it.
    """

    part: str
    code: str
    where: str
    what: str
    planned: str
    found: str
    person: str = ""


def drift_of(plan: Plan, found: Found) -> tuple[Drift, ...]:
    """Every difference, part by part."""
    drifts = [*topic_drift(plan, found.topics), *broker_drift(found.brokers)]
    if found.accounts is not None:
        drifts += accounts_drift(plan, found.accounts)
    return tuple(drifts)


def accounts_drift(plan: Plan, found: FoundAccounts) -> tuple[Drift, ...]:
    """Every difference in users, rights and quotas."""
    return (*user_drift(plan, found), *right_drift(plan, found), *quota_drift(plan, found))


def topic_drift(plan: Plan, found: Mapping[str, FoundTopic]) -> Iterator[Drift]:
    """Topics that are missing, differ, or should not be; and Kafka's own, on which consumer groups depend."""
    planned = plan.named()
    for name, topic in planned.items():
        if name not in found:
            yield Drift("topic", "topic_missing", name, "topic", "there", NOTHING)
        else:
            yield from _differences(name, topic, found[name])
    for name in sorted(found.keys() - planned.keys()):
        if plan.owns(name):
            yield Drift("topic", "topic_unplanned", name, "topic", NOTHING, "there", UNKNOWN_WRITER)
    wanted = max((topic.replication for topic in plan.topics), default=0)
    if GROUPS_TOPIC in found and found[GROUPS_TOPIC].replication < wanted:
        yield _replication(GROUPS_TOPIC, wanted, found[GROUPS_TOPIC].replication)


def broker_drift(brokers: Mapping[int, Mapping[str, str]]) -> Iterator[Drift]:
    """Settings of a broker on which the promises rest, and which it does not have."""
    for number, config in sorted(brokers.items()):
        for name, value in EVERY_BROKER.items():
            has = config.get(name, NOTHING)
            if has != value:
                yield Drift("broker", "broker_config_differs", str(number), name, value, has, RESTART_BROKER)


def user_drift(plan: Plan, found: FoundAccounts) -> Iterator[Drift]:
    """Users who cannot sign in, whose password is not here, or whom nobody planned."""
    for user in sorted(plan.accounts):
        if user not in found.users:
            yield Drift("user", "user_missing", user, "password", "there", NOTHING)
        elif user in plan.without_password:
            yield Drift("user", "password_missing", user, "password", "kept here", NOTHING)
    for user in sorted(found.users - plan.accounts.keys()):
        if plan.owns(user):
            yield Drift("user", "user_unplanned", user, "password", NOTHING, "there", UNKNOWN_USER)


def right_drift(plan: Plan, found: FoundAccounts) -> Iterator[Drift]:
    """Rights that are missing, that one of our users has too many, or by which somebody else reaches what is ours."""
    planned = {Grant(user, right) for user, account in plan.accounts.items() for right in account.rights}
    for grant in sorted(planned - found.grants):
        yield _right("right_missing", grant, "allow", NOTHING)
    ours = {*plan.named(), *(grant.right.name for grant in planned)}
    for grant in sorted(found.grants - planned):
        if grant.user in plan.accounts:
            yield _right("right_unplanned", grant, NOTHING, grant.permission)
        elif any(grant.reaches(name) for name in ours):
            yield _right("right_foreign", grant, NOTHING, grant.permission, FOREIGN_RIGHT)


def quota_drift(plan: Plan, found: FoundAccounts) -> Iterator[Drift]:
    """Quotas of our users that are missing or differ; others of theirs are left to whoever set them."""
    for user, account in sorted(plan.accounts.items()):
        for name, value in account.quotas.items():
            has = found.quotas.get(user, {}).get(name)
            if has != value:
                yield Drift("quota", "quota_differs", user, name, str(value), NOTHING if has is None else str(has))


def _right(code: str, grant: Grant, planned: str, found: str, person: str = "") -> Drift:
    pattern = "" if grant.pattern == "literal" else f" ({grant.pattern})"
    what = f"{grant.right.operation} {grant.right.kind} {grant.right.name}{pattern}"
    return Drift("right", code, grant.user, what, planned, found, person)


def _differences(name: str, topic: Topic, found: FoundTopic) -> Iterator[Drift]:
    if found.partitions != PARTITIONS:
        counts = (str(PARTITIONS), str(found.partitions))
        yield Drift("topic", "partitions_differ", name, "partitions", *counts, OTHER_PREFIX)
        return  # perhaps somebody else's: nothing of it is altered
    if found.replication != topic.replication:
        yield _replication(name, topic.replication, found.replication)
    for setting, value in topic.config.items():
        has = found.config.get(setting, NOTHING)
        if has != value:
            # With fewer replicas than planned it would stop every write, or the first broker that is away would.
            early = setting == IN_SYNC and found.replication < topic.replication
            person = REASSIGN_FIRST if early else ""
            yield Drift("topic", "config_differs", name, setting, value, has, person)
    for setting in sorted(found.set_here - topic.config.keys()):
        has = found.config.get(setting, NOTHING)
        yield Drift("topic", "config_unplanned", name, setting, NOTHING, has, TAKE_BACK)


def _replication(name: str, planned: int, found: int) -> Drift:
    return Drift("topic", "replication_differs", name, "replication", str(planned), str(found), REASSIGN)
