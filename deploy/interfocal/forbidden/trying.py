"""Everything that the table of rights does not give, tried by each principal. It changes with the table's shape."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from interfocal.forbidden.operations import NO_RIGHT, OPERATIONS, asking
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.installation.planning import plan_of
from schemas.access import Access
from schemas.rights import Right

OWN_ONLY = ("write", "read")
NOBODYS = ("delete", "alter", "create")


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One operation of one principal on one name."""

    principal: str
    operation: str
    name: str


@dataclass(frozen=True, slots=True)
class Tried:
    """How many operations were tried, and those of them that the cluster allowed."""

    tried: int
    allowed: tuple[Attempt, ...]


def near_misses(name: str) -> Iterator[str]:
    """Names that a right on the beginning of a name, or on one that looks the same, would reach."""
    yield f"{name}x"
    yield f"{name}.x"
    yield name[:-1]
    yield name.upper()


def forbidden(principal: str, rights: Mapping[str, frozenset[Right]]) -> Mapping[str, Sequence[str]]:
    """By operation the names on which this principal may not do it."""
    own = rights[principal]
    topics = sorted({right.name for every in rights.values() for right in every if right.kind == "topic"})
    groups = sorted({right.name for every in rights.values() for right in every if right.kind == "group"})
    mine = {(right.kind, right.name) for right in own}
    misses = sorted({miss for kind, name in mine if kind == "topic" for miss in near_misses(name)} - set(topics))
    missed_groups = sorted({miss for kind, name in mine if kind == "group" for miss in near_misses(name)} - set(groups))
    found: dict[str, Sequence[str]] = {
        one: [*(name for name in topics if Right("topic", name, one) not in own), *misses] for one in OWN_ONLY
    }
    found["describe"] = [*(name for name in topics if ("topic", name) not in mine), *misses]
    found |= dict.fromkeys(("delete", "alter"), topics)
    found["create"] = misses
    others = [*(name for name in groups if ("group", name) not in mine), *missed_groups]
    found |= dict.fromkeys(("join", "watch", "follow"), others)
    found["transact"] = [principal, f"{principal}.x"]
    found["rule"] = ["rights", "users"]
    return found


def attempts(principal: str, access: Access, wanted: Mapping[str, Sequence[str]]) -> Iterator[tuple[Attempt, bool]]:
    """Try these operations on these names, and tell of each whether it was allowed."""
    with asking(access) as asker:
        for operation, names in wanted.items():
            for name, code in OPERATIONS[operation](asker, names) if names else ():
                yield Attempt(principal, operation, name), code not in NO_RIGHT


def try_forbidden(
    rights: Mapping[str, frozenset[Right]], access_of: Callable[[str], Access], most: int | None = None
) -> Tried:
    """Have everybody, or the first and last ``most``, try everything that nobody has given them.

    Raises what the library raises.
    """
    users = list(rights)
    chosen = users if most is None or len(users) <= most else [*users[: most - most // 2], *users[-(most // 2) :]]
    tried = [
        found
        for principal in chosen
        for found in attempts(principal, access_of(principal), forbidden(principal, rights))
    ]
    return Tried(len(tried), tuple(sorted(attempt for attempt, allowed in tried if allowed)))


def try_installation(installation: Installation, most: int | None = None) -> Tried:
    """The same by the users of an installation; raises Misconfigured when a password is not here."""
    rights = {user: account.rights for user, account in plan_of(installation).accounts.items()}
    return try_forbidden(rights, lambda user: access_of(installation, user.removeprefix(installation.prefix)), most)
