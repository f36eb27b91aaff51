"""In how many things the cluster is not as planned, looked at now and then. It changes with how that is shown."""

import threading
from collections.abc import Sequence

from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.installation.planning import plan_of
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.service import Worker
from interfocal.provisioning.cluster import opened
from interfocal.provisioning.drift import Drift, drift_of
from schemas.errors import Misconfigured, Temporary

EVERY_S = 60.0


def differences(installation: Installation) -> Sequence[Drift]:
    """Where plan and cluster differ now; raises BrokerAway, Misconfigured where the administrator's password is not."""
    plan = plan_of(installation)
    with opened(admin_access_of(installation)) as cluster:
        return drift_of(plan, cluster.found(plan))


def drift_worker(installation: Installation, metrics: Metrics) -> Worker:
    """Compares once a minute; while the cluster is away, the last figure stays.

    Where only somebody else may provision, there is no figure: `interfocal provision plan` tells it there.
    """

    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                metrics.process.drift.set(len(differences(installation)))
            except Temporary as error:
                log().warning("drift_waits", code=error.code, reason=str(error))
            except Misconfigured as error:
                log().info("drift_not_watched", reason=str(error))
                stop.wait()
            stop.wait(EVERY_S)

    return Worker("drift", run)
