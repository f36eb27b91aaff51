"""Who may do what in the cluster: one table, from which users, their rights and their quotas are provisioned.

It follows from the topics' owners and readers. What is not in it is forbidden: nobody may make, alter or
delete a topic, nobody uses transactions, and no name stands for more than itself. It changes with the kinds of process
there are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from schemas.topics import DIRECTORY_TOPIC, REGION, Topic

OPERATOR = "region.operator"
REGION_PRINCIPAL = "region.process"
REGION_GROUP = "region.view"
PRODUCER, DESK = "producer", "desk"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing that a principal may do: ``read`` or ``write`` a ``topic`` or ``group`` of exactly this name."""

    kind: str
    name: str
    operation: str


BYTES_A_SECOND: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        PRODUCER: {"producer_byte_rate": 16 * MIB, "consumer_byte_rate": 64 * MIB},
        DESK: {"producer_byte_rate": MIB, "consumer_byte_rate": 64 * MIB},
        "process": {"producer_byte_rate": 64 * MIB, "consumer_byte_rate": 256 * MIB},
        "operator": {"producer_byte_rate": MIB, "consumer_byte_rate": 256 * MIB},
    }
)
"""Of each principal by its role and broker: what is beyond is slowed down, so that one cannot starve the others."""


def producer_of(owner: str) -> str:
    """``rs`` -> ``rs.producer``; of the region, its only process."""
    return REGION_PRINCIPAL if owner == REGION else f"{owner}.{PRODUCER}"


def desk_of(owner: str) -> str:
    """``rs`` -> ``rs.desk``."""
    return f"{owner}.{DESK}"


def desk_group(owner: str) -> str:
    """The group of a desk's instances."""
    return f"{owner}.desk"


def principal_owner(principal: str) -> str:
    """``rs.producer`` -> ``rs``: whose secrets its password is among."""
    return principal.split(".", 1)[0]


def quotas_of(principal: str) -> Mapping[str, int]:
    """Bytes a second that a principal may write and read at each broker."""
    return BYTES_A_SECOND[principal.rsplit(".", 1)[1]]


def rights_of(topics: Sequence[Topic]) -> Mapping[str, frozenset[Right]]:
    """Every principal with all that it may do, for these topics."""
    given: dict[str, set[Right]] = {}
    for topic in topics:
        given.setdefault(producer_of(topic.owner), set()).add(Right("topic", topic.name, "write"))
        for principal in _readers(topic):
            given.setdefault(principal, set()).add(Right("topic", topic.name, "read"))
    for principal in given:
        given[principal] |= {Right("group", group, "read") for group in _groups(principal)}
    return {principal: frozenset(rights) for principal, rights in sorted(given.items())}


def prefixed(prefix: str, rights: Iterable[Right]) -> frozenset[Right]:
    """The same rights where every name has a prefix in the cluster."""
    return frozenset(replace(right, name=prefix + right.name) for right in rights)


def _readers(topic: Topic) -> Iterator[str]:
    """A member's desk reads what is its member's; its producer its own topics, to compare, and the directory."""
    yield OPERATOR
    for owner in topic.readers:
        if owner == REGION:
            yield REGION_PRINCIPAL
            continue
        yield desk_of(owner)
        if topic.owner == owner or topic.name == DIRECTORY_TOPIC:
            yield producer_of(owner)


def _groups(principal: str) -> Iterator[str]:
    """A process's own; the operator has one because other people's tools want to be in one."""
    if principal == REGION_PRINCIPAL:
        yield REGION_GROUP
    elif principal.endswith(f".{DESK}"):
        yield desk_group(principal_owner(principal))
    elif principal == OPERATOR:
        yield OPERATOR
