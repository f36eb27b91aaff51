"""Shows what the region and the desks do, as it is folded. It changes with what is worth seeing.

It reads databases only: what it shows has happened.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

import psycopg

from interfocal.demo.screen import Screen
from interfocal.installation.installation import Installation

POLL_S = 0.15

DECISIONS = """
    select event.log_offset, decision.kind, decision.trace_id, decision.requester, decision.hop, decision.body
    from decision join event on event.event_id = decision.event_id and event.topic = 'region.decision'
    where event.log_offset > %s order by event.log_offset
"""
QUARANTINED = "select id, topic, reason from quarantine where id > %s order by id"


@dataclass(slots=True)
class Watch:
    """Follows the regional database until it is stopped."""

    installation: Installation
    screen: Screen
    stop: threading.Event = field(default_factory=threading.Event)
    decision: int = -1
    quarantined: int = 0
    first_route_s: float | None = None

    def run(self) -> None:
        """Poll and print; a database that does not answer is asked again."""
        while not self.stop.wait(POLL_S):
            try:
                with psycopg.connect(self.installation.region_url) as region:
                    self._look(region)
            except psycopg.OperationalError:
                continue

    def _look(self, region: psycopg.Connection) -> None:
        for offset, kind, trace, requester, hop, body in region.execute(DECISIONS, [self.decision]).fetchall():
            self.decision = offset
            self._show(kind, f"trace {str(trace)[:8]} of {requester}, hop {hop}", requester, body)
        for number, topic, reason in region.execute(QUARANTINED, [self.quarantined]).fetchall():
            self.quarantined = number
            self.screen.say("quarantine", f"a record on {topic}: {reason}")

    def _show(self, kind: str, about: str, requester: str, body: dict[str, Any]) -> None:
        if kind == "routing":
            routing = body["routing"]
            to, rule = routing["accountable"], routing["rule"]
            if to:
                self._first()
                via = f" by {routing['via']}" if routing.get("via") else ""
                self.screen.say("routed", f"{about} → {to}{via} (rule {rule})", [requester, to])
            else:
                self.screen.say("routed", f"{about} → the duty officer (rule {rule})", [requester])
        elif kind == "handed_over":
            part = body["handed_over"]
            text = f"{about} → handed over to {part['system']} by the bureau of {part['bureau_of']} ({part['place']})"
            self.screen.say("routed", text, [requester])
        elif kind == "delivery":
            for delivery in body["deliveries"]:
                self.screen.say("inbox", f"{about}: an act for {delivery['inbox']}", [delivery["inbox"]])

    def _first(self) -> None:
        if self.first_route_s is None:
            self.first_route_s = self.screen.seconds()
