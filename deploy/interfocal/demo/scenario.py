"""Plays the region's worked example through real intakes, desks and router. It changes with the example's steps.

Each step waits until the step before it can be seen where its actor would see it; nothing is assumed.
"""

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from consumers.tracing.trace import TraceKey
from interfocal.demo.canaries import Canaries
from interfocal.demo.screen import Screen
from interfocal.demo.sealed_steps import SealedSteps
from interfocal.demo.waiting import wait
from interfocal.desk.acts import DeskActs
from interfocal.installation.installation import Installation
from interfocal.member.intake import accepted_id, intake_of
from producers.intake.result import Result
from producers.ways_in.python_call import Stream
from schemas.marks.keys import match_keys

SCENARIO_FILE = "scenario.toml"


def read_scenario(region: Path) -> Mapping[str, Any] | None:
    """The region's example; None when it has none."""
    file = region / SCENARIO_FILE
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The example, its installation, and who is told. Raises Stop when a step does not happen in time."""

    installation: Installation
    script: Mapping[str, Any]
    screen: Screen
    canaries: Canaries

    @property
    def sealed(self) -> SealedSteps:
        """What is sealed, opened and erased."""
        return SealedSteps(self.installation, self.canaries, self.screen)

    @property
    def asker(self) -> str:
        """The member that seizes and asks."""
        return str(self.script["seizure"]["member"])

    def play(self) -> None:
        """All steps, in order."""
        self.seize()
        trace_id = self.ask("request")
        key = TraceKey(self.asker, trace_id)
        first = self.accountable(trace_id, 1)
        self.sealed.opens(first, key, "request")
        self.refer(first, trace_id)
        second = self.accountable(trace_id, 2)
        self.sealed.opens(second, key, "request")
        self.delay(second, trace_id)
        self.restore()
        self.sealed.answer(second, key, self.script["answer"])
        self.sealed.erase(first, key, 1)
        self.hand_over()

    def seize(self) -> None:
        """Step 1: the seizure; step 2: what was read, and the keys derived from it."""
        record = self.script["seizure"]["record"]
        result = submit(self.installation, self.asker, "seizure", record)
        self.screen.say("accepted", f"{self.asker}: seizure {record['own_reference']} as revision {result.revision}")
        for item in record["items"]:
            marks = item.get("firearm", {}).get("marks", {})
            for number in marks.get("numbers", []):
                keys = match_keys(number["as_read"])
                told = f"{marks['make']} {marks['model']}, read {number['as_read']!r} ({number['state']})"
                self.screen.say("note", f"{told}; visual key {keys.visual}, spoken key {keys.spoken}")

    def ask(self, part: str) -> str:
        """Step 4: the asker opens a trace for one item; returns its id."""
        wanted = self.script[part]
        item = self.script["seizure"]["record"]["items"][wanted["item"]]
        record = {
            "national_id": wanted["national_id"],
            "own_reference": wanted["national_id"],
            "act": "request",
            "handling": self.script["seizure"]["record"]["handling"],
            "request": {**wanted["record"], "marks": item["firearm"]["marks"]},
            "sealed_part": self.canaries.plant(wanted["sealed_part"]),
        }
        result = DeskActs(self.installation, self.asker).open(record)
        accepted_id(result)
        self.screen.say("accepted", f"{self.asker} asks: trace {str(result.trace_id)[:8]}", [self.asker])
        return str(result.trace_id)

    def accountable(self, trace_id: str, hop: int) -> str:
        """Wait until a hop's accountable member has the request in its own inbox; returns its code."""

        def found() -> str | None:
            query = "select accountable from trace_hop where trace_id = %s and hop = %s"
            row = one(self.installation.region_url, query, (trace_id, hop))
            if row is None or row[0] is None:
                return None
            code = str(row[0])
            inbox = "select 1 from inbox where trace_id = %s and hop = %s and purpose = 'accountable'"
            return code if one(self.installation.desk_url(code), inbox, (trace_id, hop)) else None

        code = wait(found, f"the request of hop {hop} in an inbox")
        self.screen.say("inbox", f"{code} has the request of trace {trace_id[:8]}, hop {hop}", [code])
        return code

    def refer(self, code: str, trace_id: str) -> None:
        """Step 4: the maker's member acknowledges, and refers to where its factory book says."""
        desk = DeskActs(self.installation, code)
        accepted_id(desk.act(trace_id, "acknowledgement", {}))
        accepted_id(desk.act(trace_id, "referral", self.script["referral"]))
        following = self.script["referral"]["next_member"]
        self.screen.say("accepted", f"{code} acknowledges, and refers to {following}", [code, following])

    def delay(self, code: str, trace_id: str) -> None:
        """Step 5: the next member delays, with its reason."""
        delay = self.script["delay"]
        accepted_id(DeskActs(self.installation, code).act(trace_id, "delay", delay))
        self.screen.say("accepted", f"{code} delays: {delay['reason']}, until {delay['until'][:10]}", [code])

    def restore(self) -> None:
        """Step 5: the laboratory restores a sign, and the seizure is revised."""
        restored = self.script["restored"]
        record = deepcopy(self.script["seizure"]["record"])
        number = record["items"][restored["item"]]["firearm"]["marks"]["numbers"][0]
        number.update(as_read=restored["as_read"], state=restored["state"])
        result = submit(self.installation, self.asker, "seizure", record)
        told = f"seizure {record['own_reference']} as revision {result.revision}: {restored['as_read']!r} restored"
        self.screen.say("accepted", f"{self.asker}: {told}", [self.asker])

    def hand_over(self) -> None:
        """Step 7: what was made outside is handed over, and its clock keeps running."""
        trace_id = self.ask("outside")
        query = "select 1 from trace where trace_id = %s and state = 'handed_over'"
        wait(lambda: one(self.installation.region_url, query, (trace_id,)), "the handing over")


def submit(installation: Installation, member: str, stream: Stream, record: Mapping[str, Any]) -> Result:
    """One record through a member's own intake; raises Rejected when it is not accepted."""
    with intake_of(installation.var, member) as exchange:
        (result,) = exchange.submit(stream, [json.loads(json.dumps(record, default=str))])
    accepted_id(result)
    return result


def one(url: str, query: str, parameters: tuple[object, ...]) -> tuple[Any, ...] | None:
    """The first row of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), parameters).fetchone()
