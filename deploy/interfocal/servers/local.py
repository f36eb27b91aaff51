"""Where the servers of the local stack are, as it has written down. It changes with what is known of them.

Every process and command asks this; only those that start or stop servers import ``interfocal.stack``, which is large.
"""

from dataclasses import dataclass
from pathlib import Path

from interfocal.servers.state import KAFKA, POSTGRES, StateFile
from interfocal.transport.local import ADMIN, LocalTrust
from interfocal.transport.signing_in import access_as
from schemas.access import Access
from schemas.errors import BrokerAway, StoreAway


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: ``host:port`` of every broker, the URL of the maintenance database, by whom it is believed."""

    bootstrap: str
    postgres_url: str
    trust: LocalTrust

    @property
    def access(self) -> Access:
        """The administrator's, who may do everything; raises Misconfigured when his password is not here."""
        return access_as(self.bootstrap, ADMIN, self.trust.admin_password(), self.trust.authority)


def current(var: Path) -> Stack:
    """The addresses of the stack that is up under ``var``: those of all brokers as soon as one of them runs.

    Raises:
        BrokerAway, StoreAway: that server is not up.
    """
    var = var.resolve()
    services = StateFile.under(var).services()
    brokers = [service for name, service in sorted(services.items()) if name.startswith(KAFKA)]
    if not any(service.up for service in brokers):
        raise BrokerAway(f"Apache Kafka is not up under {var}: run `interfocal up` first.")
    store = services.get(POSTGRES)
    if store is None or not store.up:
        raise StoreAway(f"PostgreSQL is not up under {var}: run `interfocal up` first.")
    return Stack(",".join(service.address for service in brokers), store.address, LocalTrust.under(var))


def written(var: Path) -> Stack:
    """The addresses that are written down, whether their servers run or not; empty for those that are not."""
    services = StateFile.under(var.resolve()).services()
    brokers = [service.address for name, service in sorted(services.items()) if name.startswith(KAFKA)]
    store = services.get(POSTGRES)
    return Stack(",".join(brokers), store.address if store else "", LocalTrust.under(var))
