"""The steps of the worked example in which something is sealed, opened and erased. It changes with those steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consumers.desk.sealed import erased_grants, opened_parts
from consumers.tracing.trace import TraceKey
from interfocal.demo.canaries import Canaries
from interfocal.demo.screen import Screen
from interfocal.demo.waiting import wait
from interfocal.desk.acts import DeskActs, How
from interfocal.desk.erasing import erase, grants_by_hop
from interfocal.installation.installation import Installation
from interfocal.installation.opening import opener_of
from interfocal.member.intake import accepted_id


@dataclass(frozen=True, slots=True)
class SealedSteps:
    """Sealed parts of one trace, and who is told. Raises Stop when a step does not happen in time."""

    installation: Installation
    canaries: Canaries
    screen: Screen

    def opens(self, code: str, key: TraceKey, act: str) -> None:
        """Wait until a member's desk opens the sealed part of an act, and finds the canary in it."""
        desk, opener = DeskActs(self.installation, code), opener_of(self.installation, code)

        def found() -> bool | None:
            parts = desk.read(lambda connection: opened_parts(connection, opener, key))
            texts = [one.part.case_details or "" for one in parts if one.act == act and one.part]
            return True if any(self.canaries.mark in text for text in texts) else None

        wait(found, f"the key to the sealed part of the {act} at the desk of {code}")
        self.screen.say("inbox", f"{code} opens the sealed part of the {act}", [code])

    def answer(self, code: str, key: TraceKey, said: Mapping[str, Any]) -> None:
        """A member answers, with a sealed part for the asker."""
        part = {name: value for name, value in said.items() if name != "sealed_part"}
        how = How(sealed_part=self.canaries.plant(said["sealed_part"]))
        accepted_id(DeskActs(self.installation, code).say(key.trace_id, "answer", part, how))
        self.screen.say("accepted", f"{code} answers: {part['result']}", [code])
        self.opens(key.requester, key, "answer")

    def erase(self, code: str, key: TraceKey, hop: int) -> None:
        """The asker takes the key of one hop back; its addressee deletes it."""
        asker = DeskActs(self.installation, key.requester)
        grants = grants_by_hop(asker, asker.find(key.trace_id), hop, own=False)[hop]
        for result in erase(asker, key.trace_id, hop, own=False):
            accepted_id(result)
        desk = DeskActs(self.installation, code)
        wait(
            lambda: desk.read(lambda connection: erased_grants(connection, grants)) or None,
            f"the erasure at the desk of {code}",
        )
        self.screen.say("accepted", f"{key.requester} erases the key of hop {hop}; {code} has deleted it", [code])
