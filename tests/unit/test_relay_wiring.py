"""What surrounds a relay never ends its process, and leaves nothing behind."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry

from interfocal.process.metrics import Metrics
from interfocal.wiring.relays import Sending, show_backlogs, warmed
from producers.publisher import KafkaPublisher
from schemas.errors import BrokerAway, ExchangeError, Stop, StoreAway
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


class Cold(KafkaPublisher):
    """A client that connected, and then hears nothing of its topics."""

    def __init__(self) -> None:
        self.closed = False

    def warm(self, topics: Iterable[str]) -> None:
        raise BrokerAway(f"nothing about {topics}")

    def close(self) -> None:
        self.closed = True


def test_a_client_that_cannot_be_warmed_is_not_left_open() -> None:
    cold = Cold()
    with pytest.raises(BrokerAway):
        warmed(cold, ["rs.seizure"])
    assert cold.closed
