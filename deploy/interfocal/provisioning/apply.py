"""Brings the cluster nearer to the plan, as far as that is safe without a person. It changes with what can be mended.

Topics are made and settings altered. Nothing is ever deleted, and neither partitions nor replicas are changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from interfocal.provisioning.cluster import Cluster, opened
from interfocal.provisioning.drift import Drift, Plan, drift_of
from schemas.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Applied:
    """Names of topics that were made, settings that were altered, and the differences that wait for a person."""

    made: tuple[str, ...]
    altered: tuple[Drift, ...]
    left: tuple[Drift, ...]


def provision(bootstrap: str, plan: Plan) -> Applied:
    """Apply a plan before processes start on it. Safe to call again, also from two processes at once.

    Raises:
        Misconfigured: the cluster refuses a topic or a setting, or a topic has partitions on which no chain can be.
        BrokerAway: no broker answers.
    """
    with opened(bootstrap) as cluster:
        applied = apply(cluster, plan)
    odd = next((drift for drift in applied.left if drift.code == "partitions_differ"), None)
    if odd is not None:
        raise Misconfigured(f"The topic {odd.where} has {odd.found} partitions: {odd.person}.")
    return applied


def apply(cluster: Cluster, plan: Plan) -> Applied:
    """Mend what can be mended; raises Misconfigured when the cluster refuses a topic or a setting."""
    drifts = drift_of(plan, cluster.found(plan))
    mended = [drift for drift in drifts if not drift.person]
    topics = plan.named()
    made = cluster.make({drift.where: topics[drift.where] for drift in mended if drift.code == "topic_missing"})
    altered = tuple(drift for drift in mended if drift.code == "config_differs")
    cluster.set_config(_settings(altered))
    return Applied(made, altered, tuple(drift for drift in drifts if drift.person))


def _settings(altered: Sequence[Drift]) -> dict[str, dict[str, str]]:
    settings: dict[str, dict[str, str]] = {}
    for drift in altered:
        settings.setdefault(drift.where, {})[drift.what] = drift.planned
    return settings
