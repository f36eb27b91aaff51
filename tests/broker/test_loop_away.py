"""A loop waits for a broker as long as it takes."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from threading import Event

from consumers.loop import LONGEST_PAUSE_S
from looping import bench
from schemas.errors import BrokerAway
from schemas.record import Record
from twins import TwinSource


class Away(TwinSource):
    """Nobody answers."""

    def poll(self, timeout_s: float, limit: int) -> Mapping[str, Sequence[Record]]:
        raise BrokerAway(f"nobody answered {limit} in {timeout_s} s")


class Patient(Event):
    """Waits no time, and is set after so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if len(self.waited) == self.left:
            self.set()
        return self.is_set()


def test_a_broker_that_is_away_for_days_is_waited_for(database: str) -> None:
    away = bench(database, ["rs.seizure"])
    stop = Patient(3_000)
    with closing(away.loop(source=Away(away.group))) as loop:
        loop.run(stop)
    assert len(away.notes.of("away")) == 3_000
    assert stop.waited[-1] == LONGEST_PAUSE_S
