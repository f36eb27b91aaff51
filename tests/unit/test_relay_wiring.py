"""What surrounds a relay never ends its process, and leaves nothing behind."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from interfocal.metrics import Metrics
from interfocal.wiring.relays import Sending, show_backlogs
from schemas.errors import ExchangeError, Stop, StoreAway
from schemas.record import Backlog
from twins import TwinOutbox


@dataclass
class Silent(TwinOutbox):
    """An outbox that does not say what it holds."""

    error: ExchangeError

    def backlog(self) -> Backlog:
        raise self.error


def test_an_outbox_that_does_not_answer_hides_no_other_backlog() -> None:
    metrics = Metrics(CollectorRegistry())
    away = Sending("aa", Silent(StoreAway("the database restarts")), ())
    damaged = Sending("bb", Silent(Stop("the file is damaged")), ())
    show_backlogs([away, damaged, Sending("cc", TwinOutbox(), ())], metrics)
    assert metrics.registry.get_sample_value("interfocal_outbox_rows", {"member": "CC"}) == 0
