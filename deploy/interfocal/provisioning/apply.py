"""Brings the cluster nearer to the plan, as far as that is safe without a person. It changes with what can be mended.

Topics are made and settings altered. Nothing is ever deleted, and neither partitions nor replicas are changed. Users
are made with their rights and quotas; a right that one of our users has beyond the plan is taken back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from interfocal.provisioning.accounts import Accounts
from interfocal.provisioning.cluster import Cluster, opened
from interfocal.provisioning.drift import Drift, Grant, Plan, accounts_drift, drift_of
from schemas.access import Access
from schemas.errors import Misconfigured

PasswordOf = Callable[[str], str]
ACCOUNT_PARTS = ("user", "right", "quota")


@dataclass(frozen=True, slots=True)
class Applied:
    """Names of topics that were made, whatever else was mended, and the differences that wait for a person."""

    made: tuple[str, ...]
    altered: tuple[Drift, ...]
    left: tuple[Drift, ...]


def no_password(user: str) -> str:
    """Where a plan has no users."""
    raise Misconfigured(f"{user} is planned, and nothing here keeps passwords.")


def provision(access: Access, plan: Plan, password_of: PasswordOf = no_password) -> Applied:
    """Apply a plan. Safe to call again, also from two processes at once.

    Raises:
        Misconfigured: the cluster refuses a topic or a setting.
        BrokerAway: no broker answers.
    """
    with opened(access) as cluster:
        return apply(cluster, plan, password_of)


def check_startable(applied: Applied) -> None:
    """Raise Misconfigured where no process may start: a topic has partitions on which no chain can be."""
    odd = next((drift for drift in applied.left if drift.code == "partitions_differ"), None)
    if odd is not None:
        raise Misconfigured(f"The topic {odd.where} has {odd.found} partitions: {odd.person}.")


def apply(cluster: Cluster, plan: Plan, password_of: PasswordOf = no_password) -> Applied:
    """Mend what can be mended; raises Misconfigured when the cluster refuses something.

    ``password_of`` gives a user's password, and keeps it before it is in force.
    """
    drifts = drift_of(plan, cluster.found(plan))
    mended = [drift for drift in drifts if not drift.person]
    topics = plan.named()
    made = cluster.make({drift.where: topics[drift.where] for drift in mended if drift.code == "topic_missing"})
    altered = tuple(drift for drift in mended if drift.code != "topic_missing")
    cluster.set_config(_settings([drift for drift in altered if drift.code == "config_differs"]))
    if any(drift.part in ACCOUNT_PARTS for drift in altered):
        _settle_accounts(cluster.accounts, plan, password_of)
    return Applied(made, altered, tuple(drift for drift in drifts if drift.person))


def _settle_accounts(accounts: Accounts, plan: Plan, password_of: PasswordOf) -> None:
    """First what is too much goes, then quotas and rights, then who has them may sign in."""
    found = accounts.found()
    planned = {Grant(user, right) for user, account in plan.accounts.items() for right in account.rights}
    accounts.take_back([grant for grant in found.grants - planned if grant.user in plan.accounts])
    accounts.limit({user: account.quotas for user, account in plan.accounts.items()})
    accounts.give(sorted(planned - found.grants))
    signing_in = (plan.accounts.keys() - found.users) | plan.without_password
    accounts.set_passwords({user: password_of(user) for user in sorted(signing_in)})
    settled = replace(plan, without_password=frozenset())
    accounts.wait_until(lambda now: not [drift for drift in accounts_drift(settled, now) if not drift.person])


def _settings(altered: Sequence[Drift]) -> dict[str, dict[str, str]]:
    settings: dict[str, dict[str, str]] = {}
    for drift in altered:
        settings.setdefault(drift.where, {})[drift.what] = drift.planned
    return settings
