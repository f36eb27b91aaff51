"""Watches the clocks of members, as their heartbeats show them. It changes with how a clock shows that it is off."""

from dataclasses import dataclass, field

from consumers.heads.heartbeats import CLOCK_TOLERANCE_S, clock_skew_s
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from schemas.topics import owner_of


@dataclass(slots=True)
class Clocks:
    """Of one loop. A topic of heartbeats -> by how much (s) the last one showed its member's clock to be off.

    ``skewed`` are the topics of members whose clock is off.
    """

    metrics: Metrics
    offsets_s: dict[str, float] = field(default_factory=dict)
    skewed: set[str] = field(default_factory=set)

    def heard(self, topic: str, offset_s: float) -> None:
        """A heartbeat came: a clock is off when two in a row show it, and that is told once."""
        earlier_s = self.offsets_s.get(topic)
        self.offsets_s[topic] = offset_s
        if earlier_s is None:
            return
        skew_s = clock_skew_s(offset_s, earlier_s)
        member = owner_of(topic).upper()
        self.metrics.loop.clock_skew.labels(member).set(skew_s)
        if abs(skew_s) > CLOCK_TOLERANCE_S and topic not in self.skewed:
            self.skewed.add(topic)
            log().warning("clock_skew", member=member, ahead_s=round(skew_s))
        elif abs(skew_s) <= CLOCK_TOLERANCE_S and topic in self.skewed:
            self.skewed.discard(topic)
            log().info("clock_right", member=member)
