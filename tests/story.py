"""A short story that takes every step of the path: seizures, a missing firearm, a request, its acknowledgement.

Whoever tells it goes on when a process is killed: what was not taken is submitted again until it is.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg

from interfocal.desk.acts import DeskActs
from interfocal.member.intake import accepted_id, intake_of
from producers.intake.result import Result
from producers.ways_in.python_call import Stream
from running import LIMIT_S, PAUSE_S, Exchange, until
from schemas.errors import StoreAway

ASKER, ASKED = "AA", "BB"
SEALED = {"case_details": "It lay under the seat."}
T = TypeVar("T")


def a_firearm(number: str, make: str = "Zastava") -> dict[str, Any]:
    """A pistol with a number."""
    marks = {"make": make, "numbers": [{"place": "frame", "as_read": number, "state": "legible"}]}
    return {"weapon_class": "pistol", "marks": marks}


def a_seizure(name: str, number: str) -> dict[str, Any]:
    """The harmonised record of one pistol that was seized."""
    item = {"item_key": "1", "kind": "firearm", "quantity": 1, "firearm": a_firearm(number)}
    return {"national_id": name, "own_reference": name, "handling": {"codes": ["H0"]}, "items": [item]}


def a_missing(name: str, number: str) -> dict[str, Any]:
    """The harmonised record of one pistol that was stolen."""
    about = {"national_id": name, "own_reference": name, "handling": {"codes": ["H0"]}}
    return {**about, "type": "stolen", "state": "open", **a_firearm(number)}


def a_request(name: str, firearm: Mapping[str, Any], named: str | None = None) -> dict[str, Any]:
    """The harmonised request for a firearm; ``named`` is whom it says to ask."""
    return {
        "national_id": name,
        "own_reference": name,
        "handling": {"codes": ["H0"]},
        "act": "request",
        "request": {
            **firearm,
            "priority": "routine",
            "illicit_ground": "not_recorded",
            "intended_use": "criminal_investigation",
            "domestic_trace": "no_record",
            "named": {"member": named, "evidence": "dealer_record"} if named else None,
        },
    }


def submit(exchange: Exchange, member: str, stream: Stream, *records: Mapping[str, Any]) -> Sequence[Result]:
    """A bulk through a member's intake; one result each. Raises StoreAway when the intake is."""
    with intake_of(exchange.installation.var, member) as intake:
        return intake.submit(stream, records)


def taken(attempt: Callable[[], T]) -> T:
    """What the attempt answers as soon as it is taken, as a national system would try."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            return attempt()
        except StoreAway:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def check_flow(exchange: Exchange) -> None:
    """Both members' next records are taken and folded."""
    name = f"NEXT-{secrets.token_hex(6)}"
    events = [
        *submit(exchange, ASKER, "seizure", a_seizure(name, f"{name}-N")),
        *submit(exchange, ASKED, "missing", a_missing(name, f"{name}-M")),
    ]
    ids = [result.event_id for result in events]
    folded = "select count(*) from event where event_id = any(%s) having count(*) = 2"
    until(lambda: exchange.region(folded, ids), "both members' next events to be folded")


@dataclass(slots=True)
class Story:
    """One story; ``tag`` tells it from others. ``events`` are those that intakes said they have accepted."""

    exchange: Exchange
    tag: str
    events: list[str] = field(default_factory=list)
    request: str = ""
    trace_id: str = ""

    def play(self) -> "Story":
        """All of it, to the acknowledgement in the asker's inbox."""
        self.seize()
        self.keep(taken(lambda: submit(self.exchange, ASKED, "missing", a_missing(f"M-{self.tag}", f"M{self.tag}"))))
        self.ask()
        self.wait_for(ASKED, self.request, "accountable")
        self.revise()
        acknowledged = self.keep([taken(self.acknowledge)])[0]
        self.wait_for(ASKER, acknowledged, "party")
        return self

    def seize(self) -> None:
        """Three seizures in one bulk."""
        names = [f"S-{self.tag}-{place}" for place in range(3)]
        records = [a_seizure(name, f"{name}-N") for name in names]
        self.keep(taken(lambda: submit(self.exchange, ASKER, "seizure", *records)))

    def ask(self) -> None:
        """A request that names the other member, with a sealed part."""
        record = {**a_request(f"T-{self.tag}", a_firearm(f"T{self.tag}"), ASKED), "sealed_part": SEALED}
        result = taken(lambda: DeskActs(self.exchange.installation, ASKER).open(record))
        self.request, self.trace_id = self.keep([result])[0], str(result.trace_id)

    def revise(self) -> None:
        """A second revision of the first seizure."""
        record = a_seizure(f"S-{self.tag}-0", f"S-{self.tag}-0-RESTORED")
        results = taken(lambda: submit(self.exchange, ASKER, "seizure", record))
        assert [result.revision for result in results] == [2]
        self.keep(results)

    def acknowledge(self) -> Result:
        """The asked member has the request."""
        desk = DeskActs(self.exchange.installation, ASKED)
        return desk.act(self.trace_id, "acknowledgement", {}, reference=f"A-{self.tag}")

    def keep(self, results: Sequence[Result]) -> list[str]:
        """Note what was accepted, now or at an attempt whose answer was lost."""
        ids = [accepted_id(result) for result in results]
        self.events += ids
        return ids

    def wait_for(self, member: str, event: str, purpose: str) -> None:
        """Until a member's inbox holds an event."""
        until(lambda: self.deliveries(member, event, purpose), f"{purpose} delivery in the inbox of {member}")

    def deliveries(self, member: str, event: str, purpose: str) -> list[tuple[Any, ...]]:
        """The inbox rows of an event."""
        query = "select event_id, rule from inbox where of_event = %s and purpose = %s"
        try:
            return self.exchange.desk(member, query, event, purpose)
        except psycopg.OperationalError:
            return []
