"""What the cluster must have for an installation. It changes with what the plan is made of."""

from interfocal.installation.access import password_file
from interfocal.installation.installation import Installation, replicas
from interfocal.provisioning.drift import Account, Plan
from schemas.directory import Directory
from schemas.rights import prefixed, quotas_of, rights_of
from schemas.topics import planned_topics


def plan_of(installation: Installation, directory: Directory | None = None) -> Plan:
    """What the cluster must have for this installation, by the directory in force or by one about to be."""
    owners = (directory or installation.directory).owners()
    topics = planned_topics(owners, replicas(installation.settings.kafka.replication, installation.bootstrap))
    prefix, rights = installation.prefix, rights_of(topics)
    accounts = {prefix + name: Account(prefixed(prefix, given), quotas_of(name)) for name, given in rights.items()}
    without = frozenset(prefix + name for name in rights if not password_file(installation.places, name).exists())
    return Plan(topics, prefix, accounts, without)
